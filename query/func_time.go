package query

import (
	"math"
	"strings"
	"time"
)

// timeFunctions are the functions of timestamps. Days, weeks and months are
// those of UTC.
func timeFunctions() map[string]function {
	part := func(b *binder, n *callNode, args []*expr) *expr {
		unit := b.unit(args[0], n, dateParts)
		x := b.timestamp(args[1], n.args[1], n.name)
		return callExpr(typeInt, perRow(typeInt, func(_ *eval, a []value) value {
			return intValue(typeInt, datePart(unit, time.Unix(0, a[0].n).UTC()))
		}), x)
	}
	return map[string]function{
		"now": {0, 0, func(b *binder, _ *callNode, _ []*expr) *expr {
			return constExpr(typeTime, intValue(typeTime, b.now))
		}},
		"time_bucket": {2, 2, bindTimeBucket},
		"date_trunc": {2, 2, func(b *binder, n *callNode, args []*expr) *expr {
			unit := b.unit(args[0], n, dateUnits)
			x := b.timestamp(args[1], n.args[1], n.name)
			return callExpr(typeTime, perRow(typeTime, func(_ *eval, a []value) value {
				t := time.Unix(0, a[0].n).UTC()
				// In 1677 a unit may begin before the first timestamp there is.
				if ns := dateTrunc(unit, t).UnixNano(); ns <= a[0].n {
					return intValue(typeTime, ns)
				}
				return value{}
			}), x)
		}},
		"date_part": {2, 2, part},
		"to_unix": {1, 1, func(b *binder, n *callNode, args []*expr) *expr {
			x := b.timestamp(args[0], n.args[0], n.name)
			return callExpr(typeInt, perRow(typeInt, func(_ *eval, a []value) value {
				return intValue(typeInt, floorDiv(a[0].n, 1e9))
			}), x)
		}},
		"from_unix": {1, 1, func(b *binder, n *callNode, args []*expr) *expr {
			x := b.number(args[0], n.args[0], n.name)
			if x.typ != typeInt && x.typ != typeFloat && x.typ != typeNull {
				return b.integer(x, n.args[0], n.name) // which says what it needs
			}
			return callExpr(typeTime, perRow(typeTime, func(_ *eval, a []value) value {
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

// timestamp gives x the type timestamp; a constant string is parsed.
func (b *binder) timestamp(x *expr, n node, what string) *expr {
	switch {
	case x.typ == typeTime:
		return x
	case x.typ == typeNull:
		return constExpr(typeTime, value{})
	case x.typ == typeStr && x.isConst():
		v, msg := constantAs(x.val, typeTime)
		if msg != "" {
			return b.fail(n.at(), "%s", msg)
		}
		return constExpr(typeTime, v)
	case x.loose:
		return b.narrowTo(x, typeTime, n)
	}
	return b.fail(n.at(), "%s needs a timestamp, %s is of type %s", what, clip(nodeString(n)), typeName(x.typ))
}

// unit reads the name of a calendar unit.
func (b *binder) unit(x *expr, n *callNode, known []string) string {
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

func bindTimeBucket(b *binder, n *callNode, args []*expr) *expr {
	w := args[0]
	if w.isConst() && w.typ == typeStr {
		if v, msg := constantAs(w.val, typeDur); msg == "" {
			w = constExpr(typeDur, v)
		}
	}
	if !w.isConst() || w.typ != typeDur || w.val.n <= 0 {
		return b.fail(n.args[0].at(), "time_bucket needs a constant duration above 0, such as 1m")
	}
	x := b.timestamp(args[1], n.args[1], n.name)
	width := w.val.n
	e := callExpr(typeTime, strict(typeTime, func(ev *eval, a []*vec, out *vec) {
		// Neighboring rows mostly fall into the same bucket.
		lo, hi := int64(1), int64(0)
		for i := range ev.n {
			t := a[0].ints[a[0].ix(i)]
			if t < lo || t > hi {
				start, ok := mulInt(floorDiv(t, width), width)
				if !ok {
					out.setNull(i)
					continue
				}
				lo = start
				if hi, ok = addInt(start, width-1); !ok {
					hi = t
				}
			}
			out.ints[i] = lo
		}
	}), x)
	e.bucket = width
	return e
}

// floorDiv divides rounding down, d > 0.
func floorDiv(n, d int64) int64 {
	q := n / d
	if n%d < 0 {
		q--
	}
	return q
}

var (
	dateUnits = []string{"second", "minute", "hour", "day", "week", "month", "quarter", "year"}
	dateParts = []string{"second", "minute", "hour", "day", "dow", "doy", "week", "month", "quarter", "year"}
)

// dateTrunc cuts t down to the unit. Weeks begin on Monday.
func dateTrunc(unit string, t time.Time) time.Time {
	y, m, d := t.Date()
	switch unit {
	case "second":
		return t.Truncate(time.Second)
	case "minute":
		return t.Truncate(time.Minute)
	case "hour":
		return t.Truncate(time.Hour)
	case "week":
		d -= (int(t.Weekday()) + 6) % 7
	case "month":
		d = 1
	case "quarter":
		m, d = (m-1)/3*3+1, 1
	case "year":
		m, d = 1, 1
	}
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
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
