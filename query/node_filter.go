package query

// filterNode keeps the rows that meet all conditions.
type filterNode struct {
	in    planNode
	conds []*expr
}

func (n *filterNode) inputs() []planNode  { return []planNode{n.in} }
func (n *filterNode) schema() []planField { return n.in.schema() }

func (n *filterNode) withInputs(in []planNode) planNode {
	return &filterNode{in: in[0], conds: n.conds}
}

func (n *filterNode) prune(used []bool) (planNode, [][]bool) {
	return n, [][]bool{readBy(copyUsed(used), n.conds...)}
}

func (n *filterNode) describe() string {
	s := n.in.schema()
	return "Filter " + describeList(n.conds, func(e *expr) string { return e.text(s) })
}

// copyUsed returns a copy that can be added to; nil stays nil.
func copyUsed(used []bool) []bool {
	if used == nil {
		return nil
	}
	return append([]bool{}, used...)
}
