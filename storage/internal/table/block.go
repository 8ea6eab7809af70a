package table

import (
	"encoding/binary"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/storage/column"
)

// Block is a [column.Block] over a chunk. Columns are decoded when asked for,
// and kept. It is for one goroutine at a time.
type Block struct {
	c       *Chunk
	vectors map[column.Ref]*column.Vector
	places  *places
	raw     []rawAttr // parsed overflow column of the rows' attributes
	used    []*Leaf   // by the vector that is being made
}

var (
	_ column.Selector = (*Block)(nil)
	_ column.Narrower = (*Block)(nil)
	_ column.Bounded  = (*Block)(nil)
)

// NewBlock returns a block over c, which it then owns.
func NewBlock(c *Chunk) *Block {
	return &Block{c: c, vectors: make(map[column.Ref]*column.Vector)}
}

// Chunk returns the chunk that the block is over.
func (b *Block) Chunk() *Chunk { return b.c }

// Rows returns the number of rows.
func (b *Block) Rows() int { return b.c.Rows.N }

// Vector implements [column.Block]. An attribute's Ref that leaves the type
// out gets the first column of that key.
func (b *Block) Vector(ref column.Ref) (*column.Vector, error) {
	if ref.Place == column.PlaceField {
		ref.Type = column.TypeNone
	}
	if v, ok := b.vectors[ref]; ok {
		return v, nil
	}
	b.used = b.used[:0]
	v, err := b.vector(ref)
	if err != nil {
		return nil, err
	}
	v = withoutLost(v, b.used)
	b.vectors[ref] = v
	return v, nil
}

// Bounds implements [column.Bounded], for the times of spans: those of other
// signals are made of several columns.
func (b *Block) Bounds(ref column.Ref) ([]column.Bounds, error) {
	if b.c.Signal != otlpwire.Traces || ref.Place != column.PlaceField || ref.Name != "timestamp" {
		return nil, nil
	}
	if l := &b.c.Rows.Leaves[SpanStart]; l.Bounds != nil {
		return l.Bounds(b.c.Rows.N)
	}
	return nil, nil
}

func (b *Block) vector(ref column.Ref) (*column.Vector, error) {
	if b.c.Rows.N == 0 {
		return nil, nil
	}
	switch ref.Place {
	case column.PlaceRecord:
		return b.attrVector(&b.c.Rows.Sets[setAttrs], ref)
	case column.PlaceResource, column.PlaceScope:
		b.usesPlaces()
		return b.placeVector(ref)
	case column.PlaceField:
		switch ref.Name {
		case "service", "scope_name", "scope_version":
			b.usesPlaces()
			return b.scopeField(ref.Name)
		}
		switch b.c.Signal {
		case otlpwire.Traces:
			return b.spanField(ref.Name)
		case otlpwire.Logs:
			return b.logField(ref.Name)
		case otlpwire.Metrics:
			return b.pointField(ref.Name)
		}
	}
	return nil, nil
}

// usesPlaces says that a vector is made of what loadPlaces keeps.
func (b *Block) usesPlaces() {
	b.used = append(b.used, &b.c.Rows.Leaves[LeafScope], &b.c.Resources)
}

// leaf returns a loaded leaf of the rows.
func (b *Block) leaf(i int) (*Leaf, error) {
	l := &b.c.Rows.Leaves[i]
	b.used = append(b.used, l)
	return l, l.Ensure()
}

// intField returns a fixed column of integers, which every row has.
func (b *Block) intField(leaf int, t column.Type) (*column.Vector, error) {
	l, err := b.leaf(leaf)
	if err != nil {
		return nil, err
	}
	return intVector(t, l.Ints, b.c.Rows.N), nil
}

// stringField returns a fixed column of strings, which every row has.
func (b *Block) stringField(leaf int) (*column.Vector, error) {
	l, err := b.leaf(leaf)
	if err != nil {
		return nil, err
	}
	return codeVector(column.TypeString, l.Codes, l.Dict.Values, b.c.Rows.N), nil
}

// enumField returns a fixed column of names for small integers.
func (b *Block) enumField(leaf int, name func(int64) string) (*column.Vector, error) {
	l, err := b.leaf(leaf)
	if err != nil {
		return nil, err
	}
	out := newRuns(column.TypeString, b.c.Rows.N)
	names := make(map[int64]uint32)
	for i := 0; i < b.c.Rows.N; {
		v, end := l.Int(i), l.runEnd(i, b.c.Rows.N)
		code, ok := names[v]
		if !ok {
			code = out.code(name(v))
			names[v] = code
		}
		out.pushInts(int64(code), end-i)
		i = end
	}
	return out.vector(), nil
}

// traceField returns a column of trace ids; rows without have no value.
func (b *Block) traceField(leaf int) (*column.Vector, error) {
	l, err := b.leaf(leaf)
	if err != nil || len(l.Codes) == 0 {
		return nil, err
	}
	v := codeVector(column.TypeID, l.Codes, l.Dict.Values, b.c.Rows.N)
	v.Valid = validNonZero(b.c.Rows.N, func(i int) bool { return l.Code(i) != 0 })
	return v, nil
}

// spanIDField returns a column of span ids; rows without have no value.
func (b *Block) spanIDField(leaf int) (*column.Vector, error) {
	l, err := b.leaf(leaf)
	if err != nil || len(l.Ints) == 0 {
		return nil, err
	}
	n := b.c.Rows.N
	v := &column.Vector{Type: column.TypeID, Len: n, Codes: make([]uint32, n), Dict: make([]string, 1, len(l.Ints)+1)}
	// Hardly any comes twice but next to itself: to find out takes longer than what
	// is made of them.
	raw := make([]byte, 0, 8*len(l.Ints))
	for i, id := range l.Ints {
		if id != 0 && (i == 0 || id != l.Ints[i-1]) {
			raw = binary.LittleEndian.AppendUint64(raw, uint64(id))
		}
		if id != 0 {
			v.Codes[i] = uint32(len(raw) / 8)
		}
	}
	for all := string(raw); len(all) > 0; all = all[8:] {
		v.Dict = append(v.Dict, all[:8])
	}
	v.Valid = validNonZero(n, func(i int) bool { return l.Int(i) != 0 })
	return v, nil
}

// jsonList returns a list of the rows as a column of JSON arrays; rows with an
// empty list have no value.
func (b *Block) jsonList(list int, item func(dst []byte, row, i int) []byte) (*column.Vector, error) {
	l := &b.c.Rows.Lists[list]
	if l.Items.N == 0 {
		return nil, nil
	}
	starts, err := l.Starts(b.c.Rows.N)
	if err != nil {
		return nil, err
	}
	if err := l.Items.EnsureAll(); err != nil {
		return nil, err
	}
	out := newRuns(column.TypeString, b.c.Rows.N)
	var buf []byte
	for row := range b.c.Rows.N {
		if starts[row] == starts[row+1] {
			out.pushNull()
			continue
		}
		if l.Items.anyLost(starts[row], starts[row+1]) {
			out.pushNull()
			continue
		}
		buf = append(buf[:0], '[')
		for i := starts[row]; i < starts[row+1]; i++ {
			if i > starts[row] {
				buf = append(buf, ',')
			}
			buf = item(buf, row, int(i))
		}
		out.pushString(string(append(buf, ']')))
	}
	return out.vector(), nil
}

// EnsureAll loads everything of the group.
func (g *Group) EnsureAll() error {
	for i := range g.Leaves {
		if err := g.Leaves[i].Ensure(); err != nil {
			return err
		}
	}
	for i := range g.Sets {
		if err := g.Sets[i].ensureAll(); err != nil {
			return err
		}
	}
	for i := range g.Lists {
		if err := g.Lists[i].Counts.Ensure(); err != nil {
			return err
		}
		if err := g.Lists[i].Items.EnsureAll(); err != nil {
			return err
		}
	}
	return nil
}

// EnsureAll loads everything of the chunk.
func (c *Chunk) EnsureAll() error {
	if err := c.Resources.Ensure(); err != nil {
		return err
	}
	return c.Rows.EnsureAll()
}
