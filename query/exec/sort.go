package exec

import (
	"cmp"
	"context"
	"iter"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/ttlog/ttlog/query/eval"
	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/types"
)

// sortOp orders rows and keeps the first; out is computed for those that it
// keeps, so that it decodes no column for the others.
type sortOp struct {
	name string // with the limit that the plan has
	in   Operator
	node *plan.TopN
	out  []*plan.Expr
	top  *topBound  // what the scan below is told, or nil
	disk *sortSpill // set when it runs
}

func (o *sortOp) inputs() []Operator { return []Operator{o.in} }
func (o *sortOp) breaks()            {}

func (o *sortOp) describe() string {
	return o.name + ", then " + counted(len(o.out), "column")
}

// notes tells what did not fit the memory.
func (o *sortOp) notes() []string {
	if o.disk == nil {
		return nil
	}
	return o.disk.notes()
}

func (o *sortOp) morsels(ctx context.Context, x *Exec) iter.Seq2[morsel, error] {
	return serialMorsels(ctx, x, o)
}

func (o *sortOp) rows(ctx context.Context, x *Exec, emit func([]*eval.Vec, int) error) error {
	offset := min(o.node.Offset, manyRows)
	n := min(o.node.Limit, manyRows) + offset
	o.disk = o.newSpill(x)
	tops := make([]*topN, x.workers)
	err := x.each(ctx, o.in, func(w int, b *batch, seq uint64) error {
		if tops[w] == nil {
			tops[w] = newTopN(n, o.node.Keys, o.out, x)
		}
		if o.top != nil {
			seq = 0 // rows are numbered by the scan, which gives blocks in another order
		}
		err := b.chunks(x.holdRows(), func(ev *eval.Evaluator, row uint64) error {
			err := tops[w].add(ev, seq+row)
			return o.disk.relieve(ctx, ev, tops[w], err)
		})
		if err != nil {
			return err
		}
		err = tops[w].endFrame(b.eval())
		o.top.raise(tops[w])
		return err
	})
	if err != nil {
		return err
	}
	if o.disk.used() {
		for _, t := range tops {
			if t != nil && len(t.rows) > 0 {
				if err := o.disk.take(ctx, t); err != nil {
					return err
				}
			}
		}
		return o.disk.emitRows(ctx, n, offset, emit)
	}
	rows, err := sortedRows(ctx, tops, n, offset)
	if err != nil {
		return err
	}
	for _, t := range tops {
		if t != nil {
			clear(t.frames) // each goes when its rows have their values
			t.rows, t.fresh = nil, nil
		}
	}
	if err := o.fillRows(ctx, x, rows); err != nil {
		return err
	}
	for lo := 0; lo < len(rows); lo += eval.ChunkRows {
		if err := ctx.Err(); err != nil {
			return err
		}
		part := rows[lo:min(lo+eval.ChunkRows, len(rows))]
		cols := make([]*eval.Vec, len(o.out))
		for j, e := range o.out {
			cols[j] = eval.NewVec(e.Type, len(part))
			for i, r := range part {
				cols[j].Set(i, r.vals[j])
			}
		}
		if err := emit(cols, len(part)); err != nil {
			return err
		}
	}
	for _, t := range tops {
		if t != nil {
			_ = t.acct.Set(0) // giving back cannot fail
		}
	}
	return nil
}

// pendingFrame is a frame with those of its rows that have no values yet.
type pendingFrame struct {
	eval.Frame
	list []*topRow
}

// fillRows computes the values of the rows that made it into the result
// without them.
func (o *sortOp) fillRows(ctx context.Context, x *Exec, rows []*topRow) error {
	var pending []pendingFrame
	for f, rows := range pendingRows(rows) {
		pending = append(pending, pendingFrame{f, rows})
	}
	morsels := func(context.Context) iter.Seq2[morsel, error] {
		return func(yield func(morsel, error) bool) {
			for i, f := range pending {
				pending[i] = pendingFrame{} // the frame and its columns may go
				if !yield(&frameMorsel{f: f}, nil) {
					return
				}
			}
		}
	}
	return x.eachOf(ctx, morsels, func(_ int, b *batch, _ uint64) error {
		t := newTopN(0, o.node.Keys, o.out, x)
		if err := t.fill(b.eval(), b.f.(pendingFrame).list, true); err != nil {
			return err
		}
		return t.account() // stays accounted until the query ends
	})
}

// topN keeps the first n rows of an order, those of one worker. Rows that are
// equal in all keys stay in the order of the scan.
type topN struct {
	n    int
	most int64 // bytes of pending frames
	keys []plan.SortKey
	out  []*plan.Expr
	acct eval.Account

	rows   []*topRow // the first n, and some more until the next cut
	last   *topRow   // of the first n when they were cut, nil before that
	bytes  int64
	fresh  []*topRow            // of the chunk
	frames map[eval.Frame]int64 // frames whose rows have no values yet, and what their columns take
}

// topRow is a row that is kept: its keys, and its values or, until those are
// computed, where it stands.
type topRow struct {
	keys, vals []types.Value
	seq        uint64
	f          eval.Frame // nil once vals is set
	row        uint32
	dropped    bool
}

// maxPending is how many frames a worker keeps for rows without values. The
// values of most rows that are kept for a while are never needed; but a frame
// holds on to the columns that it decoded.
const maxPending = 16

func newTopN(n int64, keys []plan.SortKey, out []*plan.Expr, x *Exec) *topN {
	b := x.Budget
	return &topN{
		n: int(min(n, math.MaxInt32)), most: b.Limit / int64(4*x.workers), keys: keys, out: out, acct: eval.NewAccount(b, "ORDER BY"), frames: map[eval.Frame]int64{},
	}
}

// CompareKey orders two values of key k.
func CompareKey(k *plan.SortKey, a, b types.Value) int {
	an, bn := a.IsNull(), b.IsNull()
	if an || bn {
		switch {
		case an && bn:
			return 0
		case an == k.NullsFirst:
			return -1
		}
		return 1
	}
	c := types.Compare(a, b)
	if k.Desc {
		return -c
	}
	return c
}

func (t *topN) compare(a, b *topRow) int {
	for i := range t.keys {
		if c := CompareKey(&t.keys[i], a.keys[i], b.keys[i]); c != 0 {
			return c
		}
	}
	return cmp.Compare(a.seq, b.seq)
}

// add takes the rows of ev's chunk.
func (t *topN) add(ev *eval.Evaluator, seq uint64) error {
	if t.n == 0 {
		return nil
	}
	keys := make([]*eval.Vec, len(t.keys))
	for i, k := range t.keys {
		keys[i] = ev.Vec(k.Expr)
	}
	if ev.Err != nil {
		return ev.Err
	}
	t.fresh = t.fresh[:0]
	first, step := 0, 1
	if t.backwards(keys, ev.Rows) {
		first, step = ev.Rows-1, -1
	}
	for n := range ev.Rows {
		i := first + n*step
		if t.last != nil && !t.beats(keys, i, seq+uint64(i)) {
			continue
		}
		r := &topRow{keys: make([]types.Value, len(keys)), seq: seq + uint64(i), f: ev.Frame, row: ev.Chunk.Row(i)}
		for j, k := range keys {
			r.keys[j] = k.At(i).Owned()
		}
		t.rows, t.fresh = append(t.rows, r), append(t.fresh, r)
		if t.bytes += r.size(); len(t.rows) >= t.n+max(t.n/4, spareRows) {
			t.cut()
		}
	}
	t.fresh = slices.DeleteFunc(t.fresh, func(r *topRow) bool { return r.dropped })
	if len(t.fresh) == 0 {
		return nil
	}
	if t.n > eval.ChunkRows {
		// With so many rows to keep, most chunks have some that stay.
		if err := t.fill(ev, t.fresh, false); err != nil {
			return err
		}
	} else {
		t.frames[ev.Frame] = ev.Held()
	}
	return t.account()
}

// backwards reports whether the rows of a chunk are better taken from its end:
// where they stand in the opposite order, as the newest of rows in order of time, each of them
// would be kept until the next comes. Which rows are kept does not depend on
// it.
func (t *topN) backwards(keys []*eval.Vec, rows int) bool {
	return rows > 1 && len(keys) > 0 && CompareKey(&t.keys[0], keys[0].At(rows-1), keys[0].At(0)) < 0
}

// account counts the rows, and the columns of pending frames.
func (t *topN) account() error {
	n := t.bytes
	for _, size := range t.frames {
		n += size
	}
	return t.acct.Set(n)
}

// endFrame lets go of frames that no row needs, and computes the values of
// all rows when too many frames are left. ev stands nowhere after.
func (t *topN) endFrame(ev *eval.Evaluator) error {
	if t.n <= eval.ChunkRows {
		t.cut()
	}
	if _, ok := t.frames[ev.Frame]; ok {
		t.frames[ev.Frame] = ev.Held()
	}
	if !t.tooMany(len(t.frames)) {
		return t.account()
	}
	pending := pendingRows(t.rows)
	for f := range t.frames {
		if pending[f] == nil {
			delete(t.frames, f)
		}
	}
	if t.tooMany(len(pending)) {
		for f, rows := range pending {
			ev.Enter(f)
			if err := t.fill(ev, rows, true); err != nil {
				return err
			}
			// With its values the frame's columns go: of many frames, those of
			// one are there at a time.
			delete(t.frames, f)
			delete(pending, f)
		}
		clear(t.frames)
	}
	return t.account()
}

// tooMany reports whether n pending frames are too many, or too large.
func (t *topN) tooMany(n int) bool {
	size := int64(0)
	for _, s := range t.frames {
		size += s
	}
	return n > maxPending || size > t.most
}

// pendingRows returns the rows without values, by frame.
func pendingRows(rows []*topRow) map[eval.Frame][]*topRow {
	pending := map[eval.Frame][]*topRow{}
	for _, r := range rows {
		if r.f != nil {
			pending[r.f] = append(pending[r.f], r)
		}
	}
	return pending
}

// beats reports whether row i belongs before the last of the rows kept.
func (t *topN) beats(keys []*eval.Vec, i int, seq uint64) bool {
	for j, k := range keys {
		last := &t.last.keys[j]
		if k.Ints != nil && !last.IsNull() && !k.IsNull(i) {
			if v := k.Ints[k.Ix(i)]; v != last.Int {
				return v > last.Int == t.keys[j].Desc
			}
			continue
		}
		if c := CompareKey(&t.keys[j], k.At(i), *last); c != 0 {
			return c < 0
		}
	}
	return seq < t.last.seq
}

// spareRows is how many rows more than the first are kept at least before they are
// cut: each cut looks at all of them.
const spareRows = 64

// cut gives up the rows behind the first n. A heap would know the last of them
// always, but would move a few rows for each that comes.
func (t *topN) cut() {
	if len(t.rows) < t.n || t.n == 0 {
		return
	}
	selectFirst(t.rows, t.n, t.compare)
	for _, r := range t.rows[t.n:] {
		t.drop(r)
	}
	clear(t.rows[t.n:])
	t.rows = t.rows[:t.n]
	t.last = slices.MaxFunc(t.rows, t.compare)
}

// selectFirst moves the first n of a list, in any order, to its beginning.
func selectFirst[T any](list []T, n int, compare func(a, b T) int) {
	for n < len(list) && n > 0 {
		pivot := list[rand.IntN(len(list))]
		i, j := 0, len(list)-1
		for i <= j {
			for compare(list[i], pivot) < 0 {
				i++
			}
			for compare(list[j], pivot) > 0 {
				j--
			}
			if i <= j {
				list[i], list[j] = list[j], list[i]
				i, j = i+1, j-1
			}
		}
		switch { // what is up to j is not behind the pivot, from i on not before it
		case n <= j:
			list = list[:j+1]
		case n > i:
			list, n = list[i:], n-i
		default:
			return
		}
	}
}

// drop gives up a row, which must not hold on to its frame: fresh may go on
// pointing to it.
func (t *topN) drop(r *topRow) {
	r.dropped, r.f = true, nil
	t.bytes -= r.size()
}

func (r *topRow) size() int64 {
	n := int64(96 + 32*(len(r.keys)+len(r.vals)))
	for _, v := range r.keys {
		n += int64(len(v.Str))
	}
	for _, v := range r.vals {
		n += int64(len(v.Str))
	}
	return n
}

// fill computes the values of rows of ev's frame. With late, ev need not stand
// on the frame any more after that.
func (t *topN) fill(ev *eval.Evaluator, rows []*topRow, late bool) error {
	slices.SortFunc(rows, func(a, b *topRow) int { return cmp.Compare(a.row, b.row) })
	c := eval.Chunk{Sel: make([]uint32, len(rows)), Len: len(rows)}
	for i, r := range rows {
		c.Sel[i] = r.row
		r.vals, r.f = make([]types.Value, len(t.out)), nil
	}
	if f, ok := alone(ev.Frame, c.Sel); ok && late {
		ev.Enter(f)
		c.Sel = nil
	}
	return eval.Chunks(len(rows), c.Sel, c.Sel == nil, eval.ChunkRows, func(c eval.Chunk) error {
		if ev.Stopped() {
			return ev.Err
		}
		ev.Begin(c)
		for j, e := range t.out {
			v := ev.Vec(e)
			if ev.Err != nil {
				return ev.Err
			}
			for i, r := range rows[:c.Len] {
				r.vals[j] = v.At(i).Owned()
				t.bytes += 32 + int64(len(r.vals[j].Str))
			}
		}
		rows = rows[c.Len:]
		return nil
	})
}

// sortedRows merges the rows of all workers, and returns those from offset on.
func sortedRows(ctx context.Context, parts []*topN, n, offset int64) ([]*topRow, error) {
	var rows []*topRow
	var t *topN
	for _, p := range parts {
		if p != nil {
			rows, t = append(rows, p.rows...), p
		}
	}
	if t == nil {
		return nil, nil
	}
	if err := eval.SortUntil(ctx, rows, t.compare); err != nil {
		return nil, err
	}
	first, end := min(int64(len(rows)), offset), min(int64(len(rows)), n)
	// What is not in the result must not hold on to its frame.
	clear(rows[:first])
	clear(rows[end:])
	return rows[first:max(first, end)], nil
}
