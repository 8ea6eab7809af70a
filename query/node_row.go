package query

// rowNode is one row without columns.
type rowNode struct{}

func (n *rowNode) inputs() []planNode { return nil }

func (n *rowNode) withInputs([]planNode) planNode { return n }

func (n *rowNode) prune([]bool) (planNode, [][]bool) { return n, nil }

func (n *rowNode) schema() []planField { return nil }

func (n *rowNode) describe() string { return "Row" }
