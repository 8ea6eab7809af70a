package query

import "fmt"

// limitNode leaves out the first offset rows, and all behind the limit that
// follow.
type limitNode struct {
	in            planNode
	limit, offset int64 // limit -1: none
}

func (n *limitNode) inputs() []planNode  { return []planNode{n.in} }
func (n *limitNode) schema() []planField { return n.in.schema() }

func (n *limitNode) withInputs(in []planNode) planNode {
	return &limitNode{in: in[0], limit: n.limit, offset: n.offset}
}

func (n *limitNode) prune(used []bool) (planNode, [][]bool) { return n, [][]bool{used} }

func (n *limitNode) describe() string { return "Limit " + describeLimit(n.limit, n.offset) }

func describeLimit(limit, offset int64) string {
	switch {
	case limit < 0:
		return fmt.Sprintf("all, offset %d", offset)
	case offset > 0:
		return fmt.Sprintf("%d, offset %d", limit, offset)
	}
	return fmt.Sprint(limit)
}
