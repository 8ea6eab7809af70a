package sql

import (
	"github.com/ttlog/ttlog/query/fn"
	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/types"
)

// windowScope is the window functions of a SELECT.
type windowScope struct {
	calls  []*callNode
	list   []*plan.WindowCall
	inside bool // the expression is an argument of one
}

// window puts the window functions behind n.
func (s *selectParts) window(n plan.Node) plan.Node {
	width := len(n.Schema())
	s.renumber(plan.Numbered(func(i int) int {
		if i < firstWindow {
			return i
		}
		return i - firstWindow + width
	}))
	return &plan.Window{Input: n, Calls: s.windows}
}

// window binds a call with OVER, and returns the column that will hold its result.
func (b *binder) window(n *callNode) *plan.Expr {
	_, ok := fn.Windows[n.name]
	_, aggregate := fn.Aggregates[n.name]
	_, function := fn.Functions[n.name]
	switch {
	case !ok && (aggregate || function):
		return b.Fail(n.pos, "%s is no window function: it takes no OVER", n.name)
	case !ok:
		return b.Unknown(n.call())
	case b.windows != nil && b.windows.inside:
		return b.Fail(n.pos, "%s is a window function inside another", n.name)
	case b.windows == nil || b.deep > 0:
		return b.Fail(n.pos, "%s is a window function; it can stand in SELECT and ORDER BY only, and not inside an aggregate", n.name)
	}
	for i, c := range b.windows.calls {
		if equalNodes(c, n) {
			return b.windows.result(i)
		}
	}
	if len(b.windows.list) == maxWindows {
		return b.Fail(n.pos, "more than %d window functions", maxWindows)
	}
	aliases := b.aliases
	b.aliases, b.windows.inside = nameIndex[node]{}, true
	call := b.windowCall(n)
	b.aliases, b.windows.inside = aliases, false
	if b.Err != nil {
		return plan.Null()
	}
	call.Text = types.Clip(nodeString(n))
	b.windows.calls = append(b.windows.calls, n)
	b.windows.list = append(b.windows.list, call)
	return b.windows.result(len(b.windows.list) - 1)
}

func (b *binder) windowCall(n *callNode) *plan.WindowCall {
	args := make([]*plan.Expr, len(n.args))
	for i, x := range n.args {
		args[i] = b.expr(x)
	}
	var filter *plan.Expr
	if n.filter != nil {
		filter = b.Condition(b.expr(n.filter), n.filter)
	}
	c := &plan.WindowCall{}
	if len(n.over.partition)+len(n.over.order) > maxKeys {
		b.Fail(n.pos, "more than %d keys in OVER", maxKeys)
		return c
	}
	for _, k := range n.over.partition {
		c.Partition = append(c.Partition, b.expr(k))
	}
	for _, o := range n.over.order {
		c.Order = append(c.Order, plan.SortKey{Expr: b.expr(o.expr), Desc: o.desc, NullsFirst: o.nulls == 'f'})
	}
	switch {
	case n.over.frame != nil:
		c.Frame = b.frame(n.over, c.Order)
	case len(c.Order) > 0:
		c.Frame = plan.WindowFrame{Range: true, From: plan.FrameEnd{Unbounded: true}}
	default:
		c.Frame = plan.WindowFrame{From: plan.FrameEnd{Unbounded: true}, To: plan.FrameEnd{Unbounded: true}}
	}
	if b.Err == nil {
		b.WindowCall(n.call(), c, n.over.frame != nil, args, filter)
	}
	return c
}

// frame binds ROWS or RANGE. Distances are of numbers where what was sent decides
// the type of the key.
func (b *binder) frame(w *windowSpec, order []plan.SortKey) plan.WindowFrame {
	f := w.frame
	if f.from.unbounded && f.from.following || f.to.unbounded && !f.to.following {
		b.Fail(f.pos, "a frame begins at UNBOUNDED PRECEDING and ends at UNBOUNDED FOLLOWING at most")
	}
	out := plan.WindowFrame{Range: f.unit == "RANGE"}
	end := func(x frameBound) plan.FrameEnd {
		e := plan.FrameEnd{Unbounded: x.unbounded}
		if x.by == nil || b.Err != nil {
			return e
		}
		by := b.expr(x.by)
		v := by.Value
		switch {
		case b.Err != nil:
		case !by.IsConst() || !out.Range && v.Type != types.Int || !types.IsNumeric(v.Type) || types.Compare(v, types.NewInt(types.Int, 0)) < 0 || v.IsNaN():
			b.Fail(x.by.At(), "%s, expected a constant distance that is not below 0", types.Clip("found "+nodeString(x.by)))
		case out.Range && len(order) == 1 && order[0].Expr.Loose:
			order[0].Expr = b.Number(order[0].Expr, w.order[0].expr, "RANGE")
		case out.Range && (len(order) != 1 || !distanceOf(order[0].Expr.Type, v.Type)):
			b.Fail(x.by.At(), "RANGE with a distance needs one key in ORDER BY, from which it can be taken away")
		}
		switch {
		case x.following:
		case v.Type == types.Float:
			v = types.NewFloat(-v.Float())
		default:
			v.Int = -v.Int
		}
		e.Distance = v
		return e
	}
	out.From, out.To = end(f.from), end(f.to)
	return out
}

// distanceOf reports whether values of type t have distances of type d.
func distanceOf(t, d types.Type) bool {
	switch t {
	case types.Time, types.Duration:
		return d == types.Duration
	case types.Int, types.Float:
		return d == types.Int || d == types.Float
	}
	return false
}

// result returns the column that holds the result of call i.
func (s *windowScope) result(i int) *plan.Expr {
	c := s.list[i]
	e := plan.Column(firstWindow+i, c.Type)
	if c.Of != nil {
		e.LikeAny([]*plan.Expr{c.Of})
	}
	return e
}
