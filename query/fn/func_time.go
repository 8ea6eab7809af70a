package fn

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/ttlog/ttlog/query/eval"
	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/types"
)

// timeFunctions are the functions of timestamps. Days, weeks and months are
// those of a zone: that of the argument behind, of AT TIME ZONE, or of the
// query.
func timeFunctions() map[string]Function {
	return map[string]Function{
		"now": {0, 0, func(b *Typer, _ *Call, _ []*plan.Expr) *plan.Expr {
			return plan.Const(types.Time, types.NewInt(types.Time, b.Now))
		}},
		"time_bucket": {2, 3, bindTimeBucket},
		"date_trunc": {2, 3, func(b *Typer, n *Call, args []*plan.Expr) *plan.Expr {
			unit := b.unit(args[0], n, dateUnits)
			x, zone := b.zoned(n, args)
			return b.buckets("date_trunc", x, types.DateBuckets(unit, zone), zone).With(plan.ConstString(unit))
		}},
		"date_part": {2, 3, func(b *Typer, n *Call, args []*plan.Expr) *plan.Expr {
			unit := b.unit(args[0], n, dateParts)
			x, zone := b.zoned(n, args)
			return eval.Call("date_part", types.Int, eval.PerRow(types.Int, func(_ *eval.Evaluator, a []types.Value) types.Value {
				return types.NewInt(types.Int, datePart(unit, time.Unix(0, a[0].Int).In(zone)))
			}), x).With(plan.ConstString(unit))
		}},
		"to_unix": {1, 1, func(b *Typer, n *Call, args []*plan.Expr) *plan.Expr {
			x := b.Timestamp(args[0], n.Args[0], n.Name)
			return eval.Call("to_unix", types.Int, eval.PerRow(types.Int, func(_ *eval.Evaluator, a []types.Value) types.Value {
				return types.NewInt(types.Int, types.FloorDiv(a[0].Int, 1e9))
			}), x)
		}},
		"from_unix": {1, 1, func(b *Typer, n *Call, args []*plan.Expr) *plan.Expr {
			x := b.number(args[0], n.Args[0], n.Name)
			if x.Type != types.Int && x.Type != types.Float && x.Type != types.Null {
				return b.integer(x, n.Args[0], n.Name) // which says what it needs
			}
			return eval.Call("from_unix", types.Time, eval.PerRow(types.Time, func(_ *eval.Evaluator, a []types.Value) types.Value {
				if ns, ok := unixNanos(a[0]); ok {
					return types.NewInt(types.Time, ns)
				}
				return types.Value{}
			}), x)
		}},
	}
}

// unixNanos returns seconds as nanoseconds. The parts of a float are taken apart
// first: times a thousand million it would have no room for them.
func unixNanos(seconds types.Value) (ns int64, ok bool) {
	if seconds.Type != types.Float {
		return types.MulInt(seconds.Int, 1e9)
	}
	whole, part := math.Modf(seconds.Float())
	if !(math.Abs(whole) < 1<<62) { // NaN as well
		return 0, false
	}
	if ns, ok = types.MulInt(int64(whole), 1e9); !ok {
		return 0, false
	}
	return types.AddInt(ns, int64(math.Round(part*1e9)))
}

// zoned binds the second argument of a function, a timestamp, and its third, a
// zone.
func (b *Typer) zoned(n *Call, args []*plan.Expr) (*plan.Expr, *time.Location) {
	if len(args) < 3 {
		x := b.Timestamp(args[1], n.Args[1], n.Name)
		return x, b.zoneOf(x)
	}
	outer := b.Zone
	zone := b.LoadZone(args[2], n.Args[2])
	b.Zone = zone // for text without an offset
	x := b.Timestamp(args[1], n.Args[1], n.Name)
	b.Zone = outer
	return x, zone
}

// Timestamp gives x the type timestamp; a constant string is parsed.
func (b *Typer) Timestamp(x *plan.Expr, n Syntax, what string) *plan.Expr {
	switch {
	case x.Type == types.Time:
		return x
	case x.Type == types.Null:
		return plan.Const(types.Time, types.Value{})
	case x.Type == types.String && x.IsConst():
		v, msg := constantAs(x.Value, types.Time, b.Zone)
		if msg != "" {
			return b.Fail(n.At(), "%s", msg)
		}
		return plan.Const(types.Time, v)
	case x.Loose:
		return b.narrowTo(x, types.Time, n)
	}
	return b.Fail(n.At(), "%s needs a timestamp, %s is of type %s", what, types.Clip(n.String()), types.Name(x.Type))
}

// unit reads the name of a calendar unit.
func (b *Typer) unit(x *plan.Expr, n *Call, known []string) string {
	if x.IsConst() && x.Type == types.String {
		for _, u := range known {
			if strings.EqualFold(x.Value.Str, u) {
				return u
			}
		}
	}
	b.Fail(n.Args[0].At(), "%s needs one of '%s'", n.Name, strings.Join(known, "', '"))
	return known[0]
}

func bindTimeBucket(b *Typer, n *Call, args []*plan.Expr) *plan.Expr {
	w := args[0]
	if w.IsConst() && w.Type == types.String {
		if v, msg := constantAs(w.Value, types.Duration, b.Zone); msg == "" {
			w = plan.Const(types.Duration, v)
		}
	}
	x, zone := b.zoned(n, args)
	if i := w.Interval; i != nil && i.Months > 0 && i.Days == 0 && i.Nanos == 0 {
		e := b.buckets("time_bucket", x, types.MonthBuckets(i.Months, zone), zone).With(plan.ConstString(fmt.Sprintf("%d months", i.Months)))
		e.Bucket = -1
		return e
	}
	if !w.IsConst() || w.Type != types.Duration || w.Value.Int <= 0 {
		return b.Fail(n.Args[0].At(), "time_bucket needs a constant duration above 0, such as 1m, or an interval of months")
	}
	e := b.buckets("time_bucket", x, types.FixedBuckets(w.Value.Int, zone), zone).With(w)
	if e.Bucket = w.Value.Int; zone != time.UTC && w.Value.Int > int64(time.Hour) {
		e.Bucket = -1
	}
	return e
}

// buckets is the expression of the beginning of the bucket that x is in.
func (b *Typer) buckets(name string, x *plan.Expr, f types.BucketOf, zone *time.Location) *plan.Expr {
	e := eval.Call(name, types.Time, eval.Strict(types.Time, func(ev *eval.Evaluator, a []*eval.Vec, out *eval.Vec) {
		// Neighboring rows mostly fall into the same bucket.
		lo, hi := int64(1), int64(0)
		for i := range ev.Rows {
			t := a[0].Ints[a[0].Ix(i)]
			if t < lo || t > hi {
				var ok bool
				if lo, hi, ok = f(t); !ok {
					lo, hi = 1, 0
					out.SetNull(i)
					continue
				}
			}
			out.Ints[i] = lo
		}
	}), x)
	e.Zone = zone
	return e
}

var (
	dateUnits = []string{"second", "minute", "hour", "day", "week", "month", "quarter", "year"}
	dateParts = []string{"second", "minute", "hour", "day", "dow", "doy", "week", "month", "quarter", "year"}
)

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
