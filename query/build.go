package query

import (
	"fmt"
	"math"
)

// manyRows is more rows than any memory budget holds.
const manyRows = 1 << 31

// builder makes physical operators of a plan.
type builder struct {
	measure bool // puts a meter on each
}

// build returns the operators of n. most is how many rows anybody will take of
// it: a sort keeps no more.
func (b builder) build(n planNode, most int64) operator {
	op := b.operator(n, most)
	if b.measure {
		return measured(op)
	}
	return op
}

func (b builder) operator(n planNode, most int64) operator {
	switch n := n.(type) {
	case *scanNode:
		return &scanOp{node: n}
	case *rowNode:
		return rowOp{}
	case *filterNode:
		return &filterOp{in: b.build(n.in, manyRows), node: n}
	case *projectNode:
		switch in := n.in.(type) {
		case *sortNode:
			return &sortOp{in: b.build(in.in, manyRows), node: &topNNode{in: in.in, keys: in.keys, limit: min(most, manyRows)}, out: n.exprs}
		case *topNNode:
			return &sortOp{in: b.build(in.in, manyRows), node: in, out: n.exprs}
		}
		return &projectOp{in: b.build(n.in, most), node: n}
	case *aggregateNode:
		return &aggregateOp{in: b.build(n.in, manyRows), node: n}
	case *sortNode:
		return &sortOp{in: b.build(n.in, manyRows), node: &topNNode{in: n.in, keys: n.keys, limit: min(most, manyRows)}, out: allColumns(n)}
	case *topNNode:
		return &sortOp{in: b.build(n.in, manyRows), node: n, out: allColumns(n)}
	case *limitNode:
		want := int64(manyRows)
		if n.limit >= 0 {
			want = min(n.limit, math.MaxInt32) + min(n.offset, math.MaxInt32)
		}
		return &limitOp{in: b.build(n.in, want), node: n}
	}
	panic(fmt.Sprintf("no operator for %T", n))
}

// allColumns returns the columns of n as expressions.
func allColumns(n planNode) []*expr {
	out := make([]*expr, len(n.schema()))
	for i := range out {
		out[i] = columnOf(n, i)
	}
	return out
}
