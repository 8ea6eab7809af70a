package query

import "github.com/ttlog/ttlog/storage/column"

// pruneScan tells a scan what the filter above it leaves out.
func pruneScan(n planNode) planNode {
	return rewrite(n, func(n planNode) planNode {
		f, ok := n.(*filterNode)
		if !ok {
			return n
		}
		scan, ok := f.in.(*scanNode)
		if !ok {
			return n
		}
		return &filterNode{in: prunedBy(scan, f.conds), conds: f.conds}
	})
}

// prunedBy returns the scan without rows that do not meet the conditions.
func prunedBy(n *scanNode, conds []*expr) *scanNode {
	out := *n
	out.where = append([]column.Predicate{}, n.where...)
	for _, e := range conds {
		push := e.push
		if e.isCol() && e.typ == typeBool {
			push = &pushdown{col: e.col, op: column.Eq, vals: []value{boolValue(true)}}
		}
		if push == nil {
			continue
		}
		c := n.cols[push.col]
		if len(c.refs) != 1 || c.object {
			continue
		}
		if c.isTime() {
			out.from, out.to = push.bounds(out.from, out.to)
		}
		if pred, ok := predicate(c.refs[0], push); ok {
			out.where = append(out.where, pred)
		}
	}
	return &out
}

// predicate writes a comparison for the scan, if all its constants have the
// column's type.
func predicate(ref column.Ref, d *pushdown) (column.Predicate, bool) {
	p := column.Predicate{Ref: ref, Op: d.op}
	for _, v := range d.vals {
		v, ok := sameMeaning(v, ref.Type)
		if !ok {
			return p, false
		}
		p.Values = append(p.Values, column.Value{Type: v.t, Int: v.n, Str: v.s})
		if v.t == typeFloat {
			last := &p.Values[len(p.Values)-1]
			last.Int, last.Float = 0, v.float()
		}
	}
	return p, true
}

// sameMeaning gives a number the type t, if that does not change its value.
func sameMeaning(v value, t Type) (value, bool) {
	if v.t == t {
		return v, true
	}
	if !isNumeric(v.t) || !isNumeric(t) {
		return v, false
	}
	if v.t == typeFloat {
		n := inKey(v)
		if n.t != typeInt {
			return v, false
		}
		return intValue(t, n.n), true
	}
	if t == typeFloat {
		const exact = 1 << 53
		return floatValue(float64(v.n)), v.n <= exact && v.n >= -exact
	}
	return intValue(t, v.n), true
}
