package plan

import (
	"fmt"
	"strconv"
)

// Limit leaves out the first offset rows, and all behind the limit that
// follow.
type Limit struct {
	Input         Node
	Limit, Offset int64 // limit -1: none
}

// Inputs implements [Node].
func (n *Limit) Inputs() []Node { return []Node{n.Input} }

// Schema implements [Node].
func (n *Limit) Schema() []Field { return n.Input.Schema() }

// WithInputs implements [Node].
func (n *Limit) WithInputs(in []Node) Node {
	return &Limit{Input: in[0], Limit: n.Limit, Offset: n.Offset}
}

// Prune implements [Node].
func (n *Limit) Prune(used []bool) (Node, [][]bool) { return n, [][]bool{used} }

// Describe implements [Node].
func (n *Limit) Describe() string { return "Limit " + DescribeLimit(n.Limit, n.Offset) }

// DescribeLimit writes a limit and an offset.
func DescribeLimit(limit, offset int64) string {
	switch {
	case limit < 0:
		return fmt.Sprintf("all, offset %d", offset)
	case offset > 0:
		return fmt.Sprintf("%d, offset %d", limit, offset)
	}
	return strconv.FormatInt(limit, 10)
}
