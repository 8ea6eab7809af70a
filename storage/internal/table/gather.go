package table

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/storage/column"
)

// Loc names a row: row Row of source number Src.
type Loc struct{ Src, Row uint32 }

// Gather appends rows of srcs to dst, in the order of locs. Where share is
// set, dst keeps the strings of srcs instead of copies. It fails only where a
// source is read from a part that is damaged; dst is then of no use.
func Gather(dst *Chunk, srcs []*Chunk, locs []Loc, share bool) error {
	g := gatherer{share: share}
	groups := make([]*Group, len(srcs))
	g.scopes = make([]memo, len(srcs))
	for i, s := range srcs {
		groups[i] = &s.Rows
		if err := s.Resources.Ensure(); err != nil {
			return err
		}
		if err := s.Rows.Leaves[LeafScope].Ensure(); err != nil {
			return err
		}
	}
	if err := g.scopeCodes(dst, srcs, locs); err != nil {
		return err
	}
	return g.group(&dst.Rows, groups, locs, true)
}

// GatherClustered returns the rows of srcs named by locs, which stand by time,
// in the order in which they are stored; see clusters. Trace ids have their
// codes in the order in which traces begin, which is what makes the codes of
// rows that are sorted by time small steps.
func GatherClustered(srcs []*Chunk, locs []Loc) (*Chunk, error) {
	for _, s := range srcs {
		if err := s.EnsureAll(); err != nil {
			return nil, err
		}
	}
	if srcs[0].Signal == otlpwire.Metrics && len(srcs) > 1 {
		// Series are told apart by the codes of one chunk.
		all := NewChunk(otlpwire.Metrics)
		if err := Gather(all, srcs, locs, true); err != nil {
			return nil, err
		}
		srcs, locs = []*Chunk{all}, appendRows(make([]Loc, 0, len(locs)), 0, len(locs))
	}
	order, err := clusters(srcs, locs)
	if err != nil {
		return nil, err
	}
	dst := NewChunk(srcs[0].Signal)
	g := gatherer{share: true, fresh: len(srcs) == 1, scopes: make([]memo, len(srcs)), byTime: locs, choose: true}
	if err := g.scopeCodes(dst, srcs, order); err != nil {
		return nil, err
	}
	groups := make([]*Group, len(srcs))
	for i, s := range srcs {
		groups[i] = &s.Rows
	}
	return dst, g.group(&dst.Rows, groups, order, true)
}

type gatherer struct {
	share bool
	// fresh says that dst is empty and there is one source: its strings are
	// distinct, so that no dictionary of dst has to look for them.
	fresh bool
	// byTime has the rows of the outermost group in order of time, where they
	// are gathered in another order: trace ids get their codes in this one.
	byTime []Loc
	// choose says that the keys that occur most often are to have columns,
	// where there are more than there can be columns. Otherwise those have some
	// that come first.
	choose bool
	chosen bool   // they were chosen: whole messages may have columns now
	scopes []memo // by source: its scope codes in terms of dst
	buf    []byte
}

// scopeCodes gathers the scopes, whose strings hold resource numbers that
// differ between chunks.
func (g *gatherer) scopeCodes(dst *Chunk, srcs []*Chunk, locs []Loc) error {
	leaf := &dst.Rows.Leaves[LeafScope]
	for k, l := range locs {
		src := srcs[l.Src]
		from := src.Rows.Leaves[LeafScope].Code(int(l.Row))
		if from == 0 {
			continue
		}
		m := &g.scopes[l.Src]
		if !m.made() {
			*m = newMemo(len(src.Rows.Leaves[LeafScope].Dict.Values), len(locs))
		}
		code := m.get(from)
		if code == 0 {
			resource, scope, err := src.SplitScope(from)
			if err != nil {
				return err
			}
			number := dst.Resources.Dict.codeString(resource, g.share)
			g.buf = binary.LittleEndian.AppendUint32(g.buf[:0], number)
			g.buf = append(g.buf, scope...)
			code = leaf.Dict.code(g.buf)
			m.set(from, code)
		}
		leaf.setCode(dst.Rows.N+k, code)
	}
	return nil
}

// SplitScope returns what scope code stands for: the fields of the resource
// message and of the scope message. The scope leaf and the resources must be
// loaded.
func (c *Chunk) SplitScope(code uint32) (resource, scope string, err error) {
	values := c.Rows.Leaves[LeafScope].Dict.Values
	if int(code) >= len(values) {
		return "", "", fmt.Errorf("scope %d of %d", code, len(values))
	}
	if resource, scope, err = c.splitScope(values[code]); err != nil {
		err = fmt.Errorf("scope %d: %w", code, err)
	}
	return resource, scope, err
}

// splitScope is SplitScope for an entry of the dictionary of scopes.
func (c *Chunk) splitScope(s string) (resource, scope string, err error) {
	if s == "" {
		return "", "", nil
	}
	if len(s) < 4 {
		return "", "", fmt.Errorf("%d bytes", len(s))
	}
	r := binary.LittleEndian.Uint32([]byte(s[:4]))
	if c.Resources.why != nil {
		return "", s[4:], nil //nolint:nilerr // it is lost, and counted
	}
	if int(r) >= len(c.Resources.Dict.Values) {
		return "", "", fmt.Errorf("resource %d of %d", r, len(c.Resources.Dict.Values))
	}
	return c.Resources.Dict.Values[r], s[4:], nil
}

func (g *gatherer) group(dst *Group, srcs []*Group, locs []Loc, top bool) error {
	for i := range dst.Leaves {
		if top && i == LeafScope {
			continue
		}
		pick := func(s *Group) *Leaf { return &s.Leaves[i] }
		if err := g.leaf(&dst.Leaves[i], dst.N, srcs, pick, locs, top); err != nil {
			return err
		}
	}
	for i := range dst.Sets {
		sets := make([]*AttrSet, len(srcs))
		for k, s := range srcs {
			sets[k] = &s.Sets[i]
		}
		if err := g.attrs(&dst.Sets[i], dst.N, sets, srcs, locs); err != nil {
			return err
		}
	}
	for i := range dst.Lists {
		if err := g.list(dst, i, srcs, locs); err != nil {
			return err
		}
	}
	dst.N += len(locs)
	return nil
}

// leaf gathers one plain column into dst, from row at on.
func (g *gatherer) leaf(dst *Leaf, at int, srcs []*Group, pick func(*Group) *Leaf, locs []Loc, top bool) error {
	leaves := make([]*Leaf, len(srcs))
	used := false
	for i, s := range srcs {
		leaves[i] = pick(s)
		if err := leaves[i].Ensure(); err != nil {
			return err
		}
		used = used || !leaves[i].Empty()
	}
	if !used || len(locs) == 0 {
		return nil
	}
	g.reserve(dst, at+len(locs))
	if dst.Kind != KindString && dst.Kind != KindTrace {
		for k, l := range locs {
			dst.setInt(at+k, leaves[l.Src].Int(int(l.Row)))
		}
		return nil
	}
	maps := make([]memo, len(srcs))
	if dst.Kind == KindTrace && top && g.byTime != nil {
		for _, l := range g.byTime {
			src := leaves[l.Src]
			g.mapCode(dst.Dict, src.Dict, src.Code(int(l.Row)), &maps[l.Src], len(locs))
		}
	}
	for k, l := range locs {
		src := leaves[l.Src]
		dst.setCode(at+k, g.mapCode(dst.Dict, src.Dict, src.Code(int(l.Row)), &maps[l.Src], len(locs)))
	}
	return nil
}

// mapCode returns the code in dst of a source's string, and remembers it in m,
// which is going to be used about so many times.
func (g *gatherer) mapCode(dst, src *Dict, from uint32, m *memo, uses int) uint32 {
	if from == 0 {
		return 0
	}
	if !m.made() {
		*m = newMemo(len(src.Values), uses)
		if g.fresh {
			dst.Values = slices.Grow(dst.Values, min(len(src.Values), uses))
		}
	}
	code := m.get(from)
	if code == 0 {
		code = g.intern(dst, src, from)
		m.set(from, code)
	}
	return code
}

// intern returns the code of a source's string in a dictionary of dst.
func (g *gatherer) intern(d, src *Dict, code uint32) uint32 {
	if g.fresh {
		return d.append(src.Values[code])
	}
	return d.codeOf(src, code, g.share)
}

// reserve makes room for n values where it is known that all will come.
func (g *gatherer) reserve(l *Leaf, n int) {
	if !g.share || !l.Empty() {
		return
	}
	switch l.Kind {
	case KindString, KindTrace:
		l.Codes = make([]uint32, 0, n)
	default:
		l.Ints = make([]int64, 0, n)
	}
}

// list gathers list number i of a group.
func (g *gatherer) list(dst *Group, i int, srcs []*Group, locs []Loc) error {
	to := &dst.Lists[i]
	items := make([]*Group, len(srcs))
	starts := make([][]uint32, len(srcs))
	found := false
	for k, s := range srcs {
		l := &s.Lists[i]
		if err := l.Counts.Ensure(); err != nil {
			return err
		}
		items[k] = &l.Items
		if l.Items.N > 0 {
			found = true
			starts[k] = l.itemStarts(s.N)
		}
	}
	if !found {
		return nil
	}
	var inner []Loc
	for k, l := range locs {
		st := starts[l.Src]
		if st == nil {
			continue
		}
		from, end := st[l.Row], st[l.Row+1]
		to.Counts.setInt(dst.N+k, int64(end-from))
		for ; from < end; from++ {
			inner = append(inner, Loc{l.Src, from})
		}
	}
	to.starts = nil
	return g.group(&to.Items, items, inner, false)
}

// attrSource is what gathering needs to know of a source's attribute set.
type attrSource struct {
	set            *AttrSet
	starts, values []uint32
	uses           int  // how many rows are gathered, about
	shapes         memo // by shape: its number in plans, plus 1
	plans          []shapePlan
	index          memo // by column: its number in cols, plus 1
	cols           []*attrTarget
}

// shapePlan says where the attributes of the rows of one shape go.
type shapePlan struct {
	shape uint32 // in dst
	exact bool   // every attribute has its column in dst
	cols  []*attrTarget
}

// attrTarget is where the values of a source's column go.
type attrTarget struct {
	from, to *AttrCol
	number   int32 // of to, -1 for the overflow column of whole messages
	codes    memo
}

// attrs gathers an attribute set into dst, from row at on.
func (g *gatherer) attrs(dst *AttrSet, at int, sets []*AttrSet, groups []*Group, locs []Loc) error {
	sources := make([]attrSource, len(sets))
	found := false
	for i, s := range sets {
		if err := s.ensureAll(); err != nil {
			return err
		}
		if len(s.Cols) == 0 {
			continue
		}
		found = true
		starts, values := s.positions(groups[i].N)
		sources[i] = attrSource{
			set: s, starts: starts, values: values, uses: len(locs),
			shapes: newMemo(len(s.Shapes), len(locs)), index: newMemo(len(s.Cols), len(locs)),
		}
	}
	if !found {
		return nil
	}
	if g.choose {
		fresh := g.fresh
		g.chosen = dst.choose(sets)
		// A column may get a value from two places then.
		g.fresh = fresh && !g.chosen
		defer func() { g.fresh, g.chosen = fresh, false }()
	}
	for k, l := range locs {
		src := &sources[l.Src]
		if src.set == nil {
			continue
		}
		shape := src.set.Shape.Code(int(l.Row))
		if shape == 0 {
			continue
		}
		n := src.shapes.get(shape)
		if n == 0 {
			src.plans = append(src.plans, g.plan(dst, src, src.set.Shapes[shape]))
			n = uint32(len(src.plans))
			src.shapes.set(shape, n)
		}
		plan := &src.plans[n-1]
		values := src.values[src.starts[l.Row]:]
		if !plan.exact {
			g.attrsOneByOne(dst, at+k, plan, values)
			continue
		}
		for j, t := range plan.cols {
			g.attr(t, int(values[j]), src.uses)
		}
		dst.Shape.setCode(at+k, plan.shape)
		dst.total += len(plan.cols)
	}
	return nil
}

// plan finds the columns of dst for a shape of src.
func (g *gatherer) plan(dst *AttrSet, src *attrSource, shape []uint32) shapePlan {
	p := shapePlan{exact: true}
	var cols []uint32
	for _, c := range shape {
		n := src.index.get(c)
		if n == 0 {
			src.cols = append(src.cols, g.target(dst, src.set.Cols[c], src.uses))
			n = uint32(len(src.cols))
			src.index.set(c, n)
		}
		t := src.cols[n-1]
		p.cols = append(p.cols, t)
		p.exact = p.exact && t.number >= 0 && (t.from.Type != TypeRaw || !g.chosen)
		cols = append(cols, uint32(t.number))
	}
	if p.exact {
		p.shape = dst.shapeOf(cols)
	}
	return p
}

// attr adds value number i of a source's column.
func (g *gatherer) attr(t *attrTarget, i, uses int) {
	from, to := &t.from.Leaf, &t.to.Leaf
	switch {
	case t.from.Type == column.TypeNone:
	case from.Kind == KindString:
		to.setCode(t.to.N, g.mapCode(to.Dict, from.Dict, from.Code(i), &t.codes, uses))
	default:
		to.setInt(t.to.N, from.Int(i))
	}
	t.to.N++
}

// attrsOneByOne adds the attributes of a row some of which dst has no column
// for: those become whole messages, of which any may need the overflow column.
func (g *gatherer) attrsOneByOne(dst *AttrSet, row int, p *shapePlan, values []uint32) {
	for j, t := range p.cols {
		i := int(values[j])
		switch {
		case t.from.Type == TypeRaw && g.chosen:
			_ = dst.addMessage(row, bytesOf(t.from.Leaf.Str(i))) // it was checked
			continue
		case t.number < 0:
			v := t.from.at(i)
			dst.addRaw(row, v.appendKeyValue(nil, []byte(t.from.Key)))
			continue
		}
		g.attr(t, i, len(values))
		dst.push(row, uint32(t.number))
	}
	dst.endRow(row)
}

// target returns where the values of a source's column go, of which a row
// mostly has one.
func (g *gatherer) target(dst *AttrSet, from *AttrCol, rows int) *attrTarget {
	t := &attrTarget{from: from, number: dst.columnLike(from)}
	if t.number < 0 {
		return t
	}
	t.to = dst.Cols[t.number]
	if from.Type != column.TypeNone && !from.Leaf.Empty() {
		g.reserve(&t.to.Leaf, min(from.N, rows))
	}
	return t
}

// ensureAll loads the set with all its columns.
func (s *AttrSet) ensureAll() error {
	if err := s.Ensure(); err != nil {
		return err
	}
	for _, c := range s.Cols {
		if err := c.Leaf.Ensure(); err != nil {
			return err
		}
	}
	return nil
}

// Weight returns a function that tells how many rows, items and attributes a
// row stands for. The chunk must be loaded.
func (c *Chunk) Weight() func(row uint32) int {
	sums := c.Rows.weights()
	return func(row uint32) int { return sums[row+1] - sums[row] }
}

// weights returns the running sums of the rows' weights.
func (g *Group) weights() []int {
	sums := make([]int, g.N+1)
	for i := range g.N {
		w := 1
		for k := range g.Sets {
			w += len(g.Sets[k].ShapeAt(i))
		}
		sums[i+1] = w
	}
	for k := range g.Lists {
		l := &g.Lists[k]
		if l.Items.N == 0 {
			continue
		}
		inner, starts := l.Items.weights(), prefixSums(l.Counts.Ints, g.N)
		for i := range g.N {
			sums[i+1] += inner[starts[i+1]] - inner[starts[i]]
		}
	}
	for i := range g.N {
		sums[i+1] += sums[i]
	}
	return sums
}
