package eval

import (
	"context"
	"slices"

	"github.com/ttlog/ttlog/query/types"
)

// Vec is a column of values of one type, as expressions take and give them.
// One of the slices holds the values, by the form of the type; null, where
// set, tells which rows have none. A vec with same set has one value that
// stands for every row. A vec is immutable once it was returned.
type Vec struct {
	Type   types.Type
	Len    int
	Same   bool
	Null   []bool
	Ints   []int64
	Floats []float64
	Strs   []string
	vals   []types.Value // FormAny: Null is NULL
}

// Ix returns where row i stands in the slices.
func (v *Vec) Ix(i int) int {
	if v.Same {
		return 0
	}
	return i
}

// IsNull reports whether row i has no value.
func (v *Vec) IsNull(i int) bool {
	i = v.Ix(i)
	if v.Type == types.Null || v.Null != nil && v.Null[i] {
		return true
	}
	return v.vals != nil && v.vals[i].IsNull()
}

// At returns row i as a value.
func (v *Vec) At(i int) types.Value {
	i = v.Ix(i)
	if v.Null != nil && v.Null[i] {
		return types.Value{}
	}
	switch types.FormOf(v.Type) {
	case types.FormInt:
		return types.NewInt(v.Type, v.Ints[i])
	case types.FormFloat:
		return types.NewFloat(v.Floats[i])
	case types.FormStr:
		return types.NewString(v.Type, v.Strs[i])
	case types.FormAny:
		return v.vals[i]
	}
	return types.Value{}
}

// constVec returns a vec of n rows that all hold v.
func constVec(t types.Type, v types.Value, n int) *Vec {
	out := &Vec{Type: t, Len: n, Same: true}
	switch types.FormOf(t) {
	case types.FormInt:
		out.Ints = []int64{v.Int}
	case types.FormFloat:
		out.Floats = []float64{v.Float()}
	case types.FormStr:
		out.Strs = []string{v.Str}
	case types.FormAny:
		out.vals = []types.Value{v}
	}
	if v.IsNull() {
		out.Null = []bool{true}
	}
	return out
}

// NewVec returns a vec with room for n values.
func NewVec(t types.Type, n int) *Vec {
	v := &Vec{Type: t, Len: n}
	switch types.FormOf(t) {
	case types.FormInt:
		v.Ints = make([]int64, n)
	case types.FormFloat:
		v.Floats = make([]float64, n)
	case types.FormStr:
		v.Strs = make([]string, n)
	case types.FormAny:
		v.vals = make([]types.Value, n)
	default:
		v.Same, v.Null = true, []bool{true}
	}
	return v
}

// Set stores x, of the vec's type or NULL, in row i of a vec being built.
func (v *Vec) Set(i int, x types.Value) {
	if x.IsNull() {
		v.SetNull(i)
		return
	}
	switch types.FormOf(v.Type) {
	case types.FormInt:
		v.Ints[i] = x.Int
	case types.FormFloat:
		v.Floats[i] = x.Float()
	case types.FormStr:
		v.Strs[i] = x.Str
	case types.FormAny:
		v.vals[i] = x
	}
}

// SetNull takes the value of row i of a vec being built, whose null slice is
// its own.
func (v *Vec) SetNull(i int) {
	if v.Type == types.Null {
		return
	}
	if v.Null == nil {
		v.Null = make([]bool, v.Len)
	}
	v.Null[i] = true
	if v.vals != nil {
		v.vals[i] = types.Value{}
	}
}

// Gather returns the entries of v at the positions pos.
func (v *Vec) Gather(pos []uint32) *Vec {
	if v.Same {
		out := *v
		out.Len = len(pos)
		return &out
	}
	out := NewVec(v.Type, len(pos))
	switch types.FormOf(v.Type) {
	case types.FormInt:
		for i, p := range pos {
			out.Ints[i] = v.Ints[p]
		}
	case types.FormFloat:
		for i, p := range pos {
			out.Floats[i] = v.Floats[p]
		}
	case types.FormStr:
		for i, p := range pos {
			out.Strs[i] = v.Strs[p]
		}
	case types.FormAny:
		for i, p := range pos {
			out.vals[i] = v.vals[p]
		}
	}
	if v.Null != nil {
		out.Null = gatherNull(v.Null, pos)
	}
	return out
}

// gatherNull returns nil where no position is NULL: a dictionary always has
// an entry for NULL, and most chunks do not use it.
func gatherNull(null []bool, pos []uint32) []bool {
	for i, p := range pos {
		if !null[p] {
			continue
		}
		out := make([]bool, len(pos))
		for j := i; j < len(pos); j++ {
			out[j] = null[pos[j]]
		}
		return out
	}
	return nil
}

// Slice returns rows [lo, hi) of v, sharing its memory.
func (v *Vec) Slice(lo, hi int) *Vec {
	out := *v
	out.Len = hi - lo
	if v.Same {
		return &out
	}
	if v.Null != nil {
		out.Null = v.Null[lo:hi]
	}
	switch types.FormOf(v.Type) {
	case types.FormInt:
		out.Ints = v.Ints[lo:hi]
	case types.FormFloat:
		out.Floats = v.Floats[lo:hi]
	case types.FormStr:
		out.Strs = v.Strs[lo:hi]
	case types.FormAny:
		out.vals = v.vals[lo:hi]
	}
	return &out
}

// Width returns how many bytes v takes without what its strings point to.
func (v *Vec) Width() int64 {
	if v.Same {
		return 0
	}
	return int64(len(v.Null) + 8*len(v.Ints) + 8*len(v.Floats) + 16*len(v.Strs) + 32*len(v.vals))
}

// Size returns roughly how many bytes of heap v holds, its strings included.
func (v *Vec) Size() int64 {
	n := v.Width()
	for _, s := range v.Strs {
		n += int64(len(s))
	}
	for i := range v.vals {
		n += int64(len(v.vals[i].Str))
	}
	return n
}

// Number returns row i of a numeric vec as a float.
func (v *Vec) Number(i int) float64 {
	i = v.Ix(i)
	if v.Floats != nil {
		return v.Floats[i]
	}
	return float64(v.Ints[i])
}

// VecOf builds a vec of values.
func VecOf(t types.Type, vals []types.Value) *Vec {
	out := NewVec(t, len(vals))
	for i, x := range vals {
		out.Set(i, x)
	}
	return out
}

// Grow extends s with zero values to the length n.
func Grow[T any](s []T, n int) []T {
	if n <= len(s) {
		return s
	}
	return append(s, make([]T, n-len(s))...)
}

// Owned returns a copy of v whose memory is its own; text gives strings of theirs.
func (v *Vec) Owned(text func(string) string) *Vec {
	out := *v
	out.Null, out.Ints, out.Floats = slices.Clone(v.Null), slices.Clone(v.Ints), slices.Clone(v.Floats)
	out.Strs, out.vals = slices.Clone(v.Strs), slices.Clone(v.vals)
	for i, s := range out.Strs {
		out.Strs[i] = text(s)
	}
	for i := range out.vals {
		out.vals[i].Str = text(out.vals[i].Str)
	}
	return &out
}

// Concat returns the rows of several vecs of type t, n in all, as one.
func Concat(ctx context.Context, t types.Type, n int, list []*Vec) (*Vec, error) {
	out, at := NewVec(t, n), 0
	watch := NewWatch(ctx)
	for _, v := range list {
		if err := watch.Spent(v.Len); err != nil {
			return nil, err
		}
		if v.Same || v.Type != t {
			for i := range v.Len {
				out.Set(at+i, v.At(i))
			}
		} else {
			if out.vals != nil {
				copy(out.vals[at:], v.vals)
			}
			copy(out.Ints[min(at, len(out.Ints)):], v.Ints)
			copy(out.Floats[min(at, len(out.Floats)):], v.Floats)
			copy(out.Strs[min(at, len(out.Strs)):], v.Strs)
			for i, null := range v.Null {
				if null {
					out.SetNull(at + i)
				}
			}
		}
		at += v.Len
	}
	return out, nil
}
