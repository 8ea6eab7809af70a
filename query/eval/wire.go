package eval

import (
	"encoding/binary"
	"errors"
	"math"

	"github.com/ttlog/ttlog/query/types"
)

// How rows are written that do not fit the memory: column by column, integers as
// the difference to the one before, the bytes of all strings of a column together. What
// compresses that finds little difference between rows that stand beside each other.

// errWire is of bytes that are no rows.
var errWire = errors.New("query: rows that were put on the disk cannot be read")

// AppendWire appends the vec.
func (v *Vec) AppendWire(dst []byte) []byte {
	flags := byte(0)
	if v.Same {
		flags |= 1
	}
	if v.Null != nil {
		flags |= 2
	}
	dst = append(dst, byte(v.Type), flags)
	dst = binary.AppendUvarint(dst, uint64(v.Len))
	for _, null := range v.Null {
		dst = append(dst, byte(types.Bit(null)))
	}
	last := int64(0)
	dst = binary.AppendUvarint(dst, uint64(len(v.Ints)))
	for _, x := range v.Ints {
		dst = binary.AppendVarint(dst, x-last) // wraps around, as reading it does
		last = x
	}
	dst = binary.AppendUvarint(dst, uint64(len(v.Floats)))
	for _, x := range v.Floats {
		dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(x))
	}
	dst = binary.AppendUvarint(dst, uint64(len(v.Strs)))
	for _, s := range v.Strs {
		dst = binary.AppendUvarint(dst, uint64(len(s)))
	}
	for _, s := range v.Strs {
		dst = append(dst, s...)
	}
	dst = binary.AppendUvarint(dst, uint64(len(v.vals)))
	for _, x := range v.vals {
		dst = AppendValue(dst, x)
	}
	return dst
}

// AppendValue appends a value.
func AppendValue(dst []byte, v types.Value) []byte {
	dst = append(dst, byte(v.Type))
	dst = binary.AppendVarint(dst, v.Int)
	dst = binary.AppendUvarint(dst, uint64(len(v.Str)))
	return append(dst, v.Str...)
}

// Reader reads what the Append functions wrote. The first error sticks.
type Reader struct {
	b   []byte
	Err error
}

// NewReader returns a reader of b.
func NewReader(b []byte) *Reader { return &Reader{b: b} }

func (r *Reader) fail() {
	r.b = nil
	if r.Err == nil {
		r.Err = errWire
	}
}

// Len returns how many bytes are left.
func (r *Reader) Len() int { return len(r.b) }

// Bytes reads n bytes, which belong to the reader.
func (r *Reader) Bytes(n int) []byte {
	if n < 0 || n > len(r.b) {
		r.fail()
		return nil
	}
	out := r.b[:n]
	r.b = r.b[n:]
	return out
}

// Byte reads one.
func (r *Reader) Byte() byte {
	if b := r.Bytes(1); b != nil {
		return b[0]
	}
	return 0
}

// Int reads what binary.AppendVarint wrote.
func (r *Reader) Int() int64 {
	x, n := binary.Varint(r.b)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.b = r.b[n:]
	return x
}

// Uint reads what binary.AppendUvarint wrote.
func (r *Reader) Uint() uint64 {
	x, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.b = r.b[n:]
	return x
}

// Count reads a number of things that take at least a byte each.
func (r *Reader) Count() int {
	n := r.Uint()
	if n > uint64(len(r.b)) {
		r.fail()
		return 0
	}
	return int(n)
}

// Float reads the eight bytes of a float.
func (r *Reader) Float() float64 {
	if b := r.Bytes(8); b != nil {
		return math.Float64frombits(binary.LittleEndian.Uint64(b))
	}
	return 0
}

// Value reads what AppendValue wrote.
func (r *Reader) Value() types.Value {
	v := types.Value{Type: types.Type(r.Byte()), Int: r.Int()}
	v.Str = string(r.Bytes(r.Count()))
	return v
}

// Vec reads what AppendWire wrote. Its strings share their memory.
func (r *Reader) Vec() *Vec {
	v := &Vec{Type: types.Type(r.Byte())}
	flags := r.Byte()
	v.Same = flags&1 != 0
	n := r.Uint()
	if n > math.MaxInt32 {
		r.fail()
	}
	v.Len = int(n)
	values := v.Len
	if v.Same {
		values = 1
	}
	if flags&2 != 0 {
		v.Null = make([]bool, 0, min(values, r.Len()))
		for _, b := range r.Bytes(values) {
			v.Null = append(v.Null, b != 0)
		}
	}
	last := int64(0)
	if n := r.Count(); n > 0 {
		v.Ints = make([]int64, n)
		for i := range v.Ints {
			last += r.Int()
			v.Ints[i] = last
		}
	}
	if n := r.Count(); n > 0 {
		v.Floats = make([]float64, n)
		for i := range v.Floats {
			v.Floats[i] = r.Float()
		}
	}
	r.strings(v)
	if n := r.Count(); n > 0 {
		v.vals = make([]types.Value, n)
		for i := range v.vals {
			v.vals[i] = r.Value()
		}
	}
	have := map[types.Form]int{types.FormInt: len(v.Ints), types.FormFloat: len(v.Floats), types.FormStr: len(v.Strs), types.FormAny: len(v.vals)}
	if want, is := have[types.FormOf(v.Type)]; is && want < values {
		r.fail()
	}
	return v
}

func (r *Reader) strings(v *Vec) {
	n := r.Count()
	if n == 0 {
		return
	}
	sizes, all := make([]int, n), 0
	for i := range sizes {
		sizes[i] = int(r.Uint())
		if all += sizes[i]; sizes[i] < 0 || all < 0 || all > r.Len() {
			r.fail()
			return
		}
	}
	text := string(r.Bytes(all))
	v.Strs = make([]string, n)
	for i, size := range sizes {
		v.Strs[i], text = text[:size], text[size:]
	}
}
