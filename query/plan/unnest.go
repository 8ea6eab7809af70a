package plan

import (
	"slices"

	"github.com/ttlog/ttlog/query/types"
)

// Unnest gives a row for each element of an array: the columns of the input's row,
// and those of the element. A row whose array is empty or NULL gives none.
type Unnest struct {
	Input Node
	Array *Expr // JSON text
	Items []ItemColumn
}

// ItemColumn is a column of an array's elements.
type ItemColumn struct {
	Name string
	Type types.Type
	// Key is what the element calls it, or where it is nested what the
	// element's attributes call it.
	Key    string
	Nested bool
	// Loose says that its type is what was sent.
	Loose bool
}

// Lists names the columns that the elements of known arrays have, besides their
// attributes.
var Lists = map[string][]ItemColumn{
	"events": {
		{Name: "timestamp", Type: types.Time, Key: "time"},
		{Name: "name", Type: types.String, Key: "name"},
		{Name: "attributes", Type: types.Map, Key: "attributes"},
		{Name: "dropped_attributes_count", Type: types.Int, Key: "dropped_attributes_count"},
	},
	"links": {
		{Name: "trace_id", Type: types.ID, Key: "trace_id"},
		{Name: "span_id", Type: types.ID, Key: "span_id"},
		{Name: "trace_state", Type: types.String, Key: "trace_state"},
		{Name: "flags", Type: types.Int, Key: "flags"},
		{Name: "attributes", Type: types.Map, Key: "attributes"},
		{Name: "dropped_attributes_count", Type: types.Int, Key: "dropped_attributes_count"},
	},
}

// Inputs implements [Node].
func (n *Unnest) Inputs() []Node { return []Node{n.Input} }

// WithInputs implements [Node].
func (n *Unnest) WithInputs(in []Node) Node {
	out := *n
	out.Input = in[0]
	return &out
}

// Schema implements [Node].
func (n *Unnest) Schema() []Field {
	list := slices.Clone(n.Input.Schema())
	for _, c := range n.Items {
		list = append(list, Field{Name: c.Name, Type: c.Type, Loose: c.Loose})
	}
	return list
}

// Prune implements [Node].
func (n *Unnest) Prune(used []bool) (Node, [][]bool) {
	reads := make([]bool, len(n.Input.Schema()))
	if used == nil {
		for i := range reads {
			reads[i] = true
		}
	} else {
		copy(reads, used)
	}
	return n, [][]bool{readBy(reads, n.Array)}
}

// Describe implements [Node].
func (n *Unnest) Describe() string {
	text := "Unnest " + n.Array.text(n.Input.Schema())
	if len(n.Items) > 0 {
		text += ": " + describeList(n.Items, func(c ItemColumn) string { return c.Name + " " + types.Name(c.Type) })
	}
	return text
}
