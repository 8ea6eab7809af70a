package plan

import "github.com/ttlog/ttlog/query/types"

// Project computes columns from its input's.
type Project struct {
	Input Node
	Exprs []*Expr
	Names []string
}

// Inputs implements [Node].
func (n *Project) Inputs() []Node { return []Node{n.Input} }

// WithInputs implements [Node].
func (n *Project) WithInputs(in []Node) Node {
	return &Project{Input: in[0], Exprs: n.Exprs, Names: n.Names}
}

// Schema implements [Node].
func (n *Project) Schema() []Field {
	list := make([]Field, len(n.Exprs))
	for i, e := range n.Exprs {
		list[i] = e.field(n.Names[i])
	}
	return list
}

// Prune implements [Node].
func (n *Project) Prune(used []bool) (Node, [][]bool) {
	out := &Project{Input: n.Input, Exprs: n.Exprs, Names: n.Names}
	if used != nil {
		out.Exprs = make([]*Expr, len(n.Exprs))
		for i, e := range n.Exprs {
			if out.Exprs[i] = e; !used[i] && !e.IsConst() {
				c := Const(e.Type, types.Value{})
				c.Loose, c.Zone = e.Loose, e.Zone
				out.Exprs[i] = c
			}
		}
	}
	return out, [][]bool{readBy(make([]bool, len(n.Input.Schema())), out.Exprs...)}
}

// Describe implements [Node].
func (n *Project) Describe() string {
	s, i := n.Input.Schema(), -1
	return "Project " + describeList(n.Exprs, func(e *Expr) string {
		i++
		text := e.text(s)
		if text == n.Names[i] {
			return text
		}
		return text + " AS " + types.Clip(n.Names[i])
	})
}
