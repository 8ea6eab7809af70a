package plan

import "slices"

// Renumbering writes expressions over other columns. One that is shared by
// several expressions is shared by the new ones.
type Renumbering struct {
	to   func(column *Expr) *Expr
	done map[*Expr]*Expr
}

// Substitute returns a renumbering that puts to's result in the place of each column.
func Substitute(to func(column *Expr) *Expr) *Renumbering {
	return &Renumbering{to: to, done: map[*Expr]*Expr{}}
}

// Numbered is a renumbering that changes the numbers of columns only.
func Numbered(to func(i int) int) *Renumbering {
	return Substitute(func(c *Expr) *Expr {
		out := *c
		out.Column = to(c.Column)
		out.Single = out.Column
		return &out
	})
}

// Shifted returns e with n added to the number of each column.
func Shifted(e *Expr, n int) *Expr {
	return Numbered(func(i int) int { return i + n }).Expr(e)
}

// Exprs returns the expressions over the other columns.
func (r *Renumbering) Exprs(list []*Expr) []*Expr {
	if list == nil {
		return nil
	}
	out := make([]*Expr, len(list))
	for i, e := range list {
		out[i] = r.Expr(e)
	}
	return out
}

// Expr returns e over the other columns.
func (r *Renumbering) Expr(e *Expr) *Expr {
	if e == nil || e.IsConst() {
		return e
	}
	if out, ok := r.done[e]; ok {
		return out
	}
	var out *Expr
	if e.IsCol() {
		out = r.to(e)
	} else {
		out = r.call(e)
	}
	r.done[e] = out
	return out
}

func (r *Renumbering) call(e *Expr) *Expr {
	out := *e
	out.Args = r.Exprs(e.Args)
	out.Single = DependsNone
	for _, a := range out.Args {
		switch {
		case a.Single == DependsNone:
		case out.Single == DependsNone:
			out.Single = a.Single
		case out.Single != a.Single:
			out.Single = DependsMany
		}
	}
	if out.Single == DependsNone {
		out.Single = DependsMany // a call is computed with the rows
	}
	if d := e.Comparison; d != nil {
		out.Comparison = nil
		if c := r.to(Column(d.Column, out.Type)); c.IsCol() {
			out.Comparison = &Comparison{Column: c.Column, Op: d.Op, Values: d.Values}
		}
	}
	return &out
}

// Aggregate returns a copy of n over the other columns.
func (r *Renumbering) Aggregate(n *Aggregate) *Aggregate {
	out := *n
	out.Keys, out.Aggs = r.Exprs(n.Keys), make([]*AggCall, len(n.Aggs))
	for i, a := range n.Aggs {
		call := *a
		call.Args, call.Of = r.Exprs(a.Args), r.Expr(a.Of)
		out.Aggs[i] = &call
	}
	return &out
}

// Window returns a copy of a call over the other columns.
func (r *Renumbering) Window(c *WindowCall) *WindowCall {
	out := *c
	out.Args, out.Partition, out.Order = r.Exprs(c.Args), r.Exprs(c.Partition), slices.Clone(c.Order)
	for i, k := range c.Order {
		out.Order[i].Expr = r.Expr(k.Expr)
	}
	return &out
}

// Columns returns the numbers of the columns that an expression reads, in order.
func Columns(list ...*Expr) (out []int) {
	walkExprs(list, func(e *Expr) {
		if e.IsCol() {
			out = append(out, e.Column)
		}
	})
	slices.Sort(out)
	return slices.Compact(out)
}
