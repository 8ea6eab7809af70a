package plan

import "github.com/ttlog/ttlog/query/types"

// Window adds columns to its input's: what window functions give in each row.
// The rows stay in their order.
type Window struct {
	Input Node
	Calls []*WindowCall
	// Reads are the columns of the input that somebody above reads, nil for all.
	Reads []bool
}

// WindowCall is a call of a window function.
type WindowCall struct {
	Type      types.Type
	Args      []*Expr
	Of        *Expr // where the result is one of the values of this expression
	Partition []*Expr
	Order     []SortKey
	Frame     WindowFrame
	// Impl computes it. Whoever executes the plan knows its type.
	Impl any
	Text string
}

// WindowFrame is which rows of a partition a row's value is computed from.
type WindowFrame struct {
	// Range says that distances are of the only key of the order, and that the
	// current row stands for all that are equal to it; else rows are counted.
	Range    bool
	From, To FrameEnd
}

// FrameEnd is where a frame begins or ends: so far from the current row, before it
// where Distance is below 0, or with the partition.
type FrameEnd struct {
	Unbounded bool
	Distance  types.Value // NULL for the current row
}

// Inputs implements [Node].
func (n *Window) Inputs() []Node { return []Node{n.Input} }

// WithInputs implements [Node].
func (n *Window) WithInputs(in []Node) Node {
	return &Window{Input: in[0], Calls: n.Calls, Reads: n.Reads}
}

// Schema implements [Node].
func (n *Window) Schema() []Field {
	list := append([]Field{}, n.Input.Schema()...)
	for _, c := range n.Calls {
		f := Field{Name: c.Text, Type: c.Type}
		if c.Of != nil {
			f.Loose, f.Zone = c.Of.Loose, c.Of.Zone
		}
		list = append(list, f)
	}
	return list
}

// Prune implements [Node]. A window none of whose results is read is none.
func (n *Window) Prune(used []bool) (Node, [][]bool) {
	if used == nil {
		return n, [][]bool{nil}
	}
	width := len(used) - len(n.Calls)
	out := &Window{Input: n.Input, Reads: used[:width], Calls: make([]*WindowCall, len(n.Calls))}
	reads, computed := copyUsed(out.Reads), 0
	for i, c := range n.Calls {
		out.Calls[i] = c
		if !used[width+i] {
			left := *c
			left.Impl, left.Args, left.Partition, left.Order = nil, nil, nil, nil
			out.Calls[i] = &left
			continue
		}
		computed++
		reads = readBy(readBy(reads, c.Args...), c.Partition...)
		reads = readByKeys(reads, c.Order)
	}
	if computed > 0 {
		return out, [][]bool{reads}
	}
	p := &Project{Input: n.Input}
	for i, f := range n.Schema() {
		e := Const(f.Type, types.Value{})
		if i < width {
			e = ColumnOf(n.Input, i)
		}
		p.Exprs, p.Names = append(p.Exprs, e), append(p.Names, f.Name)
	}
	return p.Prune(used)
}

// Describe implements [Node].
func (n *Window) Describe() string {
	return "Window " + describeList(n.Calls, func(c *WindowCall) string { return c.Text })
}
