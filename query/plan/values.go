package plan

import "github.com/ttlog/ttlog/query/types"

// Values is rows that are known before the query runs.
type Values struct {
	Name   string
	Fields []Field
	Rows   [][]types.Value
}

// Inputs implements [Node].
func (n *Values) Inputs() []Node { return nil }

// WithInputs implements [Node].
func (n *Values) WithInputs([]Node) Node { return n }

// Prune implements [Node].
func (n *Values) Prune([]bool) (Node, [][]bool) { return n, nil }

// Schema implements [Node].
func (n *Values) Schema() []Field { return n.Fields }

// Describe implements [Node].
func (n *Values) Describe() string { return "Values " + n.Name }
