package eval

import (
	"fmt"
	"slices"
	"sort"

	"github.com/ttlog/ttlog/query/types"
	"github.com/ttlog/ttlog/storage/column"
)

// Frame is a run of rows with columns, numbered as the plan numbers them: a
// block of a scan, or rows that an earlier stage made.
type Frame interface {
	Rows() int
	// Width returns the number of columns.
	Width() int
	// Column returns column i, the same each time.
	Column(i int) (*Encoded, error)
}

// Encoded is a column of a frame in the form that it is stored in: entries,
// and how rows map to them. Where neither codes nor runEnds is set, the rows
// are the entries. Otherwise the last entry is NULL, and stands for the rows
// that valid leaves out.
type Encoded struct {
	Entries *Vec
	codes   []uint32 // entry of each row, or of each run where runEnds is set
	runEnds []uint32 // row behind each run
	valid   []uint64
	dict    *string // identity of a dictionary that blocks may share
	Bytes   int64   // what decoding took
	Object  *ObjectBuilder
}

// Flat reports whether the rows are the entries.
func (e *Encoded) Flat() bool { return e.codes == nil && e.runEnds == nil }

// Size returns about how many bytes the column holds.
func (e *Encoded) Size() int64 {
	return e.Entries.Size() + int64(4*len(e.codes)+4*len(e.runEnds)+8*len(e.valid))
}

func (e *Encoded) nullEntry() uint32 { return uint32(e.Entries.Len - 1) }

func (e *Encoded) isValid(row uint32) bool {
	return e.valid == nil || e.valid[row>>6]>>(row&63)&1 != 0
}

// Positions appends the entry of each row of c to dst.
func (e *Encoded) Positions(dst []uint32, c *Chunk) []uint32 {
	switch {
	case e.runEnds != nil:
		dst = e.runPositions(dst, c)
	case c.Sel == nil:
		dst = append(dst, e.codes[c.lo:c.lo+c.Len]...)
	default:
		for _, r := range c.Sel {
			dst = append(dst, e.codes[r])
		}
	}
	if e.valid == nil {
		return dst
	}
	null, base := e.nullEntry(), len(dst)-c.Len
	for i := range c.Len {
		if !e.isValid(c.Row(i)) {
			dst[base+i] = null
		}
	}
	return dst
}

func (e *Encoded) runPositions(dst []uint32, c *Chunk) []uint32 {
	if c.Len == 0 {
		return dst
	}
	first := c.Row(0)
	run := sort.Search(len(e.runEnds), func(i int) bool { return e.runEnds[i] > first })
	for i := 0; i < c.Len; i++ {
		r := c.Row(i)
		for e.runEnds[run] <= r {
			run++
		}
		if e.codes != nil {
			dst = append(dst, e.codes[run])
		} else {
			dst = append(dst, uint32(run))
		}
	}
	return dst
}

// Chunk is a part of a frame's rows: those of sel, or where sel is nil the n
// rows from lo.
type Chunk struct {
	Sel     []uint32
	lo, Len int
}

// Row returns the frame's row that is row i of the chunk.
func (c *Chunk) Row(i int) uint32 {
	if c.Sel != nil {
		return c.Sel[i]
	}
	return uint32(c.lo + i)
}

// Chunks calls f for the selected rows of a frame (all where all is set), at
// most size at a time.
func Chunks(rows int, sel []uint32, all bool, size int, f func(Chunk) error) error {
	n := len(sel)
	if all {
		n = rows
	}
	for lo := 0; lo < n; lo += size {
		c := Chunk{lo: lo, Len: min(size, n-lo)}
		if !all {
			c.Sel = sel[lo : lo+c.Len]
		}
		if err := f(c); err != nil {
			return err
		}
	}
	return nil
}

// VecFrame is a frame of vecs.
type VecFrame struct {
	Len   int
	Cols  []*Vec
	Bytes int64 // what they take that nobody accounts for once the chunk is over
}

// Rows implements [Frame].
func (f *VecFrame) Rows() int { return f.Len }

// Width implements [Frame].
func (f *VecFrame) Width() int { return len(f.Cols) }

// Column implements [Frame].
func (f *VecFrame) Column(i int) (*Encoded, error) { return &Encoded{Entries: f.Cols[i]}, nil }

// Encode turns a stored vector into the executor's form, checking what the
// kernels rely on.
func Encode(v *column.Vector, rows int, want types.Type) (*Encoded, error) {
	if v == nil {
		return &Encoded{Entries: constVec(want, types.Value{}, rows)}, nil
	}
	m, err := vectorValues(v, rows)
	if err != nil {
		return nil, err
	}
	e := &Encoded{runEnds: v.RunEnds, valid: v.Valid}
	if types.FormOf(v.Type) == types.FormStr {
		e.codes = v.Codes
		dict := len(v.Dict)
		strs := make([]string, dict+1)
		copy(strs, v.Dict)
		if dict > 0 {
			e.dict = &v.Dict[0]
		}
		e.Entries = &Vec{Type: v.Type, Len: dict + 1, Strs: strs}
		if top := maxCode(v); int(top) > dict {
			return nil, fmt.Errorf("query: code %d is outside a dictionary of %d", top, dict)
		}
	} else if v.RunEnds != nil {
		e.Entries = &Vec{Type: v.Type, Len: m + 1}
		if v.Type == types.Float {
			e.Entries.Floats = append(v.Floats[:m:m], 0)
		} else {
			e.Entries.Ints = append(v.Ints[:m:m], 0)
		}
	} else {
		e.Entries = &Vec{Type: v.Type, Len: rows, Ints: v.Ints, Floats: v.Floats, Null: nullsOf(v.Valid, rows)}
		e.valid = nil
	}
	if !e.Flat() {
		e.Entries.Null = make([]bool, e.Entries.Len)
		e.Entries.Null[e.Entries.Len-1] = true
	}
	return convert(e, want), nil
}

// vectorValues checks a vector's shape and returns how many values it holds.
func vectorValues(v *column.Vector, rows int) (int, error) {
	m := rows
	if v.RunEnds != nil {
		m = len(v.RunEnds)
		if m == 0 && rows > 0 || m > 0 && int(v.RunEnds[m-1]) != rows {
			return 0, fmt.Errorf("query: runs of a column do not cover its block of %d rows", rows)
		}
	}
	n := len(v.Ints)
	switch types.FormOf(v.Type) {
	case types.FormFloat:
		n = len(v.Floats)
	case types.FormStr:
		n = len(v.Codes)
	}
	if v.Len != rows || n < m || v.Valid != nil && len(v.Valid)*64 < rows {
		return 0, fmt.Errorf("query: column has %d values for %d rows of its block", n, rows)
	}
	return m, nil
}

func maxCode(v *column.Vector) uint32 {
	var most uint32
	for _, c := range v.Codes {
		most = max(most, c)
	}
	return most
}

func nullsOf(valid []uint64, rows int) []bool {
	if valid == nil {
		return nil
	}
	null := make([]bool, rows)
	for i := range null {
		null[i] = valid[i>>6]>>(i&63)&1 == 0
	}
	return null
}

// convert gives the entries the type that the plan expects of the column.
func convert(e *Encoded, want types.Type) *Encoded {
	have := e.Entries.Type
	if want == have || want == types.Null {
		return e
	}
	if types.IsEnum(want) && have == types.String {
		e.Entries = enumVec(e.Entries, want)
		return e
	}
	out := NewVec(want, e.Entries.Len)
	for i := range e.Entries.Len {
		out.Set(i, types.Convert(e.Entries.At(i), want))
	}
	if out.Null == nil && !e.Flat() {
		out.Null = make([]bool, out.Len)
	}
	e.Entries = out
	return e
}

// enumVec turns text from the store into an enumeration.
func enumVec(v *Vec, t types.Type) *Vec {
	out := *v
	out.Type = t
	if t != types.Level {
		return &out
	}
	for i, s := range v.Strs {
		level := types.StoredLevel(s)
		if level == s {
			continue
		}
		if &out.Strs[0] == &v.Strs[0] {
			out.Strs = slices.Clone(v.Strs)
		}
		out.Strs[i] = level
	}
	return &out
}

// ChunkRows is how many rows expressions work on at once: few enough for
// the vectors to stay in the L2 cache, and the grain in which memory is
// accounted and cancellation noticed.
const ChunkRows = 8192
