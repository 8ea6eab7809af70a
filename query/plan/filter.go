package plan

// Filter keeps the rows that meet all conditions.
type Filter struct {
	Input Node
	Conds []*Expr
}

// Inputs implements [Node].
func (n *Filter) Inputs() []Node { return []Node{n.Input} }

// Schema implements [Node].
func (n *Filter) Schema() []Field { return n.Input.Schema() }

// WithInputs implements [Node].
func (n *Filter) WithInputs(in []Node) Node {
	return &Filter{Input: in[0], Conds: n.Conds}
}

// Prune implements [Node].
func (n *Filter) Prune(used []bool) (Node, [][]bool) {
	return n, [][]bool{readBy(copyUsed(used), n.Conds...)}
}

// Describe implements [Node].
func (n *Filter) Describe() string {
	s := n.Input.Schema()
	return "Filter " + describeList(n.Conds, func(e *Expr) string { return e.text(s) })
}

// copyUsed returns a copy that can be added to; nil stays nil.
func copyUsed(used []bool) []bool {
	if used == nil {
		return nil
	}
	return append([]bool{}, used...)
}
