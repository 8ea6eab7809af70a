package table

import (
	"encoding/binary"
	"math"

	"github.com/ttlog/ttlog/storage/column"
)

// runFactor is how many rows a run must hold on average for a vector to be
// handed over as runs.
const runFactor = 4

// intVector returns the vector of n rows with the given values, zero behind
// their end.
func intVector(t column.Type, ints []int64, n int) *column.Vector {
	v := &column.Vector{Type: t, Len: n}
	if runs := countRuns(ints, n); runs*runFactor <= n {
		v.RunEnds, v.Ints = toRuns(ints, n, runs)
		return v
	}
	v.Ints = padded(ints, n)
	return v
}

func codeVector(t column.Type, codes []uint32, dict []string, n int) *column.Vector {
	v := &column.Vector{Type: t, Len: n, Dict: dict}
	if runs := countRuns(codes, n); runs*runFactor <= n {
		v.RunEnds, v.Codes = toRuns(codes, n, runs)
		return v
	}
	v.Codes = padded(codes, n)
	return v
}

// padded returns values with zeros up to n.
func padded[T int64 | uint32](values []T, n int) []T {
	if len(values) >= n {
		return values[:n:n]
	}
	return append(make([]T, 0, n), values...)[:n:n]
}

func countRuns[T int64 | uint32](values []T, n int) int {
	if n == 0 {
		return 0
	}
	runs := 1
	for i := 1; i < len(values); i++ {
		if values[i] != values[i-1] {
			runs++
		}
	}
	if k := len(values); k > 0 && k < n && values[k-1] != 0 {
		runs++
	}
	return runs
}

func toRuns[T int64 | uint32](values []T, n, runs int) (ends []uint32, out []T) {
	ends, out = make([]uint32, 0, runs), make([]T, 0, runs)
	for i := 1; i < len(values); i++ {
		if values[i] != values[i-1] {
			ends, out = append(ends, uint32(i)), append(out, values[i-1])
		}
	}
	last := T(0)
	if k := len(values); k > 0 {
		last = values[k-1]
		if k < n && last != 0 {
			ends, out, last = append(ends, uint32(k)), append(out, last), 0
		}
	}
	return append(ends, uint32(n)), append(out, last)
}

// validNonZero returns the Valid bits of n rows, nil when all have a value.
func validNonZero(n int, has func(i int) bool) []uint64 {
	bits := make([]uint64, (n+63)/64)
	all := true
	for i := range n {
		if has(i) {
			bits[i/64] |= 1 << (i % 64)
		} else {
			all = false
		}
	}
	if all {
		return nil
	}
	return bits
}

func spanIDString(id int64) string {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], uint64(id))
	return string(b[:])
}

// runs builds a vector row by row, as runs while that is shorter.
type runs struct {
	typ   column.Type
	n     int // rows expected
	at    int // rows pushed
	nulls []int
	ends  []uint32
	ints  []int64 // one a run: integers, bits of floats, or codes
	dict  *Dict
}

func newRuns(t column.Type, n int) *runs {
	return &runs{typ: t, n: n, dict: NewDict()}
}

func (r *runs) code(s string) uint32 { return r.dict.codeString(s, true) }

func (r *runs) pushString(s string)  { r.pushInt(int64(r.code(s))) }
func (r *runs) pushCode(code uint32) { r.pushInt(int64(code)) }

func (r *runs) pushInt(v int64) { r.pushInts(v, 1) }

// pushInts adds n rows of the same value.
func (r *runs) pushInts(v int64, n int) {
	r.at += n
	if k := len(r.ints); k > 0 && r.ints[k-1] == v {
		r.ends[k-1] = uint32(r.at)
		return
	}
	r.ints = append(r.ints, v)
	r.ends = append(r.ends, uint32(r.at))
}

// pushNull adds a row without a value. It takes part in the run before it.
func (r *runs) pushNull() {
	r.nulls = append(r.nulls, r.at)
	if k := len(r.ints); k > 0 {
		r.pushInt(r.ints[k-1])
	} else {
		r.pushInt(0)
	}
}

// pushNonZero adds a row whose 0 says that it has no value.
func (r *runs) pushNonZero(v int64) {
	if v == 0 {
		r.pushNull()
		return
	}
	r.pushInt(v)
}

// push adds the row's value, converted from an attribute.
func (r *runs) push(v value) {
	switch v.typ {
	case column.TypeNone:
		r.pushNull()
	case column.TypeBool, column.TypeInt64, column.TypeFloat64:
		r.pushInt(v.num)
	case column.TypeArray, column.TypeMap:
		r.pushString(v.json())
	default:
		r.pushString(v.text())
	}
}

// vector returns what was pushed, nil when no row has a value.
func (r *runs) vector() *column.Vector {
	if len(r.nulls) == r.n {
		return nil
	}
	v := &column.Vector{Type: r.typ, Len: r.n}
	if len(r.nulls) > 0 {
		v.Valid = make([]uint64, (r.n+63)/64)
		for i := range v.Valid {
			v.Valid[i] = math.MaxUint64
		}
		if tail := r.n % 64; tail != 0 {
			v.Valid[len(v.Valid)-1] = 1<<tail - 1
		}
		for _, i := range r.nulls {
			v.Valid[i/64] &^= 1 << (i % 64)
		}
	}
	values := r.ints
	if len(r.ints)*runFactor <= r.n {
		v.RunEnds = r.ends
	} else {
		values = make([]int64, 0, r.n)
		for k, x := range r.ints {
			for len(values) < int(r.ends[k]) {
				values = append(values, x)
			}
		}
	}
	switch r.typ {
	case column.TypeBool, column.TypeInt64, column.TypeTimestamp, column.TypeDuration:
		v.Ints = values
	case column.TypeFloat64:
		v.Floats = make([]float64, len(values))
		for i, x := range values {
			v.Floats[i] = math.Float64frombits(uint64(x))
		}
	default:
		v.Dict = r.dict.Values
		v.Codes = make([]uint32, len(values))
		for i, x := range values {
			v.Codes[i] = uint32(x)
		}
	}
	return v
}
