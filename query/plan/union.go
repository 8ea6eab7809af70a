package plan

import "fmt"

// Union is the rows of its inputs, one input's after the other's. All have
// columns of the same types; their names are the first's.
type Union struct{ List []Node }

// Inputs implements [Node].
func (n *Union) Inputs() []Node { return n.List }

// WithInputs implements [Node].
func (n *Union) WithInputs(in []Node) Node { return &Union{List: in} }

// Schema implements [Node].
func (n *Union) Schema() []Field { return n.List[0].Schema() }

// Prune implements [Node].
func (n *Union) Prune(used []bool) (Node, [][]bool) {
	reads := make([][]bool, len(n.List))
	for i := range reads {
		reads[i] = used
	}
	return n, reads
}

// Describe implements [Node].
func (n *Union) Describe() string { return fmt.Sprintf("Union of %d", len(n.List)) }
