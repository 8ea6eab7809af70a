package plan

import "github.com/ttlog/ttlog/query/types"

// FillMode is what stands in buckets of time that have no rows.
type FillMode int

// The modes.
const (
	FillValue    FillMode = iota // a constant, or NULL
	FillPrevious                 // what the last bucket before has that is there
	FillLinear                   // the straight line between the buckets around
)

// TimeFill adds the buckets of time that an aggregate has no rows for, to each
// combination of the other keys. Its rows are in the order of the combinations'
// first rows, and then of time.
type TimeFill struct {
	Input    Node
	Keys     int // how many columns are keys; the others are filled
	Bucket   int // the key that is a bucket
	Width    int64
	From, To int64 // of the time that is filled, 0 for that of the rows; to is behind the last
	Mode     FillMode
	Value    types.Value
	Text     string
}

// ValueOf returns the constant in a column of type t, NULL where it does not fit. A
// number is nanoseconds of a duration.
func (n *TimeFill) ValueOf(t types.Type) types.Value {
	if n.Value.Type == types.Int && t == types.Duration {
		return types.NewInt(t, n.Value.Int)
	}
	return types.Convert(n.Value, t)
}

// Inputs implements [Node].
func (n *TimeFill) Inputs() []Node { return []Node{n.Input} }

// WithInputs implements [Node].
func (n *TimeFill) WithInputs(in []Node) Node {
	out := *n
	out.Input = in[0]
	return &out
}

// Schema implements [Node].
func (n *TimeFill) Schema() []Field { return n.Input.Schema() }

// Prune implements [Node].
func (n *TimeFill) Prune(used []bool) (Node, [][]bool) {
	used = copyUsed(used)
	for i := range min(n.Keys, len(used)) {
		used[i] = true
	}
	return n, [][]bool{used}
}

// Describe implements [Node].
func (n *TimeFill) Describe() string { return "TimeFill " + n.Text }
