package plan

import "github.com/ttlog/ttlog/query/types"

// Aggregate groups rows by keys: its rows are the keys followed by the
// results of the aggregates. Without keys all rows are one group, which is there
// where no row is.
type Aggregate struct {
	Input Node
	Keys  []*Expr
	Names []string // of the keys
	Aggs  []*AggCall
	Known KnownGroups
}

// KnownGroups says that groups of whole blocks of the table below are to be taken
// from what is known of them unread.
type KnownGroups struct {
	Use      bool
	AnyOrder bool // of the groups
}

// Known is what may be known of a block without reading it.
type Known uint8

// What may be known.
const (
	KnownRows   Known = iota + 1 // how many there are
	KnownBounds                  // the least and the greatest value
)

// Inputs implements [Node].
func (n *Aggregate) Inputs() []Node { return []Node{n.Input} }

// WithInputs implements [Node].
func (n *Aggregate) WithInputs(in []Node) Node {
	out := *n
	out.Input = in[0]
	return &out
}

// Schema implements [Node].
func (n *Aggregate) Schema() []Field {
	var list []Field
	for i, k := range n.Keys {
		list = append(list, k.field(n.Names[i]))
	}
	for _, a := range n.Aggs {
		f := Field{Name: a.Text, Type: a.Type}
		if a.Of != nil {
			f.Loose, f.Zone = a.Of.Loose, a.Of.Zone
		}
		list = append(list, f)
	}
	return list
}

// Prune implements [Node].
func (n *Aggregate) Prune([]bool) (Node, [][]bool) {
	reads := readBy(make([]bool, len(n.Input.Schema())), n.Keys...)
	for _, a := range n.Aggs {
		readBy(reads, a.Args...)
	}
	return n, [][]bool{reads}
}

// Describe implements [Node].
func (n *Aggregate) Describe() string {
	s := n.Input.Schema()
	text := "Aggregate " + describeList(n.Aggs, func(a *AggCall) string { return a.Text })
	if len(n.Aggs) == 0 {
		text = "Aggregate"
	}
	if len(n.Keys) > 0 {
		text += " by " + describeList(n.Keys, func(e *Expr) string { return e.text(s) })
	}
	if n.Known.Use {
		text += "; from metadata where a block is in the time range whole"
	}
	return text
}

// AggCall is a call of an aggregate in a plan.
type AggCall struct {
	Type types.Type
	Args []*Expr
	Of   *Expr // where the result is one of the values of this expression
	// Impl makes what computes it. Whoever executes the plan knows its type.
	Impl any
	Text string
	// Known is what the result follows from, where the arguments are columns.
	Known Known
}
