package eval

import (
	"context"

	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/types"
)

// Evaluator computes expressions over chunks of frames. It belongs to one worker.
// The first error sticks in err; results after it mean nothing.
type Evaluator struct {
	Err  error
	over func() error // tells why the query has to end, nil while it has not
	acct Account      // the sum of what follows, to AccountGrain

	Decoded int64 // bytes of the frame's columns
	kept    int64 // bytes of what was computed over entries
	Made    int64 // bytes of what was made since the chunk began
	args    int64 // bytes of the arguments of the calls at work

	Frame Frame
	Chunk Chunk
	Rows  int
	entry *Vec // the column, while an expression is computed over its entries

	cols    map[int]*Encoded
	pos     map[int][]uint32        // per chunk
	dense   map[int]*Vec            // per chunk
	once    map[*plan.Expr]*Vec     // shared expressions, per chunk or while entry is set
	coded   map[*plan.Expr]*Vec     // per frame
	buckets map[*plan.Expr]*Encoded // per frame, see bucketed
	shared  map[*plan.Expr]sharedEntries
}

// sharedEntries is an expression over a dictionary that the next block may
// share.
type sharedEntries struct {
	dict  *string
	n     int
	out   *Vec
	bytes int64
}

// AccountGrain is how far what an eval holds may be from what its budget
// knows: one atomic add for many small strings.
const AccountGrain = 256 << 10

// New returns an evaluator that stands nowhere yet, and takes its memory of b.
func New(ctx context.Context, b *Budget) *Evaluator {
	return &Evaluator{
		over: ctx.Err, acct: NewAccount(b, "computing expressions"), cols: map[int]*Encoded{}, pos: map[int][]uint32{}, dense: map[int]*Vec{},
		once: map[*plan.Expr]*Vec{}, coded: map[*plan.Expr]*Vec{}, buckets: map[*plan.Expr]*Encoded{}, shared: map[*plan.Expr]sharedEntries{},
	}
}

// Enter begins a frame.
func (ev *Evaluator) Enter(f Frame) {
	ev.Frame, ev.Decoded = f, 0
	clear(ev.cols)
	clear(ev.coded)
	clear(ev.buckets)
	ev.Begin(Chunk{})
}

// Begin begins a chunk of the frame.
func (ev *Evaluator) Begin(c Chunk) {
	ev.Chunk, ev.Rows, ev.Made = c, c.Len, 0
	clear(ev.pos)
	clear(ev.dense)
	clear(ev.once)
	ev.Account(0)
}

// Spend accounts n bytes of strings that a kernel is about to make, and
// returns false where it must not.
func (ev *Evaluator) Spend(n int) bool {
	ev.Made += int64(n)
	ev.Account(AccountGrain)
	return ev.Err == nil
}

// Account tells the budget what ev holds, if that is more than grain off.
func (ev *Evaluator) Account(grain int64) {
	held := ev.Decoded + ev.kept + ev.Made + ev.args
	if d := held - ev.acct.Held; d <= grain && d >= -grain {
		return
	}
	if err := ev.acct.Set(held); err != nil && ev.Err == nil {
		ev.Err = err
	}
}

// Disown makes somebody else account for n bytes of what ev holds.
func (ev *Evaluator) Disown(n *int64) int64 {
	ev.Account(0)
	out := *n
	ev.acct.Held -= out
	*n = 0
	return out
}

// Stopped reports whether the query has to end.
func (ev *Evaluator) Stopped() bool {
	if ev.Err == nil {
		ev.Err = ev.over()
	}
	return ev.Err != nil
}

func (ev *Evaluator) column(i int) *Encoded {
	if e, ok := ev.cols[i]; ok {
		return e
	}
	var e *Encoded
	err := ev.over() // of a wide row each column takes a while
	if err == nil {
		e, err = ev.Frame.Column(i)
	}
	if err != nil {
		if ev.Err == nil {
			ev.Err = err
		}
		e = &Encoded{Entries: constVec(types.Null, types.Value{}, ev.Frame.Rows())}
	}
	ev.cols[i] = e
	ev.Decoded += e.Bytes
	ev.acct.Stage = "decoding columns"
	ev.Account(AccountGrain)
	ev.acct.Stage = "computing expressions"
	return e
}

// positions returns the entries of the chunk's rows in a column that is not
// flat.
func (ev *Evaluator) positions(col int) []uint32 {
	if p, ok := ev.pos[col]; ok {
		return p
	}
	p := ev.column(col).Positions(make([]uint32, 0, ev.Chunk.Len), &ev.Chunk)
	ev.pos[col] = p
	return p
}

// Vec computes e over the chunk.
func (ev *Evaluator) Vec(e *plan.Expr) *Vec {
	if e.IsConst() {
		return constVec(e.Type, e.Value, ev.Rows)
	}
	if e.IsCol() {
		if ev.entry != nil {
			return ev.entry
		}
		return ev.Gather(e.Column)
	}
	if !e.Shared {
		return ev.call(e)
	}
	v, ok := ev.once[e]
	if !ok {
		v = ev.call(e)
		ev.once[e] = v
		ev.Made += v.Width()
	}
	return v
}

// call computes e from its arguments.
func (ev *Evaluator) call(e *plan.Expr) *Vec {
	if ev.entry == nil && e.Single >= 0 {
		if entries := ev.entries(e); entries != nil {
			return entries.Gather(ev.positions(e.Single))
		}
	}
	args, before := make([]*Vec, len(e.Args)), ev.args
	for i, a := range e.Args {
		args[i] = ev.Vec(a)
		ev.args += args[i].Width()
		ev.Account(AccountGrain)
		if ev.Err != nil {
			ev.args = before
			return constVec(e.Type, types.Value{}, ev.Rows)
		}
	}
	v := e.Impl.(Kernel)(ev, args)
	ev.args = before
	return v
}

// Gather returns a column's values in the chunk's rows.
func (ev *Evaluator) Gather(col int) *Vec {
	if v, ok := ev.dense[col]; ok {
		return v
	}
	e := ev.column(col)
	var v *Vec
	switch {
	case e.Object != nil:
		v = e.Object.build(ev, &ev.Chunk)
	case !e.Flat():
		v = e.Entries.Gather(ev.positions(col))
		ev.Made += v.Width()
	case ev.Chunk.Sel != nil:
		v = e.Entries.Gather(ev.Chunk.Sel)
		ev.Made += v.Width()
	default:
		v = e.Entries.Slice(ev.Chunk.lo, ev.Chunk.lo+ev.Chunk.Len)
	}
	ev.dense[col] = v
	return v
}

// entries computes an expression of a single column once per entry of the
// column, or returns nil where its rows are cheaper.
func (ev *Evaluator) entries(e *plan.Expr) *Vec {
	col := ev.column(e.Single)
	if col.Flat() {
		return nil
	}
	if e.IsCol() {
		return col.Entries
	}
	if v, ok := ev.coded[e]; ok {
		return v
	}
	if s, ok := ev.shared[e]; ok && col.dict != nil && s.dict == col.dict && s.n == col.Entries.Len {
		ev.coded[e] = s.out
		return s.out
	}
	// A dictionary much larger than the rows it is used for is not worth it.
	if col.Entries.Len > 2*ev.Frame.Rows()+1024 {
		return nil
	}
	made := ev.Made
	v := ev.overValues(col.Entries, e)
	bytes := ev.Made - made + v.Width()
	ev.Made = made
	ev.kept += bytes - ev.shared[e].bytes
	ev.coded[e] = v
	ev.shared[e] = sharedEntries{dict: col.dict, n: col.Entries.Len, out: v, bytes: bytes}
	return v
}

// overValues computes an expression of a single column over values of it.
func (ev *Evaluator) overValues(values *Vec, e *plan.Expr) *Vec {
	n, once := ev.Rows, ev.once
	ev.entry, ev.Rows, ev.once = values, values.Len, map[*plan.Expr]*Vec{}
	v := ev.call(e)
	ev.entry, ev.Rows, ev.once = nil, n, once
	return v
}

// strictNulls returns which rows have a NULL argument, nil for none; all is
// set where every row has.
func (ev *Evaluator) strictNulls(a []*Vec) (null []bool, all bool) {
	own := false
	for _, v := range a {
		if v.Type == types.Null || v.Same && v.IsNull(0) {
			return nil, true
		}
		if v.Null == nil || v.Same {
			continue
		}
		switch null {
		case nil:
			null = v.Null
		default:
			if !own {
				null = append([]bool(nil), null...)
				own = true
			}
			for i, x := range v.Null {
				if x {
					null[i] = true
				}
			}
		}
	}
	return null, false
}

// Strict wraps a kernel that gives NULL wherever an argument is NULL. The
// kernel fills out for every row; what it writes for NULL rows is ignored.
func Strict(t types.Type, fill func(ev *Evaluator, a []*Vec, out *Vec)) Kernel {
	return func(ev *Evaluator, a []*Vec) *Vec {
		null, all := ev.strictNulls(a)
		if all {
			return constVec(t, types.Value{}, ev.Rows)
		}
		out := NewVec(t, ev.Rows)
		fill(ev, a, out)
		if null == nil {
			return out
		}
		if out.Null == nil {
			out.Null = null
			return out
		}
		for i, x := range null {
			if x {
				out.Null[i] = true
			}
		}
		return out
	}
}

// PerRow wraps a function of values. It is the form of most functions: they
// run once per dictionary entry, so the boxing does not matter.
func PerRow(t types.Type, f func(ev *Evaluator, a []types.Value) types.Value) Kernel {
	return Strict(t, func(ev *Evaluator, a []*Vec, out *Vec) {
		row := make([]types.Value, len(a))
	rows:
		for i := range ev.Rows {
			if i%64 == 63 && ev.Stopped() {
				return
			}
			for j, v := range a {
				if row[j] = v.At(i); row[j].IsNull() {
					out.SetNull(i)
					continue rows
				}
			}
			out.Set(i, f(ev, row))
			if ev.Err != nil {
				return
			}
		}
	})
}

// Held returns the bytes of the frame's columns, and of the frame where nobody
// else accounts for it.
func (ev *Evaluator) Held() int64 {
	if f, ok := ev.Frame.(*VecFrame); ok {
		return ev.Decoded + f.Bytes
	}
	return ev.Decoded
}
