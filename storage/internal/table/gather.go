package table

import (
	"encoding/binary"
	"fmt"

	"github.com/ttlog/ttlog/storage/column"
)

// Loc names a row: row Row of source number Src.
type Loc struct{ Src, Row uint32 }

// Gather appends rows of srcs to dst, in the order of locs. Where share is
// set, dst keeps the strings of srcs instead of copies. It fails only where a
// source is read from a part that is damaged; dst is then of no use.
func Gather(dst *Chunk, srcs []*Chunk, locs []Loc, share bool) error {
	g := gatherer{share: share, fresh: share && len(srcs) == 1 && dst.Rows.N == 0}
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

// Reorder returns the rows of src in the given order. Trace ids keep their
// codes: they were given in the order in which traces begin, which is what
// makes the codes of rows that are sorted by time small steps.
func Reorder(src *Chunk, order []uint32) (*Chunk, error) {
	dst := NewChunk(src.Signal)
	locs := make([]Loc, len(order))
	for i, row := range order {
		locs[i].Row = row
	}
	g := gatherer{share: true, fresh: true, keepTraces: true, scopes: make([]memo, 1)}
	if err := g.scopeCodes(dst, []*Chunk{src}, locs); err != nil {
		return nil, err
	}
	if err := g.group(&dst.Rows, []*Group{&src.Rows}, locs, true); err != nil {
		return nil, err
	}
	return dst, nil
}

type gatherer struct {
	share bool
	// fresh says that dst is empty and there is one source: its strings are
	// distinct, so that no dictionary of dst has to look for them.
	fresh bool
	// keepTraces takes over dictionaries of trace ids as they are. There is
	// one source then, and dst is empty.
	keepTraces bool
	scopes     []memo // by source: its scope codes in terms of dst
	buf        []byte
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
	s := values[code]
	if s == "" {
		return "", "", nil
	}
	if len(s) < 4 {
		return "", "", fmt.Errorf("scope %d has %d bytes", code, len(s))
	}
	r := binary.LittleEndian.Uint32([]byte(s[:4]))
	if int(r) >= len(c.Resources.Dict.Values) {
		return "", "", fmt.Errorf("scope %d names resource %d of %d", code, r, len(c.Resources.Dict.Values))
	}
	return c.Resources.Dict.Values[r], s[4:], nil
}

func (g *gatherer) group(dst *Group, srcs []*Group, locs []Loc, top bool) error {
	for i := range dst.Leaves {
		if top && i == LeafScope {
			continue
		}
		if err := g.leaf(&dst.Leaves[i], dst.N, len(locs), srcs, func(s *Group) *Leaf { return &s.Leaves[i] }, locs); err != nil {
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
func (g *gatherer) leaf(dst *Leaf, at, n int, srcs []*Group, pick func(*Group) *Leaf, locs []Loc) error {
	leaves := make([]*Leaf, len(srcs))
	used := false
	for i, s := range srcs {
		leaves[i] = pick(s)
		if err := leaves[i].Ensure(); err != nil {
			return err
		}
		used = used || !leaves[i].Empty()
	}
	if !used || n == 0 {
		return nil
	}
	g.reserve(dst, at+n)
	if dst.Kind == KindTrace && g.keepTraces {
		dst.Dict = leaves[0].Dict
		for k, l := range locs {
			dst.setCode(at+k, leaves[0].Code(int(l.Row)))
		}
		return nil
	}
	if dst.Kind == KindString || dst.Kind == KindTrace {
		maps := make([]memo, len(srcs))
		for k, l := range locs {
			src := leaves[l.Src]
			dst.setCode(at+k, g.mapCode(dst.Dict, src.Dict, src.Code(int(l.Row)), &maps[l.Src], n))
		}
		return nil
	}
	for k, l := range locs {
		dst.setInt(at+k, leaves[l.Src].Int(int(l.Row)))
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
	}
	code := m.get(from)
	if code == 0 {
		code = g.intern(dst, src.Values[from])
		m.set(from, code)
	}
	return code
}

// intern returns the code of a source's string in a dictionary of dst.
func (g *gatherer) intern(d *Dict, s string) uint32 {
	if !g.fresh {
		return d.codeString(s, g.share)
	}
	d.Values = append(d.Values, s)
	d.size += len(s)
	return uint32(len(d.Values) - 1)
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
	shapes         memo // shape in dst
	index          memo // by column: its number in cols, plus 1
	cols           []attrTarget
}

// attrTarget is where the values of a source's column go.
type attrTarget struct {
	to    int32 // column in dst, -1 for the overflow column of whole messages
	codes memo
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
	for k, l := range locs {
		src := &sources[l.Src]
		if src.set == nil {
			continue
		}
		shape := src.set.Shape.Code(int(l.Row))
		if shape == 0 {
			continue
		}
		first := src.starts[l.Row]
		known := src.shapes.get(shape)
		exact := true
		for j, c := range src.set.Shapes[shape] {
			exact = g.attr(dst, at+k, src, c, int(src.values[int(first)+j]), known != 0) && exact
		}
		if known != 0 {
			dst.Shape.setCode(at+k, known)
			continue
		}
		dst.endRow(at + k)
		if exact {
			src.shapes.set(shape, dst.Shape.Code(at+k))
		}
	}
	return nil
}

// attr adds value number i of column c of src to a row of dst. It returns
// false where that took another column than the next value might. With known,
// the row's shape is known already.
func (g *gatherer) attr(dst *AttrSet, row int, src *attrSource, c uint32, i int, known bool) bool {
	from := src.set.Cols[c]
	n := src.index.get(c)
	if n == 0 {
		src.cols = append(src.cols, attrTarget{to: g.target(dst, from)})
		n = uint32(len(src.cols))
		src.index.set(c, n)
	}
	target := &src.cols[n-1]
	if target.to < 0 {
		v := from.at(i)
		dst.addRaw(row, v.appendKeyValue(nil, []byte(from.Key)))
		return false
	}
	col := dst.Cols[target.to]
	switch {
	case from.Type == column.TypeNone:
	case from.Leaf.Kind == KindString:
		col.Leaf.setCode(col.N, g.mapCode(col.Leaf.Dict, from.Leaf.Dict, from.Leaf.Code(i), &target.codes, src.uses))
	default:
		col.Leaf.setInt(col.N, from.Leaf.Int(i))
	}
	col.N++
	if !known {
		dst.push(row, uint32(target.to))
	}
	return true
}

// target returns the column of dst for the values of a source's column, -1
// where there is no room for it.
func (g *gatherer) target(dst *AttrSet, from *AttrCol) int32 {
	if from.Type == TypeRaw {
		return int32(dst.rawColumn())
	}
	to := int32(dst.column([]byte(from.Key), from.Type))
	if to >= 0 && g.fresh && from.Type != column.TypeNone && !from.Leaf.Empty() {
		g.reserve(&dst.Cols[to].Leaf, from.N)
	}
	return to
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
