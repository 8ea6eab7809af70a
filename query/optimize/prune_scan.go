package optimize

import (
	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/types"
	"github.com/ttlog/ttlog/storage/column"
)

// pruneScan tells a scan what the filter above it leaves out.
func pruneScan(n plan.Node) plan.Node {
	return plan.Rewrite(n, func(n plan.Node) plan.Node {
		f, ok := n.(*plan.Filter)
		if !ok {
			return n
		}
		scan, ok := f.Input.(*plan.Scan)
		if !ok {
			return n
		}
		return &plan.Filter{Input: prunedBy(scan, f.Conds), Conds: f.Conds}
	})
}

// prunedBy returns the scan without rows that do not meet the conditions.
func prunedBy(n *plan.Scan, conds []*plan.Expr) *plan.Scan {
	out := *n
	out.Where = append([]column.Predicate{}, n.Where...)
	out.Conds = append(make([]*plan.Expr, 0, len(n.Where)), n.Conds...)
	for _, e := range conds {
		addTexts(&out, e)
		push := e.Comparison
		if e.IsCol() && e.Type == types.Bool {
			push = &plan.Comparison{Column: e.Column, Op: column.Eq, Values: []types.Value{types.NewBool(true)}}
		}
		if push == nil {
			continue
		}
		c := n.Cols[push.Column]
		if len(c.Refs) != 1 || c.Object {
			continue
		}
		if c.IsTime() {
			out.From, out.To = push.Bounds(out.From, out.To)
		}
		if pred, ok := predicate(c.Refs[0], push); ok {
			out.Where = append(out.Where, pred)
			if !saysAll(e) {
				e = nil
			}
			out.Conds = append(out.Conds, e)
		}
	}
	return &out
}

// addTexts tells the scan which texts a condition needs.
func addTexts(n *plan.Scan, e *plan.Expr) {
	list := textsOf(e)
	for _, h := range list {
		c := n.Cols[h.col]
		if len(c.Refs) != 1 || c.Object || c.Refs[0].Type != column.TypeString {
			continue
		}
		n.Where = append(n.Where, h.predicate(c.Refs[0]))
		if len(list) > 1 || !h.all {
			n.Conds = append(n.Conds, nil)
		} else {
			n.Conds = append(n.Conds, e)
		}
	}
}

// saysAll reports whether a condition is no more than its comparison: LIKE 'a%b'
// compares with 'a' as well, and then looks at the rest.
func saysAll(e *plan.Expr) bool {
	switch e.Name {
	case "=", "<", "<=", ">", ">=", "IN":
		return true
	}
	return e.IsCol()
}

// predicate writes a comparison for the scan, if all its constants have the
// column's type.
func predicate(ref column.Ref, d *plan.Comparison) (column.Predicate, bool) {
	p := column.Predicate{Ref: ref, Op: d.Op}
	for _, v := range d.Values {
		v, ok := sameMeaning(v, ref.Type)
		if !ok {
			return p, false
		}
		p.Values = append(p.Values, column.Value{Type: v.Type, Int: v.Int, Str: v.Str})
		if v.Type == types.Float {
			last := &p.Values[len(p.Values)-1]
			last.Int, last.Float = 0, v.Float()
		}
	}
	return p, true
}

// sameMeaning gives a number the type t, if that does not change its value.
func sameMeaning(v types.Value, t types.Type) (types.Value, bool) {
	if v.Type == t {
		return v, true
	}
	if !types.IsNumeric(v.Type) || !types.IsNumeric(t) {
		return v, false
	}
	if v.Type == types.Float {
		n := types.InKey(v)
		if n.Type != types.Int {
			return v, false
		}
		return types.NewInt(t, n.Int), true
	}
	if t == types.Float {
		const exact = 1 << 53
		return types.NewFloat(float64(v.Int)), v.Int <= exact && v.Int >= -exact
	}
	return types.NewInt(t, v.Int), true
}
