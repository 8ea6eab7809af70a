package plan

import "github.com/ttlog/ttlog/query/types"

// TraceStructure adds columns to spans: what their place in their trace says. The
// trace is all that is stored of it, whatever the rows leave out.
type TraceStructure struct {
	Rows Node
	// Candidates are the rows with their trace ids only: those of the traces that
	// have to be put together. Nil is for all traces.
	Candidates Node
	Spans      Node // the spans of all traces
	// RowIDs are the trace and span ids of the rows, TraceID is that of the
	// candidates, SpanCols are StructureSpanNames of the spans.
	RowIDs   [2]*Expr
	TraceID  *Expr
	SpanCols []*Expr
	Conds    []*Expr // conditions of calls, on spans
	Calls    []*StructureCall
}

// StructureSpanNames are the columns of spans that their traces are made of.
var StructureSpanNames = []string{"trace_id", "span_id", "parent_span_id", "timestamp", "duration", "name", "service"}

// StructureCall is one of the columns.
type StructureCall struct {
	Name string
	Type types.Type
	Cond int // of Conds, where the call has one
	Text string
}

// Inputs implements [Node].
func (n *TraceStructure) Inputs() []Node {
	if n.Candidates == nil {
		return []Node{n.Rows, n.Spans}
	}
	return []Node{n.Rows, n.Spans, n.Candidates}
}

// WithInputs implements [Node].
func (n *TraceStructure) WithInputs(in []Node) Node {
	out := *n
	out.Rows, out.Spans = in[0], in[1]
	if len(in) > 2 {
		out.Candidates = in[2]
	}
	return &out
}

// Schema implements [Node].
func (n *TraceStructure) Schema() []Field {
	list := append([]Field{}, n.Rows.Schema()...)
	for _, c := range n.Calls {
		list = append(list, Field{Name: c.Text, Type: c.Type})
	}
	return list
}

// Prune implements [Node].
func (n *TraceStructure) Prune(used []bool) (Node, [][]bool) {
	rows := used
	if used != nil {
		rows = readBy(copyUsed(used[:len(used)-len(n.Calls)]), n.RowIDs[:]...)
	}
	spans := readBy(make([]bool, len(n.Spans.Schema())), append(append([]*Expr{}, n.SpanCols...), n.Conds...)...)
	reads := [][]bool{rows, spans}
	if n.Candidates != nil {
		reads = append(reads, readBy(make([]bool, len(n.Candidates.Schema())), n.TraceID))
	}
	return n, reads
}

// Describe implements [Node].
func (n *TraceStructure) Describe() string {
	return "TraceStructure " + describeList(n.Calls, func(c *StructureCall) string { return c.Text })
}

// Reads reports whether an expression reads a column that is one of those asked
// for.
func Reads(e *Expr, is func(column int) bool) bool {
	found := false
	walkExprs([]*Expr{e}, func(e *Expr) { found = found || e.IsCol() && is(e.Column) })
	return found
}
