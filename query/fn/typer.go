package fn

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/ttlog/ttlog/query/eval"
	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/types"
)

// Syntax is a piece of a query's text, for messages about it.
type Syntax interface {
	// At returns the byte offset of the piece in the text.
	At() int
	// String returns it as it could have been written.
	String() string
}

// Call is a call of a function or an aggregate as it was written.
type Call struct {
	Name           string
	Args           []Syntax
	Star, Distinct bool // as in count(*), count(distinct x)
	Pos            int
}

// Sides are an operator and what was written on its sides.
type Sides struct {
	Op   string
	L, R Syntax
	Pos  int // of the operator
}

// Scope is what a language knows of the columns that expressions name.
type Scope interface {
	// Narrow restricts a column with values of several types to those types that
	// keep accepts. Other expressions are returned as they are.
	Narrow(e *plan.Expr, keep func(types.Type) bool) *plan.Expr
	// IsSeverity reports whether e is the severity number of a log record.
	IsSeverity(e *plan.Expr) bool
	// Covered returns how many nanoseconds each group covers, 0 where that is
	// open, below 0 where groups differ.
	Covered() int64
	// Point returns the column of that name of the metric points that are
	// aggregated, nil where the rows are none.
	Point(name string) *plan.Expr
	// Accumulates reports whether the column x may hold points of metrics that are
	// sums since some start, and are added to each other in a group.
	Accumulates(x *plan.Expr) bool
	// Since returns where the time begins that is asked for, 0 where that is open.
	Since() int64
}

// Typer builds typed expressions for a language: operators, functions and
// aggregates over expressions that are bound already. The first error sticks in
// err, and what is built after it means nothing.
type Typer struct {
	Source string // the text, for positions in messages
	Now    int64
	Zone   *time.Location // of literals, of what is shown, of days and months
	Scope  Scope

	Err      error
	Warnings []plan.Warning
}

// Fail notes an error about the byte offset pos of the text, unless there is one
// already, and returns an expression to go on with.
func (b *Typer) Fail(pos int, format string, args ...any) *plan.Expr {
	if b.Err == nil {
		b.Err = plan.ErrorAt(b.Source, pos, format, args...)
	}
	return plan.Null()
}

// Warn notes a warning about the byte offset pos, once for each message.
func (b *Typer) Warn(pos int, format string, args ...any) {
	msg := fmt.Sprintf(format, args...)
	if len(b.Warnings) == maxWarnings || slices.ContainsFunc(b.Warnings, func(w plan.Warning) bool { return w.Message == msg }) {
		return
	}
	line, col := plan.Position(b.Source, pos)
	b.Warnings = append(b.Warnings, plan.Warning{Line: line, Column: col, Message: msg})
}

// zoneOf returns the zone in which e shows times and reads text.
func (b *Typer) zoneOf(e *plan.Expr) *time.Location {
	if e.Zone != nil {
		return e.Zone
	}
	return b.Zone
}

// LoadZone reads the name of a zone, which has to be a constant.
func (b *Typer) LoadZone(e *plan.Expr, n Syntax) *time.Location {
	if b.Err != nil {
		return b.Zone
	}
	if !e.IsConst() || e.Type != types.String || e.Value.IsNull() {
		b.Fail(n.At(), "found %s, expected a time zone that is a string constant such as 'Europe/Berlin'", types.Clip(n.String()))
		return b.Zone
	}
	zone, err := types.LoadZone(e.Value.Str)
	if err != nil {
		b.Fail(n.At(), "%s", err)
		return b.Zone
	}
	return zone
}

// Function builds the call of a function.
func (b *Typer) Function(n *Call, args []*plan.Expr) *plan.Expr {
	f, ok := Functions[n.Name]
	if !ok {
		return b.Unknown(n)
	}
	if len(args) < f.min || f.max >= 0 && len(args) > f.max {
		return b.Fail(n.Pos, "%s takes %s, found %d", n.Name, argCount(f.min, f.max), len(args))
	}
	if b.Err != nil {
		return plan.Null()
	}
	return f.bind(b, n, args)
}

// Unknown fails with the function that was most likely meant.
func (b *Typer) Unknown(n *Call) *plan.Expr {
	var known []string
	for name := range Functions {
		known = append(known, name)
	}
	for name := range Aggregates {
		known = append(known, name)
	}
	for name := range Windows {
		known = append(known, name)
	}
	slices.Sort(known)
	if near := types.Nearest(n.Name, known); near != "" {
		return b.Fail(n.Pos, "unknown function %s; did you mean %s?", types.Clip(n.Name), near)
	}
	return b.Fail(n.Pos, "unknown function %s", types.Clip(n.Name))
}

// TakesInterval reports whether a function takes an interval of months, which is
// no length of time.
func TakesInterval(name string) bool { return name == "time_bucket" }

// CheckAggregate checks the form of a call of an aggregate.
func (b *Typer) CheckAggregate(n *Call, a Aggregate) {
	switch {
	case n.Star && n.Name != "count":
		b.Fail(n.Pos, "only count takes *")
	case n.Distinct && n.Name != "count":
		b.Fail(n.Pos, "DISTINCT is for count(distinct x)")
	case len(n.Args) < a.min || len(n.Args) > a.max && !n.Distinct:
		b.Fail(n.Pos, "%s takes %s, found %d", n.Name, argCount(a.min, a.max), len(n.Args))
	}
}

// AggregateCall builds the call of an aggregate whose form was checked. Only the
// rows that meet filter count, unless it is nil.
func (b *Typer) AggregateCall(n *Call, a Aggregate, args []*plan.Expr, filter *plan.Expr) *plan.AggCall {
	c := a.bind(b, n, args)
	if b.Err != nil {
		return nil
	}
	filterArgs(c, filter)
	return c
}

func argCount(lo, hi int) string {
	switch {
	case hi < 0:
		return fmt.Sprintf("at least %d arguments", lo)
	case lo == 1 && hi == 1:
		return "1 argument"
	case lo == hi:
		return strconv.Itoa(lo) + " arguments"
	}
	return fmt.Sprintf("%d to %d arguments", lo, hi)
}

// Not negates a condition.
func (b *Typer) Not(x *plan.Expr) *plan.Expr { return eval.Call("NOT", types.Bool, notKernel, x) }

// Negate is -x; n is x as it was written.
func (b *Typer) Negate(x *plan.Expr, n Syntax) *plan.Expr {
	x = b.number(x, n, "-")
	if x.Type == types.Null {
		return x
	}
	return eval.Call("-", x.Type, negateKernel(x.Type), x)
}

// IsNull is x IS [NOT] NULL.
func (b *Typer) IsNull(x *plan.Expr, not bool) *plan.Expr {
	return eval.Call(isName("NULL", not), types.Bool, isNullKernel(not), x)
}

// IsBool is x IS [NOT] TRUE or FALSE for a condition x.
func (b *Typer) IsBool(x *plan.Expr, want, not bool) *plan.Expr {
	word := map[bool]string{true: "TRUE", false: "FALSE"}[want]
	return eval.Call(isName(word, not), types.Bool, isBoolKernel(types.Bit(want), not), x)
}

// Choose is the value behind the first condition that is true, or the last.
func (b *Typer) Choose(conds, values []*plan.Expr) *plan.Expr {
	t := unify(values)
	var args []*plan.Expr
	for i, c := range conds {
		args = append(args, c, values[i])
	}
	return eval.Call("CASE", t, caseKernel(t), append(args, values[len(values)-1])...).LikeAny(values)
}

// Logic is l AND r where absorbing is 0, l OR r where it is 1.
func (b *Typer) Logic(absorbing int64, l, r *plan.Expr) *plan.Expr {
	e := eval.Call(logicName[absorbing], types.Bool, andOr(absorbing), l, r)
	if absorbing == 1 {
		e.Comparison = orPushdown(l, r)
	}
	e.And = absorbing == 0 && !e.IsConst()
	return e
}

// Arith is l op r for one of + - * / %.
func (b *Typer) Arith(n *Sides, l, r *plan.Expr) *plan.Expr {
	switch {
	case l.Type == types.Time && r.Interval.Calendar() && n.Op == "+":
		return b.addInterval(l, *r.Interval, 1)
	case l.Type == types.Time && r.Interval.Calendar() && n.Op == "-":
		return b.addInterval(l, *r.Interval, -1)
	case r.Type == types.Time && l.Interval.Calendar() && n.Op == "+":
		return b.addInterval(r, *l.Interval, 1)
	}
	fix := func(x *plan.Expr, at Syntax) *plan.Expr {
		if x.Type == types.Time {
			return x
		}
		return b.number(x, at, n.Op)
	}
	loose := l.Loose || r.Loose
	l, r = fix(l, n.L), fix(r, n.R)
	if l.Type == types.Null || r.Type == types.Null {
		return plan.Null()
	}
	t, fn, ok := arithKernel(n.Op, l.Type, r.Type)
	if !ok && loose {
		b.Warn(n.Pos, "%s %s %s cannot be computed", types.Name(l.Type), n.Op, types.Name(r.Type))
		return plan.Null()
	}
	if !ok {
		return b.Fail(n.Pos, "cannot compute %s %s %s", types.Name(l.Type), n.Op, types.Name(r.Type))
	}
	e := eval.Call(n.Op, t, fn, l, r)
	if t == types.Time {
		e.LikeAny([]*plan.Expr{l, r})
	}
	return e
}

// Concat is l || r.
func (b *Typer) Concat(l, r *plan.Expr) *plan.Expr {
	l, r = b.Cast(l, types.String), b.Cast(r, types.String)
	return eval.Call("||", types.String, eval.PerRow(types.String, func(ev *eval.Evaluator, a []types.Value) types.Value {
		x, y := a[0].Str, a[1].Str
		if !ev.Spend(len(x) + len(y)) {
			return types.Value{}
		}
		return types.NewString(types.String, x+y)
	}), l, r)
}

// ConstInterval is an interval as an expression.
func ConstInterval(i *types.Interval) *plan.Expr {
	e := plan.Const(types.IntervalType, types.Value{})
	if i.Months == 0 {
		ns, _ := i.Duration()
		e = plan.Const(types.Duration, types.NewInt(types.Duration, ns))
	}
	e.Interval = i
	return e
}

// addInterval is x + i or x - i for a timestamp x, by the calendar of its zone.
func (b *Typer) addInterval(x *plan.Expr, i types.Interval, sign int64) *plan.Expr {
	zone := b.zoneOf(x)
	months, days, rest := sign*i.Months, sign*i.Days, sign*i.Nanos
	return eval.Call("+", types.Time, eval.PerRow(types.Time, func(_ *eval.Evaluator, a []types.Value) types.Value {
		if ns, ok := types.AddCalendar(a[0].Int, months, days, rest, zone); ok {
			return types.NewInt(types.Time, ns)
		}
		return types.Value{}
	}), x).With(plan.ConstString(fmt.Sprintf("%d months %d days %s", months, days, types.FormatDuration(rest)))).LikeAny([]*plan.Expr{x})
}

// logicName are AND and OR by what decides them alone.
var logicName = [2]string{"AND", "OR"}

func isName(what string, not bool) string {
	if not {
		return "IS NOT " + what
	}
	return "IS " + what
}

func inName(not bool) string {
	if not {
		return "NOT IN"
	}
	return "IN"
}
