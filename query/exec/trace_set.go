package exec

import (
	"cmp"
	"context"
	"slices"
	"sort"

	"github.com/ttlog/ttlog/query/eval"
	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/types"
)

// traceSet is traces put together: their spans by trace and span id, and what the
// columns of the structure say of each.
type traceSet struct {
	ids   map[string]uint32
	spans []treeSpan
	texts textList
	// children, above and below are, for each span, the conditions that any child
	// meets, any ancestor, any descendant. These, self and critical are nil where nobody
	// asks for them.
	children, above, below []uint64
	self, critical         []int64
	traces                 []traceFacts // by trace
}

// traceFacts is what is the same for all spans of a trace.
type traceFacts struct {
	root  int32 // of spans
	whole int64 // from the first start to the last end
}

func newTraceSet(ctx context.Context, n *plan.TraceStructure, parts []*spanCollector, acct *eval.Account) (*traceSet, error) {
	t := &traceSet{ids: map[string]uint32{}, texts: newTextList()}
	total := 0
	for _, p := range parts {
		if p == nil {
			continue
		}
		to := make([]uint32, len(p.ids))
		for s, id := range p.ids {
			have, ok := t.ids[s]
			if !ok {
				have = uint32(len(t.ids))
				t.ids[s] = have
			}
			to[id] = have
		}
		texts := make([]uint32, len(p.texts.list))
		for i, s := range p.texts.list {
			texts[i] = t.texts.number(s)
		}
		for i := range p.spans {
			s := &p.spans[i]
			s.trace, s.name, s.svc = to[s.trace], texts[s.name], texts[s.svc]
		}
		if total += len(p.spans); t.spans == nil {
			t.spans = p.spans
		} else {
			t.spans = append(t.spans, p.spans...)
		}
		p.spans = nil
		if err := p.acct.Set(0); err != nil {
			return nil, err
		}
		if err := acct.Set(int64(cap(t.spans))*spanBytes + int64(len(t.ids))*100 + t.texts.bytes); err != nil {
			return nil, err
		}
	}
	err := eval.SortUntil(ctx, t.spans, func(a, b treeSpan) int {
		return cmp.Or(cmp.Compare(a.trace, b.trace), cmp.Compare(a.span, b.span), cmp.Compare(a.seq, b.seq))
	})
	if err != nil {
		return nil, err
	}
	// A span that was sent twice is one.
	t.spans = slices.CompactFunc(t.spans, func(a, b treeSpan) bool { return a.trace == b.trace && a.span == b.span && a.span != 0 })
	size := len(t.spans)
	computed := 0
	if asks(n, "has_child") {
		t.children, computed = make([]uint64, size), computed+1
	}
	if asks(n, "has_ancestor") {
		t.above, computed = make([]uint64, size), computed+1
	}
	if asks(n, "has_descendant") {
		t.below, computed = make([]uint64, size), computed+1
	}
	if asks(n, "self_time") {
		t.self, computed = make([]int64, size), computed+1
	}
	if asks(n, "critical_path") {
		t.critical, computed = make([]int64, size), computed+1
	}
	if err := acct.Set(acct.Held + int64(8*computed*size)); err != nil {
		return nil, err
	}
	t.traces = make([]traceFacts, len(t.ids))
	for lo, round := 0, 0; lo < size; round++ {
		hi := lo + 1
		for hi < size && t.spans[hi].trace == t.spans[lo].trace {
			hi++
		}
		t.build(lo, hi)
		if lo = hi; round%64 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	return t, nil
}

// index returns where the span of an id is among [lo, hi), -1 for nowhere.
func (t *traceSet) index(lo, hi int, id uint64) int {
	i := lo + sort.Search(hi-lo, func(i int) bool { return t.spans[lo+i].span >= id })
	if id != 0 && i < hi && t.spans[i].span == id {
		return i
	}
	return -1
}

// build computes the columns of the trace whose spans are [lo, hi). Spans whose
// parents form a circle hang on no root: they have no ancestors and no share of
// the critical path.
func (t *traceSet) build(lo, hi int) {
	first, last := t.spans[lo].start, int64(0)
	kids := make([][]int32, hi-lo)
	var roots []int32
	for i := lo; i < hi; i++ {
		s := &t.spans[i]
		first, last = min(first, s.start), max(last, s.end())
		p := t.index(lo, hi, s.above)
		if s.parent = int32(p); p >= 0 && p != i {
			kids[p-lo] = append(kids[p-lo], int32(i))
		} else {
			s.parent = -1
			roots = append(roots, int32(i))
		}
	}
	root := int32(lo)
	earlier := func(i, j int32) int {
		a, b := &t.spans[i], &t.spans[j]
		return cmp.Or(cmp.Compare(types.Bit(a.above != 0), types.Bit(b.above != 0)), cmp.Compare(a.start, b.start), cmp.Compare(a.seq, b.seq))
	}
	if len(roots) > 0 {
		root = slices.MinFunc(roots, earlier)
	}
	t.traces[t.spans[lo].trace] = traceFacts{root: root, whole: last - first}
	order := slices.Clone(roots) // parents before children
	for i := 0; i < len(order); i++ {
		p := order[i]
		for _, c := range kids[int(p)-lo] {
			if t.above != nil {
				t.above[c] = t.above[p] | t.spans[p].meets
			}
			order = append(order, c)
		}
	}
	for _, c := range slices.Backward(order) {
		if t.below != nil && t.spans[c].parent >= 0 {
			t.below[t.spans[c].parent] |= t.below[c] | t.spans[c].meets
		}
	}
	for i := lo; i < hi; i++ {
		list := kids[i-lo]
		if t.children != nil {
			for _, c := range list {
				t.children[i] |= t.spans[c].meets
			}
		}
		if t.self != nil {
			t.self[i] = t.selfTime(i, list)
		}
	}
	if t.critical != nil && len(roots) > 0 {
		t.criticalPath(lo, kids, root)
	}
}

func (s *treeSpan) end() int64 {
	if end, ok := types.AddInt(s.start, s.dur); ok {
		return end
	}
	return s.start
}

// selfTime returns the time of a span in which none of its children ran.
func (t *traceSet) selfTime(i int, kids []int32) int64 {
	s := &t.spans[i]
	slices.SortFunc(kids, func(a, b int32) int { return cmp.Compare(t.spans[a].start, t.spans[b].start) })
	left, at := s.dur, s.start
	for _, k := range kids {
		from, to := max(t.spans[k].start, at), min(t.spans[k].end(), s.end())
		if to > from {
			left -= to - from
			at = to
		}
	}
	return left
}

// criticalPath gives each moment of the root span to the span that it waited for:
// backwards from the end, to the child that ended last, and so on in it; what no
// child covers is the span's own.
func (t *traceSet) criticalPath(lo int, kids [][]int32, root int32) {
	type visit struct {
		span        int32
		from, until int64
	}
	stack := []visit{{root, t.spans[root].start, t.spans[root].end()}}
	for len(stack) > 0 {
		v := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		at := v.until
		list := slices.Clone(kids[int(v.span)-lo])
		slices.SortStableFunc(list, func(a, b int32) int { return cmp.Compare(t.spans[b].end(), t.spans[a].end()) })
		for _, c := range list {
			k := &t.spans[c]
			from, to := max(k.start, v.from), min(k.end(), at)
			if to <= from {
				continue
			}
			t.critical[v.span] += at - to
			stack = append(stack, visit{c, from, to})
			at = from
		}
		t.critical[v.span] += max(at-v.from, 0)
	}
}

// find returns where the span of row i is, -1 for nowhere.
func (t *traceSet) find(trace, span *eval.Vec, i int) int {
	if trace.IsNull(i) {
		return -1
	}
	id, ok := t.ids[trace.Strs[trace.Ix(i)]]
	if !ok {
		return -1
	}
	want := idAt(span, i)
	at := sort.Search(len(t.spans), func(j int) bool {
		s := &t.spans[j]
		return s.trace > id || s.trace == id && s.span >= want
	})
	if at < len(t.spans) && t.spans[at].trace == id && t.spans[at].span == want {
		return at
	}
	return -1
}

// value returns what a column says of a span; NULL where there is none.
func (t *traceSet) value(c *plan.StructureCall, at int) types.Value {
	if at < 0 {
		return types.Value{}
	}
	bit := func(set uint64) types.Value { return types.NewBool(set>>c.Cond&1 != 0) }
	s := &t.spans[at]
	facts := &t.traces[s.trace]
	switch c.Name {
	case "has_parent":
		if s.parent < 0 {
			return types.NewBool(false)
		}
		return bit(t.spans[s.parent].meets)
	case "has_child":
		return bit(t.children[at])
	case "has_ancestor":
		return bit(t.above[at])
	case "has_descendant":
		return bit(t.below[at])
	case "self_time":
		return types.NewInt(types.Duration, t.self[at])
	case "critical_path":
		return types.NewInt(types.Duration, t.critical[at])
	case "trace_duration":
		return types.NewInt(types.Duration, facts.whole)
	case "root.name":
		return types.NewString(types.String, t.texts.list[t.spans[facts.root].name])
	case "root.service":
		return types.NewString(types.String, t.texts.list[t.spans[facts.root].svc])
	}
	return types.Value{}
}
