package exec

import (
	"fmt"
	"math"

	"github.com/ttlog/ttlog/query/plan"
)

// manyRows is more rows than any memory budget holds.
const manyRows = 1 << 31

// Builder makes physical operators of a plan.
type Builder struct {
	Measure bool // puts a meter on each
}

// Build returns the operators of n. most is how many rows anybody will take of
// it: a sort keeps no more.
func (b Builder) Build(n plan.Node, most int64) Operator {
	op := b.operator(n, most)
	if b.Measure {
		return measured(op)
	}
	return op
}

func (b Builder) operator(n plan.Node, most int64) Operator {
	switch n := n.(type) {
	case *plan.Scan:
		return &scanOp{node: n}
	case *plan.Values:
		return &valuesOp{node: n}
	case *plan.Row:
		return rowOp{}
	case *plan.Filter:
		return &filterOp{in: b.Build(n.Input, manyRows), node: n}
	case *plan.Project:
		switch in := n.Input.(type) {
		case *plan.Sort:
			return b.sort(in, n.Exprs, most)
		case *plan.TopN:
			return b.topN(in, n.Exprs)
		}
		return &projectOp{in: b.Build(n.Input, most), node: n}
	case *plan.Join:
		return newJoin(n, b.Build(n.Left, manyRows), b.Build(n.Right, manyRows))
	case *plan.Unnest:
		return &unnestOp{in: b.Build(n.Input, manyRows), node: n}
	case *plan.Union:
		op := &unionOp{}
		for _, in := range n.List {
			op.list = append(op.list, b.Build(in, most))
		}
		return op
	case *plan.Aggregate:
		return &aggregateOp{in: b.Build(n.Input, manyRows), node: n}
	case *plan.TraceStructure:
		return b.structure(n)
	case *plan.TimeFill:
		return &fillOp{in: b.Build(n.Input, manyRows), node: n}
	case *plan.Window:
		return &windowOp{in: b.Build(n.Input, manyRows), node: n}
	case *plan.Sort:
		return b.sort(n, allColumns(n), most)
	case *plan.TopN:
		return b.topN(n, allColumns(n))
	case *plan.Limit:
		want := int64(manyRows)
		if n.Limit >= 0 {
			want = min(n.Limit, math.MaxInt32) + min(n.Offset, math.MaxInt32)
		}
		return &limitOp{in: b.Build(n.Input, want), node: n}
	}
	panic(fmt.Sprintf("no operator for %T", n))
}

// sort returns the operator of n that gives out, computed from n's rows.
func (b Builder) sort(n *plan.Sort, out []*plan.Expr, most int64) Operator {
	top := &plan.TopN{Input: n.Input, Keys: n.Keys, Limit: min(most, manyRows)}
	return &sortOp{name: "Sort", in: b.Build(n.Input, manyRows), node: top, out: out}
}

func (b Builder) topN(n *plan.TopN, out []*plan.Expr) Operator {
	in := b.Build(n.Input, manyRows)
	return &sortOp{name: "TopN " + plan.DescribeLimit(n.Limit, n.Offset), in: in, node: n, out: out, top: topBoundOf(n, in)}
}

// allColumns returns the columns of n as expressions.
func allColumns(n plan.Node) []*plan.Expr {
	out := make([]*plan.Expr, len(n.Schema()))
	for i := range out {
		out[i] = plan.ColumnOf(n, i)
	}
	return out
}
