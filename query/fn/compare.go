package fn

import (
	"encoding/hex"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/ttlog/ttlog/query/eval"
	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/types"
	"github.com/ttlog/ttlog/storage/column"
)

// Compare binds a comparison; n tells where its sides stand.
func (b *Typer) Compare(op column.Op, l, r *plan.Expr, n *Sides) *plan.Expr {
	unknown := plan.Const(types.Bool, types.Value{})
	if b.Err != nil || l.Type == types.Null || r.Type == types.Null {
		return unknown
	}
	if l.IsConst() && (!r.IsConst() || l.Type == types.String) {
		l, r, op = r, l, types.Flipped[op]
		n = &Sides{Op: n.Op, L: n.R, R: n.L, Pos: n.Pos}
	}
	var ok bool
	if r.IsConst() {
		l, r, ok = b.alignConst(l, r, n, op == column.Eq || op == column.Ne)
	} else {
		l, r, ok = b.align(l, r, n)
	}
	if !ok {
		return unknown
	}
	e := eval.Call(types.OpNames[op], types.Bool, compareKernel(op, l.Type, r.Type), l, r)
	switch {
	case !l.IsCol() || !r.IsConst() || r.Value.IsNull():
	case types.IsEnum(l.Type):
		e.Comparison = enumPush(l.Column, op, r.Value)
	default:
		e.Comparison = &plan.Comparison{Column: l.Column, Op: op, Values: []types.Value{r.Value}}
	}
	return e
}

// alignConst gives the constant c the type of x, or picks of a mixed column x
// the type of the constant. It returns false where the comparison is NULL in
// every row. exact says that it is for equality.
func (b *Typer) alignConst(x, c *plan.Expr, n *Sides, exact bool) (*plan.Expr, *plan.Expr, bool) {
	switch {
	case c.Type != types.String || c.Value.IsNull():
	case types.IsEnum(x.Type):
		c = b.enumConst(x, c, n.R, exact)
		return x, c, b.Err == nil
	case b.Scope.IsSeverity(x):
		number, ok := types.SeverityNumber(c.Value.Str)
		if !ok {
			b.Fail(n.R.At(), "%s is no severity number such as 13 or 'WARN2'", types.Clip(n.R.String()))
		}
		return x, plan.Const(types.Int, types.NewInt(types.Int, number)), ok
	}
	if x.Loose {
		y := b.Scope.Narrow(x, func(t types.Type) bool { return types.Comparable(t, c.Type) })
		if y.Type != types.Any && !types.Comparable(y.Type, c.Type) {
			b.Warn(n.L.At(), "%s is never of type %s, only %s", types.Clip(n.L.String()), types.Name(c.Type), types.Name(x.Type))
			return x, c, false
		}
		x = y
	}
	if types.Comparable(x.Type, c.Type) || x.Type == types.Any || c.Type == types.Any {
		return x, c, true
	}
	v, msg := constantAs(c.Value, x.Type, b.zoneOf(x))
	if msg != "" {
		b.Fail(n.R.At(), "%s", msg)
		return x, c, false
	}
	if v.IsNull() {
		b.Fail(n.Pos, "cannot compare %s with %s", types.Name(x.Type), types.Name(c.Type))
		return x, c, false
	}
	return x, plan.Const(v.Type, v), true
}

// constantAs reads a constant as the type it is compared with: a string as a
// time, duration, id, bool or infinity, an integer as a time in nanoseconds.
func constantAs(v types.Value, t types.Type, zone *time.Location) (types.Value, string) {
	if v.Type == types.Int && t == types.Time {
		return types.NewInt(types.Time, v.Int), ""
	}
	if v.Type != types.String {
		return types.Value{}, ""
	}
	switch t {
	case types.Time:
		ns, err := types.ParseTime(v.Str, zone)
		if err != nil {
			return types.Value{}, err.Error()
		}
		return types.NewInt(types.Time, ns), ""
	case types.Duration:
		ns, err := types.ParseInterval(v.Str)
		if err != nil {
			return types.Value{}, types.Quote(types.Clip(v.Str)) + " is not a duration such as 1.5s"
		}
		return types.NewInt(types.Duration, ns), ""
	case types.ID:
		raw, err := hex.DecodeString(strings.TrimSpace(v.Str))
		if err != nil {
			return types.Value{}, types.Quote(types.Clip(v.Str)) + " is not an id in hexadecimal"
		}
		return types.NewString(types.ID, string(raw)), ""
	case types.Float:
		// What results write for values that JSON has no number for.
		if f := types.CastNumber(v, types.Float); f.IsNaN() || math.IsInf(f.Float(), 0) {
			return f, ""
		}
	case types.Bool:
		x := types.CastBool(v)
		if x.IsNull() {
			return types.Value{}, types.Quote(types.Clip(v.Str)) + " is neither true nor false"
		}
		return x, ""
	}
	return types.Value{}, ""
}

// align makes two expressions comparable, neither of them a constant.
func (b *Typer) align(l, r *plan.Expr, n *Sides) (*plan.Expr, *plan.Expr, bool) {
	// An id compares with text, and must do so where some rows have no text.
	if l.Type == types.ID && r.Type == types.Any {
		r = b.narrowTo(r, types.String, n.R)
	} else if r.Type == types.ID && l.Type == types.Any {
		l = b.narrowTo(l, types.String, n.L)
	}
	switch {
	case types.Comparable(l.Type, r.Type):
		return l, r, true
	case types.IsEnum(l.Type) || types.IsEnum(r.Type):
		return b.alignEnum(l, r, n)
	case l.Type == types.Any, r.Type == types.Any:
		return l, r, true
	case l.Type == types.ID && r.Type == types.String:
		return castExpr(l, types.String), lowerExpr(r), true
	case l.Type == types.String && r.Type == types.ID:
		return lowerExpr(l), castExpr(r, types.String), true
	case l.Loose || r.Loose:
		// What type an attribute has is up to the data, not the query.
		return l, r, false
	}
	b.Fail(n.Pos, "cannot compare %s with %s", types.Name(l.Type), types.Name(r.Type))
	return l, r, false
}

// alignEnum makes text an enumeration where it is compared with one: text that
// names none of its values is NULL.
func (b *Typer) alignEnum(l, r *plan.Expr, n *Sides) (*plan.Expr, *plan.Expr, bool) {
	switch {
	case !types.IsEnum(l.Type):
		l = castExpr(b.text(l, n.L, "a comparison with "+types.EnumOf(r.Type).Noun), r.Type)
	case !types.IsEnum(r.Type):
		r = castExpr(b.text(r, n.R, "a comparison with "+types.EnumOf(l.Type).Noun), l.Type)
	default:
		l, r = castExpr(l, types.String), castExpr(r, types.String)
	}
	return l, r, b.Err == nil
}

// IsIn is x [NOT] IN (list); at tells where each element was written.
func (b *Typer) IsIn(x *plan.Expr, xAt Syntax, list []*plan.Expr, at []Syntax, not bool, pos int) *plan.Expr {
	constant := !slices.ContainsFunc(list, func(e *plan.Expr) bool { return !e.IsConst() })
	switch {
	case b.Err != nil:
		return plan.Const(types.Bool, types.Value{})
	case len(list) == 0: // which holds nothing, not even NULL
		return plan.Const(types.Bool, types.NewBool(not))
	case x.Type == types.Null:
		return plan.Const(types.Bool, types.Value{})
	case !constant:
		return b.inAsOr(x, xAt, list, at, not, pos)
	}
	if x.Loose {
		y := b.Scope.Narrow(x, func(t types.Type) bool {
			return slices.ContainsFunc(list, func(c *plan.Expr) bool { return types.Comparable(t, c.Type) })
		})
		if y.Type == types.Null {
			b.Warn(xAt.At(), "%s is never of a type that the list has, only %s", types.Clip(xAt.String()), types.Name(x.Type))
			return plan.Const(types.Bool, types.Value{})
		}
		x = y
	}
	push := &plan.Comparison{Column: x.Column, Op: column.In}
	set, hasNull := map[types.Value]bool{}, false
	for i, c := range list {
		if c.Type == types.Null || c.Value.IsNull() {
			hasNull = true
			continue
		}
		if x.Loose && x.Type != types.Any && !types.Comparable(x.Type, c.Type) {
			continue // another type than any row has
		}
		_, c, ok := b.alignConst(x, c, &Sides{L: xAt, R: at[i], Pos: pos}, true)
		if !ok {
			return plan.Const(types.Bool, types.Value{})
		}
		set[types.InKey(c.Value)] = true
		if types.IsEnum(x.Type) {
			push.Values = append(push.Values, enumPush(x.Column, column.Eq, c.Value).Values...)
		} else {
			push.Values = append(push.Values, c.Value)
		}
	}
	e := eval.Call(inName(not), types.Bool, inKernel(set, hasNull, not), x).With(list...)
	if x.IsCol() && !not {
		e.Comparison = push
	}
	return e
}

func (b *Typer) inAsOr(x *plan.Expr, xAt Syntax, list []*plan.Expr, at []Syntax, not bool, pos int) *plan.Expr {
	var e *plan.Expr
	x.Share()
	for i, item := range list {
		eq := b.Compare(column.Eq, x, item, &Sides{L: xAt, R: at[i], Pos: pos})
		if e == nil {
			e = eq
		} else {
			e = eval.Call("OR", types.Bool, andOr(1), e, eq)
		}
	}
	if not {
		e = b.Not(e)
	}
	return e
}

// orPushdown turns a = 1 OR a = 2 into a IN (1, 2) for the scan.
func orPushdown(l, r *plan.Expr) *plan.Comparison {
	a, b := l.Comparison, r.Comparison
	if a == nil || b == nil || a.Column != b.Column {
		return nil
	}
	list := func(op column.Op) bool { return op == column.Eq || op == column.In }
	if !list(a.Op) || !list(b.Op) || len(a.Values)+len(b.Values) > 1000 {
		return nil
	}
	return &plan.Comparison{Column: a.Column, Op: column.In, Values: slices.Concat(a.Values, b.Values)}
}
