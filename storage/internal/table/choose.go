package table

import (
	"cmp"
	"slices"

	"github.com/ttlog/ttlog/storage/column"
)

// attrKind is what a column of attributes is for.
type attrKind struct {
	key string
	typ column.Type
}

// choose makes the columns of a new set that is to get the attributes of
// others, where these have more keys than there can be columns: for the keys
// with the most values. A column saves the keys of its values and lets a filter
// read them alone, so it helps by how many it has. Columns for whatever comes
// first would be those of the service whose name sorts first, and a service
// that never sends the same key twice would leave none to others.
//
// It returns whether it chose. Then the set has no columns but these and the
// overflow column.
func (s *AttrSet) choose(from []*AttrSet) bool {
	if len(s.Cols) > 0 || !crowded(from) {
		return false
	}
	counts := make(map[attrKind]int)
	for _, f := range from {
		for _, c := range f.Cols {
			if c.Type == TypeRaw {
				countMessages(c, counts)
			} else if len(c.Key) <= maxKeyBytes {
				counts[attrKind{c.Key, c.Type}] += c.N
			}
		}
	}
	kinds := make([]attrKind, 0, len(counts))
	for k := range counts {
		kinds = append(kinds, k)
	}
	slices.SortFunc(kinds, func(a, b attrKind) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a.key, b.key), cmp.Compare(a.typ, b.typ))
	})
	for _, k := range kinds[:min(len(kinds), maxColumns-1)] {
		s.addColumn(k.key, k.typ, s.colIndex[k.key])
	}
	s.chosen = true
	return true
}

// crowded reports whether the columns of the sets together may be more than a
// set can have, or some attributes found no room in one of them.
func crowded(sets []*AttrSet) bool {
	total := 0
	for _, s := range sets {
		total += len(s.Cols)
		for _, c := range slices.Backward(s.Cols) {
			if c.Type == TypeRaw {
				return true
			}
		}
	}
	if total < maxColumns {
		return false
	}
	distinct := make(map[attrKind]bool)
	for _, s := range sets {
		for _, c := range s.Cols {
			distinct[attrKind{c.Key, c.Type}] = true
		}
	}
	return len(distinct) >= maxColumns
}

// countMessages counts the keys of an overflow column whose values a column
// can have.
func countMessages(c *AttrCol, counts map[attrKind]int) {
	uses := make([]int, len(c.Leaf.Dict.Values))
	for i := range c.N {
		uses[c.Leaf.Code(i)]++
	}
	for code, kv := range c.Leaf.Dict.Values {
		if uses[code] == 0 {
			continue
		}
		if key, v := splitMessage(kv); v.typ != column.TypeNone && !v.odd && len(key) <= maxKeyBytes {
			counts[attrKind{key, v.typ}] += uses[code]
		}
	}
}
