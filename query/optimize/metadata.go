package optimize

import (
	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/types"
	"github.com/ttlog/ttlog/storage/column"
)

// metadata marks aggregates that blocks can answer unread: numbers of rows, the
// first and the last time, the services.
func metadata(n plan.Node) plan.Node { return knownBelow(n, false) }

// knownBelow rewrites the tree. bySorted says that rows are sorted by their first
// column further up, so that the order of groups does not show.
func knownBelow(n plan.Node, bySorted bool) plan.Node {
	below := false
	switch n := n.(type) {
	case *plan.Sort:
		below = byFirst(n.Keys)
	case *plan.TopN:
		below = byFirst(n.Keys)
	case *plan.Filter:
		below = bySorted
	case *plan.Aggregate:
		if isKnown(n) {
			out := *n
			out.Known = plan.KnownGroups{Use: true, AnyOrder: bySorted}
			return &out
		}
	}
	in := n.Inputs()
	if len(in) == 0 {
		return n
	}
	out := make([]plan.Node, len(in))
	for i, c := range in {
		out[i] = knownBelow(c, below)
	}
	return n.WithInputs(out)
}

func byFirst(keys []plan.SortKey) bool {
	for _, k := range keys {
		if k.Expr.IsCol() && k.Expr.Column == 0 {
			return true
		}
	}
	return false
}

func isKnown(n *plan.Aggregate) bool {
	if len(n.Keys) > 1 || !knownRows(n.Input) {
		return false
	}
	if len(n.Keys) == 1 {
		c := stored(n.Keys[0], n.Input)
		if c == nil || c.Type != types.String || c.Refs[0] != (column.Ref{Place: column.PlaceField, Name: "service", Type: column.TypeString}) {
			return false
		}
	}
	for _, a := range n.Aggs {
		switch {
		case a.Known == plan.KnownRows && len(a.Args) == 0:
		case a.Known == plan.KnownBounds && len(n.Keys) == 0:
			if c := stored(a.Args[0], n.Input); c == nil || !c.IsTime() {
				return false
			}
		default:
			return false
		}
	}
	return true
}

// knownRows reports whether it is only the time that leaves out rows of a table.
func knownRows(n plan.Node) bool {
	switch n := n.(type) {
	case *plan.Scan:
		return true
	case *plan.Project:
		return knownRows(n.Input)
	case *plan.Filter:
		for _, e := range n.Conds {
			if e.Comparison == nil {
				return false
			}
			c := stored(plan.Column(e.Comparison.Column, types.Time), n.Input)
			if c == nil || !c.IsTime() {
				return false
			}
		}
		return knownRows(n.Input)
	}
	return false
}

// stored returns the column of a table that an expression over the rows of n is,
// or nil.
func stored(e *plan.Expr, n plan.Node) *plan.ScanColumn {
	if !e.IsCol() {
		return nil
	}
	switch n := n.(type) {
	case *plan.Scan:
		if c := &n.Cols[e.Column]; len(c.Refs) == 1 && !c.Object {
			return c
		}
	case *plan.Project:
		return stored(n.Exprs[e.Column], n.Input)
	case *plan.Filter:
		return stored(e, n.Input)
	}
	return nil
}
