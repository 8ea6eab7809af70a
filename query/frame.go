package query

import (
	"fmt"
	"slices"
	"sort"

	"github.com/ttlog/ttlog/storage/column"
)

// frame is a run of rows with columns, numbered as the plan numbers them: a
// block of a scan, or rows that an earlier stage made.
type frame interface {
	rows() int
	// width returns the number of columns.
	width() int
	// column returns column i, the same each time.
	column(i int) (*encoded, error)
}

// encoded is a column of a frame in the form that it is stored in: entries,
// and how rows map to them. Where neither codes nor runEnds is set, the rows
// are the entries. Otherwise the last entry is NULL, and stands for the rows
// that valid leaves out.
type encoded struct {
	entries *vec
	codes   []uint32 // entry of each row, or of each run where runEnds is set
	runEnds []uint32 // row behind each run
	valid   []uint64
	dict    *string // identity of a dictionary that blocks may share
	bytes   int64   // what decoding took
	object  *objectBuilder
}

func (e *encoded) flat() bool { return e.codes == nil && e.runEnds == nil }

// size returns about how many bytes the column holds.
func (e *encoded) size() int64 {
	return e.entries.size() + int64(4*len(e.codes)+4*len(e.runEnds)+8*len(e.valid))
}

func (e *encoded) nullEntry() uint32 { return uint32(e.entries.n - 1) }

func (e *encoded) isValid(row uint32) bool {
	return e.valid == nil || e.valid[row>>6]>>(row&63)&1 != 0
}

// positions appends the entry of each row of c to dst.
func (e *encoded) positions(dst []uint32, c *chunk) []uint32 {
	switch {
	case e.runEnds != nil:
		dst = e.runPositions(dst, c)
	case c.sel == nil:
		dst = append(dst, e.codes[c.lo:c.lo+c.n]...)
	default:
		for _, r := range c.sel {
			dst = append(dst, e.codes[r])
		}
	}
	if e.valid == nil {
		return dst
	}
	null, base := e.nullEntry(), len(dst)-c.n
	for i := range c.n {
		if !e.isValid(c.row(i)) {
			dst[base+i] = null
		}
	}
	return dst
}

func (e *encoded) runPositions(dst []uint32, c *chunk) []uint32 {
	if c.n == 0 {
		return dst
	}
	first := c.row(0)
	run := sort.Search(len(e.runEnds), func(i int) bool { return e.runEnds[i] > first })
	for i := 0; i < c.n; i++ {
		r := c.row(i)
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

// chunk is a part of a frame's rows: those of sel, or where sel is nil the n
// rows from lo.
type chunk struct {
	sel   []uint32
	lo, n int
}

func (c *chunk) row(i int) uint32 {
	if c.sel != nil {
		return c.sel[i]
	}
	return uint32(c.lo + i)
}

// chunks calls f for the selected rows of a frame (all where all is set), at
// most size at a time.
func chunks(rows int, sel []uint32, all bool, size int, f func(chunk) error) error {
	n := len(sel)
	if all {
		n = rows
	}
	for lo := 0; lo < n; lo += size {
		c := chunk{lo: lo, n: min(size, n-lo)}
		if !all {
			c.sel = sel[lo : lo+c.n]
		}
		if err := f(c); err != nil {
			return err
		}
	}
	return nil
}

// vecFrame is a frame of vecs.
type vecFrame struct {
	n     int
	cols  []*vec
	bytes int64 // what they take that nobody accounts for once the chunk is over
}

func (f *vecFrame) rows() int  { return f.n }
func (f *vecFrame) width() int { return len(f.cols) }

func (f *vecFrame) column(i int) (*encoded, error) { return &encoded{entries: f.cols[i]}, nil }

// encode turns a stored vector into the executor's form, checking what the
// kernels rely on.
func encode(v *column.Vector, rows int, want Type) (*encoded, error) {
	if v == nil {
		return &encoded{entries: constVec(want, value{}, rows)}, nil
	}
	m, err := vectorValues(v, rows)
	if err != nil {
		return nil, err
	}
	e := &encoded{runEnds: v.RunEnds, valid: v.Valid}
	if formOf(v.Type) == formStr {
		e.codes = v.Codes
		dict := len(v.Dict)
		strs := make([]string, dict+1)
		copy(strs, v.Dict)
		if dict > 0 {
			e.dict = &v.Dict[0]
		}
		e.entries = &vec{typ: v.Type, n: dict + 1, strs: strs}
		if top := maxCode(v); int(top) > dict {
			return nil, fmt.Errorf("query: code %d is outside a dictionary of %d", top, dict)
		}
	} else if v.RunEnds != nil {
		e.entries = &vec{typ: v.Type, n: m + 1}
		if v.Type == typeFloat {
			e.entries.floats = append(v.Floats[:m:m], 0)
		} else {
			e.entries.ints = append(v.Ints[:m:m], 0)
		}
	} else {
		e.entries = &vec{typ: v.Type, n: rows, ints: v.Ints, floats: v.Floats, null: nullsOf(v.Valid, rows)}
		e.valid = nil
	}
	if !e.flat() {
		e.entries.null = make([]bool, e.entries.n)
		e.entries.null[e.entries.n-1] = true
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
	switch formOf(v.Type) {
	case formFloat:
		n = len(v.Floats)
	case formStr:
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
func convert(e *encoded, want Type) *encoded {
	have := e.entries.typ
	if want == have || want == typeNull {
		return e
	}
	if isEnum(want) && have == typeStr {
		e.entries = enumVec(e.entries, want)
		return e
	}
	out := newVec(want, e.entries.n)
	for i := range e.entries.n {
		out.set(i, convertValue(e.entries.at(i), want))
	}
	if out.null == nil && !e.flat() {
		out.null = make([]bool, out.n)
	}
	e.entries = out
	return e
}

// enumVec turns text from the store into an enumeration.
func enumVec(v *vec, t Type) *vec {
	out := *v
	out.typ = t
	if t != typeLevel {
		return &out
	}
	for i, s := range v.strs {
		level := storedLevel(s)
		if level == s {
			continue
		}
		if &out.strs[0] == &v.strs[0] {
			out.strs = slices.Clone(v.strs)
		}
		out.strs[i] = level
	}
	return &out
}

// chunkRows is how many rows expressions work on at once: few enough for
// the vectors to stay in the L2 cache, and the grain in which memory is
// accounted and cancellation noticed.
const chunkRows = 8192
