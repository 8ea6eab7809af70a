package table

import (
	"math"
	"unsafe"

	"github.com/ttlog/ttlog/storage/column"
)

// rawAttr is a parsed value of an overflow column.
type rawAttr struct {
	key string
	v   value
}

// attrVector returns an attribute column of the rows.
func (b *Block) attrVector(s *AttrSet, ref column.Ref) (*column.Vector, error) {
	if ref.Type == TypeRaw {
		return nil, nil
	}
	col, raw := -1, -1
	for i, c := range s.Cols {
		switch {
		case c.Type == TypeRaw:
			raw = i
		case c.Key != ref.Name || c.Type == column.TypeNone:
		case c.Type == ref.Type || ref.Type == column.TypeNone && col < 0:
			col = i
		}
	}
	if raw >= 0 {
		if err := b.parseRaw(s, raw); err != nil {
			return nil, err
		}
		if !b.rawHas(ref) {
			raw = -1
		}
	}
	switch {
	case raw >= 0:
		return b.slowAttrVector(s, ref, col, raw)
	case col >= 0:
		return b.denseAttrVector(s, col)
	}
	return nil, nil
}

// denseAttrVector spreads the dense values of a column over the rows.
func (b *Block) denseAttrVector(s *AttrSet, c int) (*column.Vector, error) {
	if err := s.Ensure(); err != nil {
		return nil, err
	}
	col := s.Cols[c]
	if col.N == 0 {
		return nil, nil
	}
	if err := col.Leaf.Ensure(); err != nil {
		return nil, err
	}
	count := occurrences(s.Shapes, uint32(c))
	n := b.c.Rows.N
	if col.N == n && col.Leaf.lost == nil && allOnce(s, count, n) && (LeafKind(col.Type) == KindInt || isText(col.Type)) {
		// Every row has exactly one: the dense values are the vector.
		if isText(col.Type) {
			return codeVector(col.Type, col.Leaf.Codes, col.Leaf.Dict.Values, n), nil
		}
		return intVector(col.Type, col.Leaf.Ints, n), nil
	}
	if col.Leaf.lost == nil {
		switch {
		case isText(col.Type):
			codes, valid := spread(s, col.Leaf.Codes, count, n)
			v := codeVector(col.Type, codes, col.Leaf.Dict.Values, n)
			v.Valid = valid
			return v, nil
		case LeafKind(col.Type) == KindInt:
			ints, valid := spread(s, col.Leaf.Ints, count, n)
			v := intVector(col.Type, ints, n)
			v.Valid = valid
			return v, nil
		}
	}
	out := newRuns(col.Type, n)
	codes := make(map[uint32]uint32)
	next := 0
	for i := range n {
		k := count[s.Shape.Code(i)]
		switch {
		case k == 0 || col.Leaf.lost != nil && col.Leaf.LostAt(next):
			out.pushNull()
		case LeafKind(col.Type) != KindString:
			out.pushInt(col.Leaf.Int(next))
		default:
			from := col.Leaf.Code(next)
			to, ok := codes[from]
			if !ok {
				v := col.at(next)
				if isText(col.Type) {
					to = out.code(v.text())
				} else {
					to = out.code(v.json())
				}
				codes[from] = to
			}
			out.pushCode(to)
		}
		next += int(k)
	}
	return out.vector(), nil
}

// spread puts the values of a column, which may be fewer than the shapes ask for,
// where n rows have them, and tells which rows do. A row without one has that of
// the row before, so that runs go on. Of several in a row the last one counts.
func spread[T int64 | uint32](s *AttrSet, values []T, count []uint32, n int) (rows []T, valid []uint64) {
	rows, valid = make([]T, n), make([]uint64, (n+63)/64)
	var last T
	for next, i := 0, 0; i < n; {
		shape, end := s.Shape.Code(i), s.Shape.runEnd(i, n)
		k := int(count[shape])
		if k == 0 {
			if last != 0 {
				fillWith(rows[i:end], last)
			}
			i = end
			continue
		}
		setBits(valid, i, end)
		if k == 1 {
			if next < len(values) {
				copy(rows[i:end], values[next:])
			}
			next += end - i
		} else {
			for row := i; row < end; row++ {
				if next += k; next <= len(values) {
					rows[row] = values[next-1]
				}
			}
		}
		last, i = rows[end-1], end
	}
	return rows, valid
}

func fillWith[T any](dst []T, v T) {
	for i := range dst {
		dst[i] = v
	}
}

// setBits sets the bits from from on that are before end.
func setBits(bits []uint64, from, end int) {
	for i := from / 64; i*64 < end; i++ {
		word := uint64(math.MaxUint64)
		if low := from - i*64; low > 0 {
			word <<= low
		}
		if high := end - i*64; high < 64 {
			word &= 1<<high - 1
		}
		bits[i] |= word
	}
}

func isText(t column.Type) bool { return t == column.TypeString || t == column.TypeBytes }

// occurrences returns how often column c stands in each shape.
func occurrences(shapes [][]uint32, c uint32) []uint32 {
	count := make([]uint32, len(shapes))
	for i, shape := range shapes {
		for _, x := range shape {
			if x == c {
				count[i]++
			}
		}
	}
	return count
}

func allOnce(s *AttrSet, count []uint32, n int) bool {
	for i := range n {
		if count[s.Shape.Code(i)] != 1 {
			return false
		}
	}
	return true
}

// slowAttrVector returns a column that also has values in the overflow column.
func (b *Block) slowAttrVector(s *AttrSet, ref column.Ref, col, raw int) (*column.Vector, error) {
	t := ref.Type
	if col >= 0 {
		t = s.Cols[col].Type
		if err := s.Cols[col].Leaf.Ensure(); err != nil {
			return nil, err
		}
	}
	if err := s.Ensure(); err != nil {
		return nil, err
	}
	b.locate(s)
	at := func(c *AttrCol, i int) value {
		if c.Leaf.LostAt(i) {
			return value{}
		}
		return c.at(i)
	}
	out := newRuns(t, b.c.Rows.N)
	for i := range b.c.Rows.N {
		found := value{}
		for j, c := range s.ShapeAt(i) {
			k := int(s.values[int(s.starts[i])+j])
			switch int(c) {
			case col:
				found = at(s.Cols[c], k)
			case raw:
				a := &b.raw[s.Cols[c].Leaf.Code(k)]
				if a.key != ref.Name || a.v.typ == column.TypeNone || t != column.TypeNone && a.v.typ != t {
					continue
				}
				found = a.v
				t = a.v.typ
				out.typ = t
			}
		}
		out.push(found)
	}
	return out.vector(), nil
}

// parseRaw parses the overflow column, once.
func (b *Block) parseRaw(s *AttrSet, raw int) error {
	leaf := &s.Cols[raw].Leaf
	if err := leaf.Ensure(); err != nil || b.raw != nil {
		return err
	}
	b.raw = make([]rawAttr, len(leaf.Dict.Values))
	for i, kv := range leaf.Dict.Values {
		b.raw[i].key, b.raw[i].v = splitMessage(kv)
	}
	return nil
}

// MessageKey returns the key of a value of an overflow column.
func MessageKey(kv string) string {
	key, _ := splitMessage(kv)
	return key
}

// splitMessage is splitKeyValue for a message that stays as it is: the key
// and the value point into it.
func splitMessage(kv string) (key string, v value) {
	k, v := splitKeyValue(bytesOf(kv))
	return unsafe.String(unsafe.SliceData(k), len(k)), v
}

func (b *Block) rawHas(ref column.Ref) bool {
	for i := range b.raw {
		a := &b.raw[i]
		if a.key == ref.Name && a.v.typ != column.TypeNone && (ref.Type == column.TypeNone || a.v.typ == ref.Type) {
			return true
		}
	}
	return false
}

// Columns implements [column.Block]. Where the block is read from a part that
// is damaged, columns that cannot be told are left out.
func (b *Block) Columns() []column.Ref {
	return b.columns(func(string) bool { return true }, MaxListed)
}

// FindColumns returns the attribute columns of the given names that have a
// value in some row, also those that Columns has no room for.
func (b *Block) FindColumns(names map[string]bool) []column.Ref {
	return b.columns(func(name string) bool { return names[name] }, math.MaxInt)
}

func (b *Block) columns(wanted func(name string) bool, limit int) (out []column.Ref) {
	seen := make(map[column.Ref]bool)
	add := func(place column.Place, name string, t column.Type) {
		ref := column.Ref{Place: place, Name: name, Type: t}
		if t != column.TypeNone && len(out) < limit && wanted(name) && !seen[ref] {
			seen[ref] = true
			out = append(out, ref)
		}
	}
	s := &b.c.Rows.Sets[setAttrs]
	if s.partial && s.Ensure() != nil {
		return nil
	}
	for i, c := range s.Cols {
		switch {
		case c.Type != TypeRaw:
			if c.N > 0 {
				add(column.PlaceRecord, c.Key, c.Type)
			}
		case b.parseRaw(s, i) == nil:
			for k := range b.raw {
				add(column.PlaceRecord, b.raw[k].key, b.raw[k].v.typ)
			}
		}
	}
	p, err := b.loadPlaces()
	if err != nil {
		return out
	}
	for i := range p.used {
		if !p.used[i] {
			continue
		}
		for _, a := range p.scopes[i].resource {
			add(column.PlaceResource, a.key, a.v.typ)
		}
		for _, a := range p.scopes[i].scope {
			add(column.PlaceScope, a.key, a.v.typ)
		}
	}
	return out
}
