package plan

// Row is one row without columns.
type Row struct{}

func (n *Row) Inputs() []Node { return nil }

func (n *Row) WithInputs([]Node) Node { return n }

func (n *Row) Prune([]bool) (Node, [][]bool) { return n, nil }

func (n *Row) Schema() []Field { return nil }

func (n *Row) Describe() string { return "Row" }
