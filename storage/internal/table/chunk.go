package table

import (
	"slices"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/storage/column"
)

// Kind tells how the values of a [Leaf] are held. The values reach disk; part
// of the format, never renumber.
type Kind uint8

// The kinds.
const (
	KindInt    Kind = 1 // 64-bit integers
	KindFloat  Kind = 2 // the bits of 64-bit floats
	KindString Kind = 3 // codes of a dictionary
	KindTrace  Kind = 4 // codes of a dictionary of 16-byte ids
	KindSpanID Kind = 5 // 8-byte ids as little-endian integers
)

// Leaf is one column of plain values. Rows behind the end of Ints or Codes
// have the zero value: a column that no row uses has no memory.
//
// A leaf of a chunk that is read from a part holds nothing until Ensure is
// called; all other leaves are always there.
type Leaf struct {
	Kind  Kind
	Ints  []int64  // KindInt, KindFloat, KindSpanID
	Codes []uint32 // KindString, KindTrace: indexes into Dict
	Dict  *Dict    // never nil for KindString and KindTrace once loaded

	// Load fills the leaf, where it is still to be read. It is called once.
	Load func(l *Leaf) error
	// Pick, which may stand beside Load, fills another leaf with the values at
	// some places, which rise, and reads no more than it has to.
	Pick func(to *Leaf, at []uint32) error
	// Find, which may stand beside Load, returns where the column, of so many
	// values, has wanted ones. Those that are not within some places, where these
	// are given, need not be found.
	Find func(w Wanted, n int, within column.Ranges) (column.Ranges, error)
	// Bounds, which may stand beside Load, returns bounds on the values of so many.
	Bounds func(n int) ([]column.Bounds, error)
	// Nonzero, which may stand beside Load, returns which of so many values are
	// not 0, a bit each, without the values.
	Nonzero func(n int) ([]uint64, error)
	err     error

	lost [][2]uint32 // values that could not be read, from and behind the last
	why  error
}

// Ensure loads the leaf when it is not loaded yet.
func (l *Leaf) Ensure() error {
	if l.Load != nil {
		load := l.Load
		l.Load = nil
		l.err = load(l)
	}
	return l.err
}

// NewLeaf returns an empty leaf.
func NewLeaf(k Kind) Leaf {
	l := Leaf{Kind: k}
	if k == KindString || k == KindTrace {
		l.Dict = NewDict()
	}
	return l
}

// Empty reports whether no row has a value other than zero. The leaf must be
// loaded.
func (l *Leaf) Empty() bool { return len(l.Ints) == 0 && len(l.Codes) == 0 }

// Int returns the value of row i.
func (l *Leaf) Int(i int) int64 {
	if i < len(l.Ints) {
		return l.Ints[i]
	}
	return 0
}

// Code returns the dictionary code of row i.
func (l *Leaf) Code(i int) uint32 {
	if i < len(l.Codes) {
		return l.Codes[i]
	}
	return 0
}

// runEnd returns the row behind those from i on that have the same value, of n
// rows: behind the end of the values all have the zero one.
func (l *Leaf) runEnd(i, n int) int {
	if i < len(l.Ints) {
		return equalFrom(l.Ints, i)
	}
	if i < len(l.Codes) {
		return equalFrom(l.Codes, i)
	}
	return n
}

func equalFrom[T comparable](values []T, i int) int {
	v := values[i]
	for i++; i < len(values) && values[i] == v; i++ {
	}
	return i
}

// Str returns the string of row i.
func (l *Leaf) Str(i int) string {
	if i < len(l.Codes) {
		return l.Dict.Values[l.Codes[i]]
	}
	return ""
}

// setInt sets the value of row i, which must not be before the last one set
// (it may be the last one: the last value of a repeated field wins).
func (l *Leaf) setInt(i int, v int64) {
	if i < len(l.Ints) {
		l.Ints[i] = v
		return
	}
	if v == 0 {
		return
	}
	for len(l.Ints) < i {
		l.Ints = append(l.Ints, 0)
	}
	l.Ints = append(l.Ints, v)
}

// setCode is setInt for a dictionary code.
func (l *Leaf) setCode(i int, c uint32) {
	if i < len(l.Codes) {
		l.Codes[i] = c
		return
	}
	if c == 0 {
		return
	}
	for len(l.Codes) < i {
		l.Codes = append(l.Codes, 0)
	}
	l.Codes = append(l.Codes, c)
}

// setBytes sets row i to a string, which is often that of the row before.
func (l *Leaf) setBytes(i int, b []byte) {
	if n := len(l.Codes); n > 0 {
		if c := l.Codes[n-1]; l.Dict.Values[c] == string(b) {
			l.setCode(i, c)
			return
		}
	}
	l.setCode(i, l.Dict.code(b))
}

func (l *Leaf) bytes() int {
	n := 8*cap(l.Ints) + 4*cap(l.Codes)
	if l.Dict != nil {
		n += l.Dict.bytes()
	}
	return n
}

// loadedBytes returns what a leaf takes that was read from a part, whose
// dictionary does not know the bytes of its strings.
func (l *Leaf) loadedBytes() int64 {
	n := int64(l.bytes())
	if l.Dict != nil {
		for _, s := range l.Dict.Values {
			n += int64(len(s))
		}
	}
	return n
}

func (l *Leaf) snapshot() Leaf {
	return Leaf{
		Kind: l.Kind, Ints: slices.Clip(l.Ints),
		Codes: slices.Clip(l.Codes), Dict: l.Dict.snapshot(),
	}
}

// Group holds N messages of one type as columns: Leaves, Sets and Lists stand
// in the order of the group's [GroupDef].
type Group struct {
	Def    *GroupDef
	N      int
	Leaves []Leaf
	Sets   []AttrSet
	Lists  []List
}

// List is a repeated field: how many items each row of the outer group has,
// and the items of all rows one after the other.
type List struct {
	Counts Leaf
	Items  Group
	// Locate, which may stand beside Counts.Load, makes to the counts of some
	// rows, which rise, and returns where their items begin. It reads no more
	// than it has to.
	Locate func(to *Leaf, at []uint32) (starts []uint32, err error)

	starts []uint32 // first item of each row, and the number of items; lazily
}

// NewGroup returns an empty group.
func NewGroup(def *GroupDef) Group {
	g := Group{
		Def: def, Leaves: make([]Leaf, len(def.Leaves)),
		Sets: make([]AttrSet, len(def.Sets)), Lists: make([]List, len(def.Lists)),
	}
	for i, d := range def.Leaves {
		g.Leaves[i] = NewLeaf(d.Kind)
	}
	for i := range g.Sets {
		g.Sets[i] = newAttrSet()
	}
	for i, d := range def.Lists {
		g.Lists[i] = List{Counts: NewLeaf(KindInt), Items: NewGroup(d.Items)}
	}
	return g
}

// Starts returns for each of the n rows of the outer group its first item, and
// behind them the number of items. The result is kept.
func (l *List) Starts(n int) ([]uint32, error) {
	if l.starts != nil {
		return l.starts, nil
	}
	if err := l.Counts.Ensure(); err != nil {
		return nil, err
	}
	l.starts = prefixSums(l.Counts.Ints, n)
	return l.starts, nil
}

// locate makes to the counts of some of n rows, and returns where their items
// begin.
func (l *List) locate(to *Leaf, at []uint32, n int) ([]uint32, error) {
	if l.Locate != nil && l.Counts.Load != nil {
		return l.Locate(to, at)
	}
	all, err := l.Starts(n)
	if err != nil {
		return nil, err
	}
	starts := make([]uint32, len(at))
	to.Ints = make([]int64, len(at))
	for k, i := range at {
		starts[k], to.Ints[k] = all[i], int64(all[i+1]-all[i])
	}
	to.pickLost(&l.Counts, at)
	return starts, nil
}

// itemStarts is Starts for loaded counts, and does not keep the result.
func (l *List) itemStarts(n int) []uint32 {
	if l.starts != nil {
		return l.starts
	}
	return prefixSums(l.Counts.Ints, n)
}

// locate keeps what every gathering from the group has to know of all its
// rows, for a group that many gather from and that does not change any more.
func (g *Group) locate() {
	for i := range g.Sets {
		s := &g.Sets[i]
		s.starts, s.values = s.Positions(g.N)
	}
	for i := range g.Lists {
		l := &g.Lists[i]
		l.starts = l.itemStarts(g.N)
		l.Items.locate()
	}
}

// prefixSums returns the n+1 running sums of counts, which may be shorter.
func prefixSums(counts []int64, n int) []uint32 {
	out := make([]uint32, n+1)
	sum := uint32(0)
	for i := range n {
		out[i] = sum
		if i < len(counts) {
			sum += uint32(counts[i])
		}
	}
	out[n] = sum
	return out
}

func (g *Group) bytes() int {
	n := 0
	for i := range g.Leaves {
		n += g.Leaves[i].bytes()
	}
	for i := range g.Sets {
		n += g.Sets[i].bytes()
	}
	for i := range g.Lists {
		n += g.Lists[i].Counts.bytes() + g.Lists[i].Items.bytes()
	}
	return n
}

func (g *Group) snapshot() Group {
	s := Group{
		Def: g.Def, N: g.N, Leaves: make([]Leaf, len(g.Leaves)),
		Sets: make([]AttrSet, len(g.Sets)), Lists: make([]List, len(g.Lists)),
	}
	for i := range g.Leaves {
		s.Leaves[i] = g.Leaves[i].snapshot()
	}
	for i := range g.Sets {
		s.Sets[i] = g.Sets[i].snapshot()
	}
	for i := range g.Lists {
		s.Lists[i] = List{Counts: g.Lists[i].Counts.snapshot(), Items: g.Lists[i].Items.snapshot()}
	}
	return s
}

func (g *Group) seal() {
	for i := range g.Leaves {
		g.Leaves[i].Dict.seal()
	}
	for i := range g.Sets {
		g.Sets[i].seal()
	}
	for i := range g.Lists {
		g.Lists[i].Items.seal()
	}
}

// Chunk is a run of rows of one signal as columns, with the resources and
// scopes that its rows refer to.
type Chunk struct {
	Signal otlpwire.Signal
	// Rows holds one span, log record or data point a row. Its leaf 0, of
	// kind KindString, is the row's scope: the first 4 bytes (little-endian)
	// of its string are an index into Resources.Dict, the rest the fields of
	// the ScopeSpans, ScopeLogs or ScopeMetrics message without its records.
	Rows Group
	// Resources has one string for each resource: the fields of the
	// ResourceSpans, ResourceLogs or ResourceMetrics message without its
	// scopes. Only Dict is used.
	Resources Leaf
	// Earliest is a time that no row is before, 0 where none is known.
	Earliest int64
}

// NewChunk returns an empty chunk.
func NewChunk(s otlpwire.Signal) *Chunk {
	return &Chunk{Signal: s, Rows: NewGroup(Schema(s)), Resources: NewLeaf(KindString)}
}

// Bytes returns an estimate of the memory held.
func (c *Chunk) Bytes() int { return c.Rows.bytes() + c.Resources.bytes() }

// DecodedBytes returns an estimate of the memory that the rows take when they
// are read from a part: without room to grow, and without what finds strings.
func (c *Chunk) DecodedBytes() int { return c.snapshot().Bytes() }

func (c *Chunk) snapshot() *Chunk {
	return &Chunk{Signal: c.Signal, Rows: c.Rows.snapshot(), Resources: c.Resources.snapshot()}
}

func (c *Chunk) seal() {
	c.Rows.seal()
	c.Resources.Dict.seal()
}
