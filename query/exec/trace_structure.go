package exec

import (
	"cmp"
	"context"
	"encoding/binary"
	"iter"
	"slices"
	"strings"

	"github.com/ttlog/ttlog/query/eval"
	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/types"
	"github.com/ttlog/ttlog/storage/column"
)

// structureOp puts the traces of its rows together, then gives the rows with what
// their place in their trace says. It reads trace ids first: of the spans of all
// traces it keeps those of traces that some row is of.
type structureOp struct {
	b                     Builder
	node                  *plan.TraceStructure
	in, spans, candidates Operator
}

func (b Builder) structure(n *plan.TraceStructure) Operator {
	o := &structureOp{b: b, node: n, in: b.Build(n.Rows, manyRows), spans: b.Build(n.Spans, manyRows)}
	if n.Candidates != nil {
		o.candidates = b.Build(n.Candidates, manyRows)
	}
	return o
}

func (o *structureOp) inputs() []Operator {
	if o.candidates == nil {
		return []Operator{o.in, o.spans}
	}
	return []Operator{o.in, o.spans, o.candidates}
}

func (o *structureOp) describe() string {
	return "TraceStructure, " + counted(len(o.node.Calls), "column") + ", " + counted(len(o.node.Conds), "condition")
}

func (o *structureOp) morsels(ctx context.Context, x *Exec) iter.Seq2[morsel, error] {
	return func(yield func(morsel, error) bool) {
		acct := eval.NewAccount(x.Budget, "trace structure")
		defer func() { _ = acct.Set(0) }() // giving back cannot fail
		t, err := o.traces(ctx, x, &acct)
		if err != nil {
			yield(nil, err)
			return
		}
		rows := mapped(o.in.morsels(ctx, x), func(m morsel) morsel { return &structureMorsel{morsel: m, node: o.node, traces: t} })
		rows(yield)
	}
}

// maxTraceIDs is how many trace ids a scan is asked for; where there are more, it
// reads all.
const maxTraceIDs = 1000

// traces puts the traces of the candidates together.
func (o *structureOp) traces(ctx context.Context, x *Exec, acct *eval.Account) (*traceSet, error) {
	wanted, err := o.wanted(ctx, x, acct)
	if err != nil {
		return nil, err
	}
	if scan, ok := o.node.Spans.(*plan.Scan); ok && wanted != nil && len(wanted) <= maxTraceIDs {
		only := *scan
		p := column.Predicate{Op: column.In, Ref: column.Ref{Place: column.PlaceField, Name: "trace_id", Type: types.ID}}
		for id := range wanted {
			p.Values = append(p.Values, column.Value{Type: types.ID, Str: id})
		}
		slices.SortFunc(p.Values, func(a, b column.Value) int { return cmp.Compare(a.Str, b.Str) })
		only.Where = append(slices.Clone(scan.Where), p)
		o.spans = o.b.Build(&only, manyRows)
	}
	parts := make([]*spanCollector, x.workers)
	err = x.each(ctx, o.spans, func(w int, b *batch, seq uint64) error {
		if parts[w] == nil {
			parts[w] = newSpanCollector(o.node, wanted, x.Budget, acct.Stage)
		}
		return b.chunks(eval.ChunkRows, func(ev *eval.Evaluator, row uint64) error { return parts[w].add(ev, seq+row) })
	})
	if err != nil {
		return nil, err
	}
	return newTraceSet(ctx, o.node, parts, acct)
}

// wanted returns the ids of the traces that some row is of, nil for all.
func (o *structureOp) wanted(ctx context.Context, x *Exec, acct *eval.Account) (map[string]bool, error) {
	if o.candidates == nil {
		return nil, nil
	}
	sets := make([]*eval.Interner, x.workers)
	accts := make([]eval.Account, x.workers)
	err := x.each(ctx, o.candidates, func(w int, b *batch, _ uint64) error {
		if sets[w] == nil {
			sets[w], accts[w] = eval.NewInterner(types.ID), eval.NewAccount(x.Budget, acct.Stage)
		}
		return b.chunks(eval.ChunkRows, func(ev *eval.Evaluator, _ uint64) error {
			if sets[w].IDs(ev, o.node.TraceID); ev.Err != nil {
				return ev.Err
			}
			return accts[w].Set(sets[w].Size())
		})
	})
	if err != nil {
		return nil, err
	}
	out := map[string]bool{}
	for w, s := range sets {
		if s == nil {
			continue
		}
		for _, v := range s.List[1:] {
			out[v.Str] = true
		}
		if err := accts[w].Set(0); err != nil {
			return nil, err
		}
	}
	return out, acct.Set(int64(len(out)) * 80)
}

// treeSpan is a span of a trace that is put together.
type treeSpan struct {
	trace       uint32
	parent      int32 // the index of the parent, -1 for none that is stored
	span, above uint64
	start, dur  int64
	seq         uint64
	meets       uint64 // a bit for each condition
	name, svc   uint32 // of the texts, 0 where nobody asks for them
}

// spanBytes is what a span takes without what is computed of it.
const spanBytes = 64

// asks reports whether one of some columns is asked for.
func asks(n *plan.TraceStructure, names ...string) bool {
	return slices.ContainsFunc(n.Calls, func(c *plan.StructureCall) bool { return slices.Contains(names, c.Name) })
}

// textList numbers texts that many spans have, from 0 for none.
type textList struct {
	numbers map[string]uint32
	list    []string
	bytes   int64
}

func newTextList() textList { return textList{numbers: map[string]uint32{}, list: []string{""}} }

func (l *textList) number(s string) uint32 {
	if s == "" {
		return 0
	}
	n, ok := l.numbers[s]
	if !ok {
		n = uint32(len(l.list))
		s = strings.Clone(s)
		l.numbers[s], l.list = n, append(l.list, s)
		l.bytes += int64(len(s)) + 64
	}
	return n
}

// spanCollector is the spans that one worker met.
type spanCollector struct {
	node   *plan.TraceStructure
	wanted map[string]bool
	ids    map[string]uint32 // of the traces
	spans  []treeSpan
	roots  bool // names and services of roots are asked for
	texts  textList
	bytes  int64
	acct   eval.Account
}

func newSpanCollector(n *plan.TraceStructure, wanted map[string]bool, b *eval.Budget, stage string) *spanCollector {
	return &spanCollector{node: n, wanted: wanted, ids: map[string]uint32{}, roots: asks(n, "root.name", "root.service"), texts: newTextList(), acct: eval.NewAccount(b, stage)}
}

func (c *spanCollector) add(ev *eval.Evaluator, seq uint64) error {
	cols := make([]*eval.Vec, len(c.node.SpanCols))
	trace := ev.Vec(c.node.SpanCols[0])
	var keep []int
	for i := range ev.Rows {
		if !trace.IsNull(i) && (c.wanted == nil || c.wanted[trace.Strs[trace.Ix(i)]]) {
			keep = append(keep, i)
		}
	}
	if ev.Err != nil || len(keep) == 0 {
		return ev.Err
	}
	for j, e := range c.node.SpanCols {
		if j < firstRootColumn || c.roots {
			cols[j] = ev.Vec(e)
		}
	}
	conds := make([]*eval.Vec, len(c.node.Conds))
	for j, e := range c.node.Conds {
		conds[j] = ev.Vec(e)
	}
	if ev.Err != nil {
		return ev.Err
	}
	for _, i := range keep {
		s := treeSpan{trace: c.traceID(trace.Strs[trace.Ix(i)]), parent: -1, seq: seq + uint64(i)}
		s.span, s.above = idAt(cols[1], i), idAt(cols[2], i)
		s.start, s.dur = intAt(cols[3], i), max(intAt(cols[4], i), 0)
		if c.roots {
			s.name, s.svc = c.text(cols[5], i), c.text(cols[6], i)
		}
		for j, v := range conds {
			if intAt(v, i) != 0 {
				s.meets |= 1 << j
			}
		}
		c.spans = append(c.spans, s)
	}
	return c.acct.Set(int64(cap(c.spans))*spanBytes + c.bytes + c.texts.bytes)
}

func (c *spanCollector) traceID(s string) uint32 {
	id, ok := c.ids[s]
	if !ok {
		id = uint32(len(c.ids))
		s = string([]byte(s))
		c.ids[s] = id
		c.bytes += 72
	}
	return id
}

// firstRootColumn is the first of plan.StructureSpanNames that is asked of roots alone.
const firstRootColumn = 5

// text returns the number of a text.
func (c *spanCollector) text(v *eval.Vec, i int) uint32 {
	if v.IsNull(i) {
		return 0
	}
	return c.texts.number(v.Strs[v.Ix(i)])
}

// idAt returns a span id as a number, 0 for none.
func idAt(v *eval.Vec, i int) uint64 {
	if v.IsNull(i) {
		return 0
	}
	var b [8]byte
	copy(b[:], v.Strs[v.Ix(i)])
	return binary.BigEndian.Uint64(b[:])
}

func intAt(v *eval.Vec, i int) int64 {
	if v.IsNull(i) {
		return 0
	}
	return v.Ints[v.Ix(i)]
}

// structureMorsel adds the columns to rows.
type structureMorsel struct {
	morsel
	node   *plan.TraceStructure
	traces *traceSet
}

func (m *structureMorsel) run(w *worker, emit func(*batch) error) error {
	return m.morsel.run(w, func(b *batch) error {
		f := &structureFrame{Frame: b.f}
		for _, c := range m.node.Calls {
			v := eval.NewVec(c.Type, b.f.Rows())
			f.more = append(f.more, &eval.Encoded{Entries: v, Bytes: v.Width()})
		}
		err := b.chunks(eval.ChunkRows, func(ev *eval.Evaluator, _ uint64) error {
			trace, span := ev.Vec(m.node.RowIDs[0]), ev.Vec(m.node.RowIDs[1])
			if ev.Err != nil {
				return ev.Err
			}
			for i := range ev.Rows {
				at := m.traces.find(trace, span, i)
				for j, c := range m.node.Calls {
					f.more[j].Entries.Set(int(ev.Chunk.Row(i)), m.traces.value(c, at))
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		out := batch{w: w, f: f, sel: b.sel, all: b.all, base: b.base}
		err = emit(&out)
		if out.ev != nil {
			w.depth--
		}
		return err
	})
}

// structureFrame is a frame with columns behind its own.
type structureFrame struct {
	eval.Frame
	more []*eval.Encoded
}

// Width implements [eval.Frame].
func (f *structureFrame) Width() int { return f.Frame.Width() + len(f.more) }

// Column implements [eval.Frame].
func (f *structureFrame) Column(i int) (*eval.Encoded, error) {
	if n := f.Frame.Width(); i >= n {
		return f.more[i-n], nil
	}
	return f.Frame.Column(i)
}
