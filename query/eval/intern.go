package eval

import (
	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/types"
)

// Interner numbers the distinct values of an expression, from 1; NULL is 0.
// Behind it, grouping and counting work on numbers. In mixed values 1 and 1.0
// are one value, as they are for =.
type Interner struct {
	form  types.Form
	ints  map[int64]uint32 // the bits of floats as well
	strs  map[string]uint32
	vals  map[types.Value]uint32
	List  []types.Value // by number
	bytes int64

	entries *Vec // the memo's entries
	memo    []uint32
	out     []uint32 // reused by IDs
	runs    []Run    // reused by Runs
	codes   []Run    // likewise
}

// NewInterner returns an interner for values of type t.
func NewInterner(t types.Type) *Interner { return newInternerOf(types.FormOf(t)) }

// Empty returns an interner for the same values without any.
func (in *Interner) Empty() *Interner { return newInternerOf(in.form) }

func newInternerOf(f types.Form) *Interner {
	in := &Interner{form: f, List: []types.Value{{}}}
	switch in.form {
	case types.FormInt, types.FormFloat:
		in.ints = map[int64]uint32{}
	case types.FormStr:
		in.strs = map[string]uint32{}
	default:
		in.vals = map[types.Value]uint32{}
	}
	return in
}

// ID returns the number of v, giving it the next where it is new.
func (in *Interner) ID(v types.Value) uint32 {
	if v.IsNull() {
		return 0
	}
	var id uint32
	var ok bool
	switch in.form {
	case types.FormInt, types.FormFloat:
		id, ok = in.ints[v.Int]
	case types.FormStr:
		id, ok = in.strs[v.Str]
	default:
		v = types.WholeKey(v)
		id, ok = in.vals[v]
	}
	if ok {
		return id
	}
	id = uint32(len(in.List))
	v = v.Owned()
	in.List = append(in.List, v)
	in.bytes += 96 + int64(len(v.Str))
	switch in.form {
	case types.FormInt, types.FormFloat:
		in.ints[v.Int] = id
	case types.FormStr:
		in.strs[v.Str] = id
	default:
		in.vals[v] = id
	}
	return id
}

// IDs returns the numbers of e in the rows of ev's chunk, valid until the next
// call. Over a dictionary or runs, each entry is looked up once a frame.
func (in *Interner) IDs(ev *Evaluator, e *plan.Expr) []uint32 {
	if cap(in.out) < ev.Rows {
		in.out = make([]uint32, max(ev.Rows, ChunkRows))
	}
	out := in.out[:ev.Rows]
	if e.Single >= 0 {
		if entries := ev.entries(e); entries != nil && ev.Err == nil {
			in.remember(entries)
			for i, p := range ev.positions(e.Single) {
				out[i] = in.entryID(entries, p)
			}
			return out
		}
	}
	v := ev.Vec(e)
	if in.form == types.FormInt && !v.Same && v.Null == nil && v.Type != types.Null {
		in.intIDs(v, out)
		return out
	}
	for i := range out {
		if i > 0 && v.Same {
			out[i] = out[0]
			continue
		}
		out[i] = in.ID(v.At(i))
	}
	return out
}

func (in *Interner) intIDs(v *Vec, out []uint32) {
	last, lastID := int64(0), uint32(0)
	for i, x := range v.Ints {
		if lastID == 0 || x != last {
			id, ok := in.ints[x]
			if !ok {
				id = in.ID(types.NewInt(v.Type, x))
			}
			last, lastID = x, id
		}
		out[i] = lastID
	}
}

// remember empties the memo, unless it is of the same entries.
func (in *Interner) remember(entries *Vec) {
	if in.entries == entries {
		return
	}
	in.entries = entries
	if cap(in.memo) < entries.Len {
		in.memo = make([]uint32, entries.Len)
		return
	}
	in.memo = in.memo[:entries.Len]
	clear(in.memo)
}

// Size returns how many bytes it holds.
func (in *Interner) Size() int64 {
	return in.bytes + int64(cap(in.memo)+cap(in.out))*4 + int64(cap(in.runs)+cap(in.codes))*16
}

// Seal gives up what is of use for more rows of the same blocks only, and points
// into them.
func (in *Interner) Seal() {
	in.entries, in.memo, in.out, in.runs, in.codes = nil, nil, nil, nil, nil
}
