package sql

import (
	"slices"
	"strings"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/types"
)

// structureColumns are the columns of the structure of traces, structureTests the
// functions of a condition on other spans.
var (
	structureColumns = map[string]types.Type{
		"self_time": types.Duration, "critical_path": types.Duration, "trace_duration": types.Duration,
		"root.name": types.String, "root.service": types.String,
	}
	structureTests = []string{"has_ancestor", "has_descendant", "has_child", "has_parent"}
)

// maxStructureConds is how many different conditions on other spans there may be:
// spans note in 64 bits which they meet.
const maxStructureConds = 64

// structureScope is what a SELECT asks of the structure of traces.
type structureScope struct {
	sc    *scope // of the spans that conditions are about
	node  plan.TraceStructure
	conds []node
}

// structure puts the structure of traces behind the table. Conditions that it has
// no part in choose rows first: only their traces have to be put together.
func (s *selectParts) withStructure(scan *plan.Scan) plan.Node {
	t := &s.structure.node
	width := len(scan.Schema())
	var below, above []*plan.Expr
	for _, e := range s.where {
		if plan.Reads(e, func(i int) bool { return i >= firstStructure }) {
			above = append(above, e)
		} else {
			below = append(below, e)
		}
	}
	s.where, t.Rows = above, scan
	if len(below) > 0 {
		t.Rows = &plan.Filter{Input: scan, Conds: below}
		t.Candidates = t.Rows
	}
	t.Spans = &plan.Scan{Table: scan.Table, Signal: scan.Signal, Cols: s.structure.sc.only().cols}
	s.renumberInput(plan.Numbered(func(i int) int {
		if i < firstStructure || i >= firstWindow {
			return i
		}
		return i - firstStructure + width
	}))
	return t
}

// structureColumn binds a name that is a column of the structure, and returns nil
// for others.
func (b *binder) structureColumn(name string, n node) *plan.Expr {
	name = strings.ToLower(name)
	t, ok := structureColumns[name]
	if !ok || b.sc.tableOnly(otlpwire.Traces) == nil {
		return nil
	}
	return b.structureCall(n, plan.StructureCall{Name: name, Type: t, Text: name})
}

// structureTest binds has_ancestor(condition) and its like.
func (b *binder) structureTest(n *callNode) *plan.Expr {
	switch {
	case b.sc.tableOnly(otlpwire.Traces) == nil:
		return b.Fail(n.pos, "%s is for spans", n.name)
	case len(n.args) != 1 || n.star || n.distinct || n.filter != nil:
		return b.Fail(n.pos, "%s takes a condition on other spans of the trace, such as %s(service = 'api')", n.name, n.name)
	}
	call := plan.StructureCall{Name: n.name, Type: types.Bool, Text: types.Clip(nodeString(n))}
	s := b.traceStructure(n)
	if s == nil {
		return plan.Null()
	}
	if call.Cond = slices.IndexFunc(s.conds, func(x node) bool { return equalNodes(x, n.args[0]) }); call.Cond < 0 {
		if call.Cond = len(s.conds); call.Cond == maxStructureConds {
			return b.Fail(n.pos, "more than %d conditions on other spans", maxStructureConds)
		}
		outer := *b
		b.sc, b.agg, b.windows, b.structure, b.deep, b.aliases = s.sc, nil, nil, nil, 0, nameIndex[node]{}
		b.inStructure = true
		cond := b.Condition(b.expr(n.args[0]), n.args[0])
		b.sc, b.agg, b.windows, b.structure, b.deep, b.aliases = outer.sc, outer.agg, outer.windows, outer.structure, outer.deep, outer.aliases
		b.inStructure = false
		s.conds, s.node.Conds = append(s.conds, n.args[0]), append(s.node.Conds, cond)
	}
	return b.structureCall(n, call)
}

func (b *binder) structureCall(n node, c plan.StructureCall) *plan.Expr {
	s := b.traceStructure(n)
	if s == nil {
		return plan.Null()
	}
	i := slices.IndexFunc(s.node.Calls, func(x *plan.StructureCall) bool { return x.Name == c.Name && x.Cond == c.Cond })
	if i < 0 {
		i = len(s.node.Calls)
		s.node.Calls = append(s.node.Calls, &c)
	}
	return b.input(plan.Column(firstStructure+i, c.Type), n)
}

// traceStructure returns what the SELECT asks of the structure of traces.
func (b *binder) traceStructure(n node) *structureScope {
	if b.inStructure {
		b.Fail(n.At(), "%s cannot stand in a condition on other spans", types.Clip(nodeString(n)))
		return nil
	}
	if b.structure != nil {
		return b.structure
	}
	spans := b.sc.only()
	r := &relation{table: true, sig: spans.sig, name: spans.name, alias: spans.alias, attrs: spans.attrs, index: map[string]int{}}
	s := &structureScope{sc: &scope{}}
	s.sc.add(r)
	for _, name := range plan.StructureSpanNames {
		e, _ := s.sc.fixed(r, name)
		s.node.SpanCols = append(s.node.SpanCols, e)
	}
	for i, name := range plan.StructureSpanNames[:2] {
		s.node.RowIDs[i], _ = b.sc.fixed(spans, name)
	}
	s.node.TraceID = s.node.RowIDs[0]
	b.structure = s
	return s
}
