package query

import "context"

// eval computes expressions over chunks of frames. It belongs to one worker.
// The first error sticks in err; results after it mean nothing.
type eval struct {
	err  error
	over func() error // tells why the query has to end, nil while it has not
	acct account      // the sum of what follows, to accountGrain

	decoded int64 // bytes of the frame's columns
	kept    int64 // bytes of what was computed over entries
	made    int64 // bytes of what was made since the chunk began
	args    int64 // bytes of the arguments of the calls at work

	f     frame
	c     chunk
	n     int
	entry *vec // the column, while an expression is computed over its entries

	cols   map[int]*encoded
	pos    map[int][]uint32 // per chunk
	dense  map[int]*vec     // per chunk
	once   map[*expr]*vec   // shared expressions, per chunk or while entry is set
	coded  map[*expr]*vec   // per frame
	shared map[*expr]sharedEntries
}

// sharedEntries is an expression over a dictionary that the next block may
// share.
type sharedEntries struct {
	dict  *string
	n     int
	out   *vec
	bytes int64
}

// accountGrain is how far what an eval holds may be from what its budget
// knows: one atomic add for many small strings.
const accountGrain = 256 << 10

func newEval(ctx context.Context, b *budget) *eval {
	return &eval{
		over: ctx.Err, acct: account{b: b, stage: "computing expressions"}, cols: map[int]*encoded{}, pos: map[int][]uint32{}, dense: map[int]*vec{},
		once: map[*expr]*vec{}, coded: map[*expr]*vec{}, shared: map[*expr]sharedEntries{},
	}
}

// frame begins a frame.
func (ev *eval) frame(f frame) {
	ev.f, ev.decoded = f, 0
	clear(ev.cols)
	clear(ev.coded)
	ev.chunk(chunk{})
}

// chunk begins a chunk of the frame.
func (ev *eval) chunk(c chunk) {
	ev.c, ev.n, ev.made = c, c.n, 0
	clear(ev.pos)
	clear(ev.dense)
	clear(ev.once)
	ev.account(0)
}

// spend accounts n bytes of strings that a kernel is about to make, and
// returns false where it must not.
func (ev *eval) spend(n int) bool {
	ev.made += int64(n)
	ev.account(accountGrain)
	return ev.err == nil
}

// account tells the budget what ev holds, if that is more than grain off.
func (ev *eval) account(grain int64) {
	held := ev.decoded + ev.kept + ev.made + ev.args
	if d := held - ev.acct.held; d <= grain && d >= -grain {
		return
	}
	if err := ev.acct.set(held); err != nil && ev.err == nil {
		ev.err = err
	}
}

// disown makes somebody else account for n bytes of what ev holds.
func (ev *eval) disown(n *int64) int64 {
	ev.account(0)
	out := *n
	ev.acct.held -= out
	*n = 0
	return out
}

// stopped reports whether the query has to end.
func (ev *eval) stopped() bool {
	if ev.err == nil {
		ev.err = ev.over()
	}
	return ev.err != nil
}

func (ev *eval) column(i int) *encoded {
	if e, ok := ev.cols[i]; ok {
		return e
	}
	e, err := ev.f.column(i)
	if err != nil {
		if ev.err == nil {
			ev.err = err
		}
		e = &encoded{entries: constVec(typeNull, value{}, ev.f.rows())}
	}
	ev.cols[i] = e
	ev.decoded += e.bytes
	ev.acct.stage = "decoding columns"
	ev.account(accountGrain)
	ev.acct.stage = "computing expressions"
	return e
}

// positions returns the entries of the chunk's rows in a column that is not
// flat.
func (ev *eval) positions(col int) []uint32 {
	if p, ok := ev.pos[col]; ok {
		return p
	}
	p := ev.column(col).positions(make([]uint32, 0, ev.c.n), &ev.c)
	ev.pos[col] = p
	return p
}

// vec computes e over the chunk.
func (ev *eval) vec(e *expr) *vec {
	if e.isConst() {
		return constVec(e.typ, e.val, ev.n)
	}
	if e.isCol() {
		if ev.entry != nil {
			return ev.entry
		}
		return ev.gather(e.col)
	}
	if !e.shared {
		return ev.call(e)
	}
	v, ok := ev.once[e]
	if !ok {
		v = ev.call(e)
		ev.once[e] = v
		ev.made += v.width()
	}
	return v
}

// call computes e from its arguments.
func (ev *eval) call(e *expr) *vec {
	if ev.entry == nil && e.single >= 0 {
		if entries := ev.entries(e); entries != nil {
			return entries.gather(ev.positions(e.single))
		}
	}
	args, before := make([]*vec, len(e.args)), ev.args
	for i, a := range e.args {
		args[i] = ev.vec(a)
		ev.args += args[i].width()
		ev.account(accountGrain)
		if ev.err != nil {
			ev.args = before
			return constVec(e.typ, value{}, ev.n)
		}
	}
	v := e.impl.(kernel)(ev, args)
	ev.args = before
	return v
}

// gather returns a column's values in the chunk's rows.
func (ev *eval) gather(col int) *vec {
	if v, ok := ev.dense[col]; ok {
		return v
	}
	e := ev.column(col)
	var v *vec
	switch {
	case e.object != nil:
		v = e.object.build(ev, &ev.c)
	case !e.flat():
		v = e.entries.gather(ev.positions(col))
		ev.made += v.width()
	case ev.c.sel != nil:
		v = e.entries.gather(ev.c.sel)
		ev.made += v.width()
	default:
		v = e.entries.slice(ev.c.lo, ev.c.lo+ev.c.n)
	}
	ev.dense[col] = v
	return v
}

// entries computes an expression of a single column once per entry of the
// column, or returns nil where its rows are cheaper.
func (ev *eval) entries(e *expr) *vec {
	col := ev.column(e.single)
	if col.flat() {
		return nil
	}
	if e.isCol() {
		return col.entries
	}
	if v, ok := ev.coded[e]; ok {
		return v
	}
	if s, ok := ev.shared[e]; ok && col.dict != nil && s.dict == col.dict && s.n == col.entries.n {
		ev.coded[e] = s.out
		return s.out
	}
	// A dictionary much larger than the rows it is used for is not worth it.
	if col.entries.n > 2*ev.f.rows()+1024 {
		return nil
	}
	n, once, made := ev.n, ev.once, ev.made
	ev.entry, ev.n, ev.once = col.entries, col.entries.n, map[*expr]*vec{}
	v := ev.call(e)
	bytes := ev.made - made + v.width()
	ev.entry, ev.n, ev.once, ev.made = nil, n, once, made
	ev.kept += bytes - ev.shared[e].bytes
	ev.coded[e] = v
	ev.shared[e] = sharedEntries{dict: col.dict, n: col.entries.n, out: v, bytes: bytes}
	return v
}

// strictNulls returns which rows have a NULL argument, nil for none; all is
// set where every row has.
func (ev *eval) strictNulls(a []*vec) (null []bool, all bool) {
	own := false
	for _, v := range a {
		if v.typ == typeNull || v.same && v.isNull(0) {
			return nil, true
		}
		if v.null == nil || v.same {
			continue
		}
		switch null {
		case nil:
			null = v.null
		default:
			if !own {
				null = append([]bool(nil), null...)
				own = true
			}
			for i, x := range v.null {
				if x {
					null[i] = true
				}
			}
		}
	}
	return null, false
}

// strict wraps a kernel that gives NULL wherever an argument is NULL. The
// kernel fills out for every row; what it writes for NULL rows is ignored.
func strict(t Type, fill func(ev *eval, a []*vec, out *vec)) kernel {
	return func(ev *eval, a []*vec) *vec {
		null, all := ev.strictNulls(a)
		if all {
			return constVec(t, value{}, ev.n)
		}
		out := newVec(t, ev.n)
		fill(ev, a, out)
		if null == nil {
			return out
		}
		if out.null == nil {
			out.null = null
			return out
		}
		for i, x := range null {
			if x {
				out.null[i] = true
			}
		}
		return out
	}
}

// perRow wraps a function of values. It is the form of most functions: they
// run once per dictionary entry, so the boxing does not matter.
func perRow(t Type, f func(ev *eval, a []value) value) kernel {
	return strict(t, func(ev *eval, a []*vec, out *vec) {
		row := make([]value, len(a))
	rows:
		for i := range ev.n {
			if i%64 == 63 && ev.stopped() {
				return
			}
			for j, v := range a {
				if row[j] = v.at(i); row[j].isNull() {
					out.setNull(i)
					continue rows
				}
			}
			out.set(i, f(ev, row))
			if ev.err != nil {
				return
			}
		}
	})
}

// held returns the bytes of the frame's columns, and of the frame where nobody
// else accounts for it.
func (ev *eval) held() int64 {
	if f, ok := ev.f.(*vecFrame); ok {
		return ev.decoded + f.bytes
	}
	return ev.decoded
}
