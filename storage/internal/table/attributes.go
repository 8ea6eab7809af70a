package table

import (
	"cmp"
	"slices"

	"github.com/ttlog/ttlog/storage/column"
)

// Attributes implements [column.Block].
func (b *Block) Attributes(place column.Place) (column.Attributes, error) {
	if place == column.PlaceRecord {
		s := &b.c.Rows.Sets[setAttrs]
		if err := s.Ensure(); err != nil {
			return nil, err
		}
		b.locate(s)
		return &recordAttributes{set: s, order: make([][]uint32, len(s.Shapes))}, nil
	}
	p, err := b.loadPlaces()
	if err != nil {
		return nil, err
	}
	a := &placeAttributes{scope: &b.c.Rows.Leaves[LeafScope], of: make([][]column.Attribute, len(p.scopes))}
	for code := range p.scopes {
		from := p.scopes[code].resource
		if place == column.PlaceScope {
			from = p.scopes[code].scope
		}
		for i := range from {
			if from[i].v.typ != column.TypeNone {
				a.of[code] = append(a.of[code], column.Attribute{Key: from[i].key, Value: from[i].v.constant()})
			}
		}
		sortAttributes(a.of[code])
	}
	return a, nil
}

// locate keeps where the attributes of each row stand.
func (b *Block) locate(s *AttrSet) {
	if s.starts == nil {
		s.starts, s.values = s.Positions(b.c.Rows.N)
	}
}

func sortAttributes(attrs []column.Attribute) {
	slices.SortFunc(attrs, func(a, b column.Attribute) int { return cmp.Compare(a.Key, b.Key) })
}

// recordAttributes reads the attributes of records. A column is loaded when the
// first row needs it, so that few rows of a block with thousands of columns
// cost what these rows have.
type recordAttributes struct {
	set   *AttrSet
	order [][]uint32 // by shape: positions in the order of their keys
	bytes int64      // of the columns that were loaded for it
}

// Append implements [column.Attributes].
func (a *recordAttributes) Append(dst []column.Attribute, row int) ([]column.Attribute, error) {
	s := a.set
	code := s.Shape.Code(row)
	shape, first, begin := s.Shapes[code], int(s.starts[row]), len(dst)
	messages := false
	for _, j := range a.orderOf(code) {
		col := s.Cols[shape[j]]
		if col.Leaf.Load != nil {
			if err := col.Leaf.Ensure(); err != nil {
				return dst, err
			}
			a.bytes += col.Leaf.loadedBytes()
		}
		if err := col.Leaf.Ensure(); err != nil {
			return dst, err
		}
		at := int(s.values[first+int(j)])
		if col.Leaf.lost != nil && col.Leaf.LostAt(at) {
			continue
		}
		key, v := col.Key, col.at(at)
		if col.Type == TypeRaw {
			messages = true
			key, v = splitMessage(col.Leaf.Str(at))
		}
		if v.typ != column.TypeNone {
			dst = append(dst, column.Attribute{Key: key, Value: v.constant()})
		}
	}
	if messages {
		sortAttributes(dst[begin:])
	}
	return dst, nil
}

// orderOf returns the positions of a shape in the order of their keys; those
// of whole messages, whose keys it does not tell, come first.
func (a *recordAttributes) orderOf(code uint32) []uint32 {
	if a.order[code] == nil {
		shape := a.set.Shapes[code]
		order := make([]uint32, len(shape))
		for j := range order {
			order[j] = uint32(j)
		}
		slices.SortFunc(order, func(x, y uint32) int {
			return cmp.Compare(a.set.Cols[shape[x]].Key, a.set.Cols[shape[y]].Key)
		})
		a.order[code] = order
	}
	return a.order[code]
}

// Bytes implements [column.Attributes].
func (a *recordAttributes) Bytes() int64 {
	return int64(4*(len(a.set.starts)+len(a.set.values))+24*len(a.order)) + a.bytes
}

// placeAttributes are the attributes of resources or scopes, by scope code.
type placeAttributes struct {
	scope *Leaf
	of    [][]column.Attribute
}

// Append implements [column.Attributes].
func (a *placeAttributes) Append(dst []column.Attribute, row int) ([]column.Attribute, error) {
	return append(dst, a.of[a.scope.Code(row)]...), nil
}

// Bytes implements [column.Attributes].
func (a *placeAttributes) Bytes() int64 {
	n := 0
	for _, attrs := range a.of {
		n += 24 + 64*len(attrs)
	}
	return int64(n)
}

// constant returns the value as queries take it.
func (v *value) constant() column.Value {
	out := column.Value{Type: v.typ}
	switch v.typ {
	case column.TypeNone:
	case column.TypeBool, column.TypeInt64:
		out.Int = v.num
	case column.TypeFloat64:
		out.Float = v.float()
	case column.TypeArray, column.TypeMap:
		out.Str = v.json()
	default:
		out.Str = v.text()
	}
	return out
}
