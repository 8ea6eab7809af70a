package query

import (
	"slices"
	"strings"
	"unsafe"
)

// vec is a column of values of one type, as expressions take and give them.
// One of the slices holds the values, by the form of the type; null, where
// set, tells which rows have none. A vec with same set has one value that
// stands for every row. A vec is immutable once it was returned.
type vec struct {
	typ    Type
	n      int
	same   bool
	null   []bool
	ints   []int64
	floats []float64
	strs   []string
	vals   []value // formAny: typeNull is NULL
}

// ix returns where row i stands in the slices.
func (v *vec) ix(i int) int {
	if v.same {
		return 0
	}
	return i
}

func (v *vec) isNull(i int) bool {
	i = v.ix(i)
	if v.typ == typeNull || v.null != nil && v.null[i] {
		return true
	}
	return v.vals != nil && v.vals[i].isNull()
}

// at returns row i as a value.
func (v *vec) at(i int) value {
	i = v.ix(i)
	if v.null != nil && v.null[i] {
		return value{}
	}
	switch formOf(v.typ) {
	case formInt:
		return intValue(v.typ, v.ints[i])
	case formFloat:
		return floatValue(v.floats[i])
	case formStr:
		return strValue(v.typ, v.strs[i])
	case formAny:
		return v.vals[i]
	}
	return value{}
}

// constVec returns a vec of n rows that all hold v.
func constVec(t Type, v value, n int) *vec {
	out := &vec{typ: t, n: n, same: true}
	switch formOf(t) {
	case formInt:
		out.ints = []int64{v.n}
	case formFloat:
		out.floats = []float64{v.float()}
	case formStr:
		out.strs = []string{v.s}
	case formAny:
		out.vals = []value{v}
	}
	if v.isNull() {
		out.null = []bool{true}
	}
	return out
}

// newVec returns a vec with room for n values.
func newVec(t Type, n int) *vec {
	v := &vec{typ: t, n: n}
	switch formOf(t) {
	case formInt:
		v.ints = make([]int64, n)
	case formFloat:
		v.floats = make([]float64, n)
	case formStr:
		v.strs = make([]string, n)
	case formAny:
		v.vals = make([]value, n)
	default:
		v.same, v.null = true, []bool{true}
	}
	return v
}

// set stores x, of the vec's type or NULL, in row i of a vec being built.
func (v *vec) set(i int, x value) {
	if x.isNull() {
		v.setNull(i)
		return
	}
	switch formOf(v.typ) {
	case formInt:
		v.ints[i] = x.n
	case formFloat:
		v.floats[i] = x.float()
	case formStr:
		v.strs[i] = x.s
	case formAny:
		v.vals[i] = x
	}
}

// setNull takes the value of row i of a vec being built, whose null slice is
// its own.
func (v *vec) setNull(i int) {
	if v.typ == typeNull {
		return
	}
	if v.null == nil {
		v.null = make([]bool, v.n)
	}
	v.null[i] = true
	if v.vals != nil {
		v.vals[i] = value{}
	}
}

// gather returns the entries of v at the positions pos.
func (v *vec) gather(pos []uint32) *vec {
	if v.same {
		out := *v
		out.n = len(pos)
		return &out
	}
	out := newVec(v.typ, len(pos))
	switch formOf(v.typ) {
	case formInt:
		for i, p := range pos {
			out.ints[i] = v.ints[p]
		}
	case formFloat:
		for i, p := range pos {
			out.floats[i] = v.floats[p]
		}
	case formStr:
		for i, p := range pos {
			out.strs[i] = v.strs[p]
		}
	case formAny:
		for i, p := range pos {
			out.vals[i] = v.vals[p]
		}
	}
	if v.null != nil {
		out.null = gatherNull(v.null, pos)
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

// slice returns rows [lo, hi) of v, sharing its memory.
func (v *vec) slice(lo, hi int) *vec {
	out := *v
	out.n = hi - lo
	if v.same {
		return &out
	}
	if v.null != nil {
		out.null = v.null[lo:hi]
	}
	switch formOf(v.typ) {
	case formInt:
		out.ints = v.ints[lo:hi]
	case formFloat:
		out.floats = v.floats[lo:hi]
	case formStr:
		out.strs = v.strs[lo:hi]
	case formAny:
		out.vals = v.vals[lo:hi]
	}
	return &out
}

// width returns how many bytes v takes without what its strings point to.
func (v *vec) width() int64 {
	if v.same {
		return 0
	}
	return int64(len(v.null) + 8*len(v.ints) + 8*len(v.floats) + 16*len(v.strs) + 32*len(v.vals))
}

// owned returns v with strings of its own: one string of a dictionary would
// hold on to all of it. Rows mostly have the string of the row before.
func (v *vec) owned() *vec {
	out := *v
	var last, own string
	clone := func(s string) string {
		if len(s) != len(last) || unsafe.StringData(s) != unsafe.StringData(last) {
			last, own = s, strings.Clone(s)
		}
		return own
	}
	out.strs = slices.Clone(v.strs)
	for i, s := range out.strs {
		out.strs[i] = clone(s)
	}
	out.vals = slices.Clone(v.vals)
	for i := range out.vals {
		out.vals[i].s = clone(out.vals[i].s)
	}
	return &out
}

// size returns roughly how many bytes of heap v holds, its strings included.
func (v *vec) size() int64 {
	n := v.width()
	for _, s := range v.strs {
		n += int64(len(s))
	}
	for i := range v.vals {
		n += int64(len(v.vals[i].s))
	}
	return n
}

// number returns row i of a numeric vec as a float.
func (v *vec) number(i int) float64 {
	i = v.ix(i)
	if v.floats != nil {
		return v.floats[i]
	}
	return float64(v.ints[i])
}

// vecOf builds a vec of values.
func vecOf(t Type, vals []value) *vec {
	out := newVec(t, len(vals))
	for i, x := range vals {
		out.set(i, x)
	}
	return out
}

// growSlice extends s with zero values to the length n.
func growSlice[T any](s []T, n int) []T {
	if n <= len(s) {
		return s
	}
	return append(s, make([]T, n-len(s))...)
}
