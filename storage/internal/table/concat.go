package table

import (
	"encoding/binary"
	"slices"

	"github.com/ttlog/ttlog/storage/column"
)

// concat appends all rows of src to dst, in their order: what [Gather] does for
// a whole chunk, column by column instead of row by row. That is how nearly
// every batch enters a table, and takes a third of the time.
//
// Both of src and dst are in memory, so nothing can fail.
func concat(dst, src *Chunk) {
	var c concatenator
	from, to := &src.Rows.Leaves[LeafScope], &dst.Rows.Leaves[LeafScope]
	c.codes(to, from, dst.Rows.N, func(code uint32) uint32 {
		resource, scope, _ := src.SplitScope(code)
		c.buf = binary.LittleEndian.AppendUint32(c.buf[:0], dst.Resources.Dict.codeString(resource, false))
		c.buf = append(c.buf, scope...)
		return to.Dict.code(c.buf)
	})
	c.group(&dst.Rows, &src.Rows, LeafScope+1)
}

type concatenator struct {
	buf  []byte
	memo []uint32 // by source code: the code in dst, 0 is not known yet
	cols []uint32
}

// group appends the rows of src, with its leaves from number leaf on.
func (c *concatenator) group(dst, src *Group, leaf int) {
	for i := leaf; i < len(dst.Leaves); i++ {
		c.leaf(&dst.Leaves[i], &src.Leaves[i], dst.N)
	}
	for i := range dst.Sets {
		c.attrs(&dst.Sets[i], &src.Sets[i], dst.N)
	}
	for i := range dst.Lists {
		to, from := &dst.Lists[i], &src.Lists[i]
		c.leaf(&to.Counts, &from.Counts, dst.N)
		to.starts = nil
		c.group(&to.Items, &from.Items, 0)
	}
	dst.N += src.N
}

// leaf appends the values of src behind the at values that dst has.
func (c *concatenator) leaf(dst, src *Leaf, at int) {
	if dst.Kind == KindString || dst.Kind == KindTrace {
		c.codes(dst, src, at, func(code uint32) uint32 { return dst.Dict.codeOf(src.Dict, code, false) })
		return
	}
	if len(src.Ints) > 0 {
		dst.Ints = append(extended(dst.Ints, at, len(src.Ints)), src.Ints...)
	}
}

// codes appends the codes of src, each in terms of dst.
func (c *concatenator) codes(dst, src *Leaf, at int, intern func(code uint32) uint32) {
	if len(src.Codes) == 0 {
		return
	}
	memo := c.memoOf(len(src.Dict.Values))
	out := extended(dst.Codes, at, len(src.Codes))
	for _, code := range src.Codes {
		to := memo[code]
		if to == 0 && code != 0 {
			to = intern(code)
			memo[code] = to
		}
		out = append(out, to)
	}
	dst.Codes = out
}

// memoOf returns n zeros.
func (c *concatenator) memoOf(n int) []uint32 {
	c.memo = slices.Grow(c.memo[:0], n)[:n]
	clear(c.memo)
	return c.memo
}

// extended returns s with zeros up to at, and room for n more. Room is doubled,
// where append would add a quarter: columns grow to a hundred thousand rows.
func extended[T int64 | uint32](s []T, at, n int) []T {
	had := len(s)
	if at+n > cap(s) {
		s = append(make([]T, 0, max(at+n, 2*cap(s))), s...)
	}
	s = s[:at]
	clear(s[had:])
	return s
}

// attrs appends the attributes of all rows of src. The columns of dst are made
// in the order in which rows need them, whatever their order in src.
func (c *concatenator) attrs(dst, src *AttrSet, at int) {
	if len(src.Shape.Codes) == 0 {
		return
	}
	shapes := c.memoOf(len(src.Shapes))
	targets := make([]int32, len(src.Cols)) // column of dst, plus 1
	out := extended(dst.Shape.Codes, at, len(src.Shape.Codes))
	for _, code := range src.Shape.Codes {
		to := shapes[code]
		if to == 0 && code != 0 {
			c.cols = c.cols[:0]
			for _, col := range src.Shapes[code] {
				if targets[col] == 0 {
					targets[col] = dst.columnLike(src.Cols[col]) + 1
				}
				c.cols = append(c.cols, uint32(targets[col]-1))
			}
			to = dst.shapeOf(c.cols)
			shapes[code] = to
		}
		out = append(out, to)
	}
	dst.Shape.Codes = out
	dst.total += src.total
	for i, from := range src.Cols {
		if from.N == 0 {
			continue
		}
		to := dst.Cols[targets[i]-1]
		if from.Type != column.TypeNone {
			c.leaf(&to.Leaf, &from.Leaf, to.N)
		}
		to.N += from.N
	}
}

// columnLike returns the column of dst for the values of a column like from,
// adding it when it is new.
func (s *AttrSet) columnLike(from *AttrCol) int32 {
	if from.Type == TypeRaw {
		return int32(s.rawColumn())
	}
	return int32(s.column([]byte(from.Key), from.Type))
}

// roomFor reports whether every column of src has one in g or finds room for a
// new one, so that nothing has to go to the overflow column.
func (g *Group) roomFor(src *Group) bool {
	for i := range g.Sets {
		if len(g.Sets[i].Cols)+len(src.Sets[i].Cols) >= maxColumns {
			return false
		}
	}
	for i := range g.Lists {
		if !g.Lists[i].Items.roomFor(&src.Lists[i].Items) {
			return false
		}
	}
	return true
}
