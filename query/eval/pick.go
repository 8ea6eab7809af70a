package eval

import (
	"slices"
	"strings"

	"github.com/ttlog/ttlog/query/types"
	"github.com/ttlog/ttlog/storage/column"
)

// Pick returns the column with the given rows of it, which may be in any order
// and come more than once.
func (e *Encoded) Pick(rows []uint32) *Encoded {
	switch {
	case e.Object != nil:
		return &Encoded{
			Entries: &Vec{Type: types.Map, Len: len(rows)},
			Object:  &ObjectBuilder{Attrs: &pickedAttributes{e.Object.Attrs, rows}},
		}
	case e.Flat():
		out := &Encoded{Entries: e.Entries.Gather(rows)}
		out.Bytes = out.Entries.Width()
		return out
	}
	codes := make([]uint32, 0, len(rows))
	if e.runEnds == nil || slices.IsSorted(rows) {
		codes = e.Positions(codes, &Chunk{Sel: rows, Len: len(rows)})
	} else {
		all := e.Positions(nil, &Chunk{Len: int(e.runEnds[len(e.runEnds)-1])})
		for _, r := range rows {
			codes = append(codes, all[r])
		}
	}
	return &Encoded{Entries: e.Entries, codes: codes, dict: e.dict, Bytes: int64(4 * len(rows))}
}

// pickedAttributes are the attributes of some rows.
type pickedAttributes struct {
	column.Attributes
	rows []uint32
}

func (a *pickedAttributes) Append(dst []column.Attribute, row int) ([]column.Attribute, error) {
	return a.Attributes.Append(dst, int(a.rows[row]))
}

// Append adds the values of o, of the same type, to a vec being built, which
// then owns them. It returns about how many bytes they take.
func (v *Vec) Append(o *Vec) (bytes int64) {
	if v.Type == types.Null {
		v.Len += o.Len
		return 0
	}
	n := v.Len + o.Len
	if o.Null != nil || o.vals != nil || v.Null != nil {
		v.Null = Grow(v.Null, v.Len)
		for i := range o.Len {
			v.Null = append(v.Null, o.IsNull(i))
		}
	}
	for i := range o.Len {
		j := o.Ix(i)
		switch types.FormOf(v.Type) {
		case types.FormInt:
			v.Ints = append(v.Ints, o.Ints[j])
		case types.FormFloat:
			v.Floats = append(v.Floats, o.Floats[j])
		case types.FormStr:
			v.Strs = append(v.Strs, v.owned(o.Strs[j], &bytes))
		case types.FormAny:
			v.vals = append(v.vals, o.vals[j].Owned())
			bytes += int64(len(o.vals[j].Str))
		}
	}
	v.Len = n
	return bytes + int64(o.Len)*v.rowBytes()
}

// owned returns a copy of s, or the last string of v where that is the same.
func (v *Vec) owned(s string, bytes *int64) string {
	if n := len(v.Strs); n > 0 && v.Strs[n-1] == s {
		return v.Strs[n-1]
	}
	*bytes += int64(len(s))
	return strings.Clone(s)
}

func (v *Vec) rowBytes() int64 {
	switch types.FormOf(v.Type) {
	case types.FormStr:
		return 17
	case types.FormAny:
		return 33
	}
	return 9
}
