package plan

// Filter keeps the rows that meet all conditions.
type Filter struct {
	Input Node
	Conds []*Expr
}

func (n *Filter) Inputs() []Node  { return []Node{n.Input} }
func (n *Filter) Schema() []Field { return n.Input.Schema() }

func (n *Filter) WithInputs(in []Node) Node {
	return &Filter{Input: in[0], Conds: n.Conds}
}

func (n *Filter) Prune(used []bool) (Node, [][]bool) {
	return n, [][]bool{readBy(copyUsed(used), n.Conds...)}
}

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
