package plan

// Row is one row without columns.
type Row struct{}

// Inputs implements [Node].
func (n *Row) Inputs() []Node { return nil }

// WithInputs implements [Node].
func (n *Row) WithInputs([]Node) Node { return n }

// Prune implements [Node].
func (n *Row) Prune([]bool) (Node, [][]bool) { return n, nil }

// Schema implements [Node].
func (n *Row) Schema() []Field { return nil }

// Describe implements [Node].
func (n *Row) Describe() string { return "Row" }
