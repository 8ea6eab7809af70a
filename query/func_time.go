package query

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// timeFunctions are the functions of timestamps. Days, weeks and months are
// those of a zone: that of the argument behind, of AT TIME ZONE, or of the
// query.
func timeFunctions() map[string]function {
	return map[string]function{
		"now": {0, 0, func(b *typer, _ *call, _ []*expr) *expr {
			return constExpr(typeTime, intValue(typeTime, b.now))
		}},
		"time_bucket": {2, 3, bindTimeBucket},
		"date_trunc": {2, 3, func(b *typer, n *call, args []*expr) *expr {
			unit := b.unit(args[0], n, dateUnits)
			x, zone := b.zoned(n, args)
			return b.buckets("date_trunc", x, dateBuckets(unit, zone), zone).with(textExpr(unit))
		}},
		"date_part": {2, 3, func(b *typer, n *call, args []*expr) *expr {
			unit := b.unit(args[0], n, dateParts)
			x, zone := b.zoned(n, args)
			return callExpr("date_part", typeInt, perRow(typeInt, func(_ *eval, a []value) value {
				return intValue(typeInt, datePart(unit, time.Unix(0, a[0].n).In(zone)))
			}), x).with(textExpr(unit))
		}},
		"to_unix": {1, 1, func(b *typer, n *call, args []*expr) *expr {
			x := b.timestamp(args[0], n.args[0], n.name)
			return callExpr("to_unix", typeInt, perRow(typeInt, func(_ *eval, a []value) value {
				return intValue(typeInt, floorDiv(a[0].n, 1e9))
			}), x)
		}},
		"from_unix": {1, 1, func(b *typer, n *call, args []*expr) *expr {
			x := b.number(args[0], n.args[0], n.name)
			if x.typ != typeInt && x.typ != typeFloat && x.typ != typeNull {
				return b.integer(x, n.args[0], n.name) // which says what it needs
			}
			return callExpr("from_unix", typeTime, perRow(typeTime, func(_ *eval, a []value) value {
				if ns, ok := unixNanos(a[0]); ok {
					return intValue(typeTime, ns)
				}
				return value{}
			}), x)
		}},
	}
}

// unixNanos returns seconds as nanoseconds. The parts of a float are taken apart
// first: times a thousand million it would have no room for them.
func unixNanos(seconds value) (ns int64, ok bool) {
	if seconds.t != typeFloat {
		return mulInt(seconds.n, 1e9)
	}
	whole, part := math.Modf(seconds.float())
	if !(math.Abs(whole) < 1<<62) { // NaN as well
		return 0, false
	}
	if ns, ok = mulInt(int64(whole), 1e9); !ok {
		return 0, false
	}
	return addInt(ns, int64(math.Round(part*1e9)))
}

// zoned binds the second argument of a function, a timestamp, and its third, a
// zone.
func (b *typer) zoned(n *call, args []*expr) (*expr, *time.Location) {
	if len(args) < 3 {
		x := b.timestamp(args[1], n.args[1], n.name)
		return x, b.zoneOf(x)
	}
	outer := b.zone
	zone := b.loadZone(args[2], n.args[2])
	b.zone = zone // for text without an offset
	x := b.timestamp(args[1], n.args[1], n.name)
	b.zone = outer
	return x, zone
}

// timestamp gives x the type timestamp; a constant string is parsed.
func (b *typer) timestamp(x *expr, n syntaxPiece, what string) *expr {
	switch {
	case x.typ == typeTime:
		return x
	case x.typ == typeNull:
		return constExpr(typeTime, value{})
	case x.typ == typeStr && x.isConst():
		v, msg := constantAs(x.val, typeTime, b.zone)
		if msg != "" {
			return b.fail(n.at(), "%s", msg)
		}
		return constExpr(typeTime, v)
	case x.loose:
		return b.narrowTo(x, typeTime, n)
	}
	return b.fail(n.at(), "%s needs a timestamp, %s is of type %s", what, clip(n.String()), typeName(x.typ))
}

// unit reads the name of a calendar unit.
func (b *typer) unit(x *expr, n *call, known []string) string {
	if x.isConst() && x.typ == typeStr {
		for _, u := range known {
			if strings.EqualFold(x.val.s, u) {
				return u
			}
		}
	}
	b.fail(n.args[0].at(), "%s needs one of '%s'", n.name, strings.Join(known, "', '"))
	return known[0]
}

func bindTimeBucket(b *typer, n *call, args []*expr) *expr {
	w := args[0]
	if w.isConst() && w.typ == typeStr {
		if v, msg := constantAs(w.val, typeDur, b.zone); msg == "" {
			w = constExpr(typeDur, v)
		}
	}
	x, zone := b.zoned(n, args)
	if i := w.interval; i != nil && i.months > 0 && i.days == 0 && i.ns == 0 {
		e := b.buckets("time_bucket", x, monthBuckets(i.months, zone), zone).with(textExpr(fmt.Sprintf("%d months", i.months)))
		e.bucket = -1
		return e
	}
	if !w.isConst() || w.typ != typeDur || w.val.n <= 0 {
		return b.fail(n.args[0].at(), "time_bucket needs a constant duration above 0, such as 1m, or an interval of months")
	}
	e := b.buckets("time_bucket", x, fixedBuckets(w.val.n, zone), zone).with(w)
	if e.bucket = w.val.n; zone != time.UTC && w.val.n > int64(time.Hour) {
		e.bucket = -1
	}
	return e
}

// buckets is the expression of the beginning of the bucket that x is in.
func (b *typer) buckets(name string, x *expr, f bucketOf, zone *time.Location) *expr {
	e := callExpr(name, typeTime, strict(typeTime, func(ev *eval, a []*vec, out *vec) {
		// Neighboring rows mostly fall into the same bucket.
		lo, hi := int64(1), int64(0)
		for i := range ev.n {
			t := a[0].ints[a[0].ix(i)]
			if t < lo || t > hi {
				var ok bool
				if lo, hi, ok = f(t); !ok {
					lo, hi = 1, 0
					out.setNull(i)
					continue
				}
			}
			out.ints[i] = lo
		}
	}), x)
	e.zone = zone
	return e
}

var (
	dateUnits = []string{"second", "minute", "hour", "day", "week", "month", "quarter", "year"}
	dateParts = []string{"second", "minute", "hour", "day", "dow", "doy", "week", "month", "quarter", "year"}
)

// dateBuckets are the calendar's units. Weeks begin on Monday.
func dateBuckets(unit string, zone *time.Location) bucketOf {
	switch unit {
	case "second":
		return shortBuckets(time.Second, zone)
	case "minute":
		return shortBuckets(time.Minute, zone)
	case "hour":
		return shortBuckets(time.Hour, zone)
	case "month":
		return monthBuckets(1, zone)
	case "quarter":
		return monthBuckets(3, zone)
	case "year":
		return monthBuckets(12, zone)
	}
	return func(ns int64) (lo, hi int64, ok bool) {
		t := time.Unix(0, ns).In(zone)
		y, m, d := t.Date()
		days := 1
		if unit == "week" {
			d -= (int(t.Weekday()) + 6) % 7
			days = 7
		}
		start, ok := wallOf(time.Date(y, m, d, 0, 0, 0, 0, time.UTC))
		if !ok {
			return 0, 0, false
		}
		next, ok := wallOf(time.Date(y, m, d+days, 0, 0, 0, 0, time.UTC))
		return wallRange(ns, start, next, ok, zone)
	}
}

func shortBuckets(width time.Duration, zone *time.Location) bucketOf {
	return fixedBuckets(int64(width), zone)
}

func datePart(unit string, t time.Time) int64 {
	switch unit {
	case "second":
		return int64(t.Second())
	case "minute":
		return int64(t.Minute())
	case "hour":
		return int64(t.Hour())
	case "day":
		return int64(t.Day())
	case "dow":
		return int64(t.Weekday())
	case "doy":
		return int64(t.YearDay())
	case "week":
		_, w := t.ISOWeek()
		return int64(w)
	case "month":
		return int64(t.Month())
	case "quarter":
		return int64(t.Month()-1)/3 + 1
	}
	return int64(t.Year())
}
