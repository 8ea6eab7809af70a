package query

// aggregateNode groups rows by keys: its rows are the keys followed by the
// results of the aggregates. Without keys all rows are one group, which is there
// where no row is.
type aggregateNode struct {
	in    planNode
	keys  []*expr
	names []string // of the keys
	aggs  []*aggCall
}

func (n *aggregateNode) inputs() []planNode { return []planNode{n.in} }

func (n *aggregateNode) withInputs(in []planNode) planNode {
	out := *n
	out.in = in[0]
	return &out
}

func (n *aggregateNode) schema() []planField {
	var list []planField
	for i, k := range n.keys {
		list = append(list, k.field(n.names[i]))
	}
	for _, a := range n.aggs {
		f := planField{name: a.text, typ: a.typ}
		if a.of != nil {
			f.loose, f.zone = a.of.loose, a.of.zone
		}
		list = append(list, f)
	}
	return list
}

func (n *aggregateNode) prune([]bool) (planNode, [][]bool) {
	reads := readBy(make([]bool, len(n.in.schema())), n.keys...)
	for _, a := range n.aggs {
		readBy(reads, a.args...)
	}
	return n, [][]bool{reads}
}

func (n *aggregateNode) describe() string {
	s := n.in.schema()
	text := "Aggregate " + describeList(n.aggs, func(a *aggCall) string { return a.text })
	if len(n.aggs) == 0 {
		text = "Aggregate"
	}
	if len(n.keys) > 0 {
		text += " by " + describeList(n.keys, func(e *expr) string { return e.text(s) })
	}
	return text
}

// aggCall is a call of an aggregate in a plan.
type aggCall struct {
	typ  Type
	args []*expr
	of   *expr // where the result is one of the values of this expression
	// impl makes what computes it. Whoever executes the plan knows its type.
	impl any
	text string
}
