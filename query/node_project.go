package query

// projectNode computes columns from its input's.
type projectNode struct {
	in    planNode
	exprs []*expr
	names []string
}

func (n *projectNode) inputs() []planNode { return []planNode{n.in} }

func (n *projectNode) withInputs(in []planNode) planNode {
	return &projectNode{in: in[0], exprs: n.exprs, names: n.names}
}

func (n *projectNode) schema() []planField {
	list := make([]planField, len(n.exprs))
	for i, e := range n.exprs {
		list[i] = e.field(n.names[i])
	}
	return list
}

func (n *projectNode) prune(used []bool) (planNode, [][]bool) {
	out := &projectNode{in: n.in, exprs: n.exprs, names: n.names}
	if used != nil {
		out.exprs = make([]*expr, len(n.exprs))
		for i, e := range n.exprs {
			if out.exprs[i] = e; !used[i] && !e.isConst() {
				c := constExpr(e.typ, value{})
				c.loose, c.zone = e.loose, e.zone
				out.exprs[i] = c
			}
		}
	}
	return out, [][]bool{readBy(make([]bool, len(n.in.schema())), out.exprs...)}
}

func (n *projectNode) describe() string {
	s, i := n.in.schema(), -1
	return "Project " + describeList(n.exprs, func(e *expr) string {
		i++
		text := e.text(s)
		if text == n.names[i] {
			return text
		}
		return text + " AS " + clip(n.names[i])
	})
}
