package exec

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/cespare/xxhash/v2"

	"github.com/ttlog/ttlog/query/eval"
	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/types"
)

// A join whose right input exceeds the memory writes both inputs to partitions by the
// hash of the keys, and joins each partition for itself: one whose right side is too
// large is taken apart by further bits of the hash. What each gives is a run in the order of the left
// rows, and the runs are merged.

// joinSpill is the two inputs of a join on the disk.
type joinSpill struct {
	*spilled
	op     *joinOp
	kept   []int        // columns of the right input that are held
	rights []plan.Field // of a row of the right input on the disk: its key and number, the columns
	lefts  []plan.Field // of one of the left input: its columns, its number
	out    []plan.Field // of a row of the join: its columns, the number of the left row
	began  atomic.Bool  // rows of the right input were taken

	mu   sync.Mutex
	null bool // a row of them has a NULL among its keys; guarded by mu
}

// side is the rows of one input on the disk: by partition a run of each worker.
type side [partitions]map[int]run

func (s *side) add(p, worker int, b block) {
	if s[p] == nil {
		s[p] = map[int]run{}
	}
	s[p][worker] = append(s[p][worker], b)
}

// runs returns those of a partition.
func (s *side) runs(p int) (list []run) {
	for _, r := range s[p] {
		list = append(list, r)
	}
	return list
}

// newSpill returns nil where rows cannot be told apart by a key.
func (o *joinOp) newSpill(x *Exec) *joinSpill {
	if len(o.build) == 0 {
		return nil
	}
	s := &joinSpill{spilled: x.spills("JOIN"), op: o, rights: []plan.Field{{Type: types.Bytes}, {Type: types.Int}}}
	for i, f := range o.node.Right.Schema() {
		if o.keeps(i) {
			s.kept, s.rights = append(s.kept, i), append(s.rights, f)
		}
	}
	s.lefts = append(slices.Clone(o.node.Left.Schema()), plan.Field{Type: types.Int})
	s.out = append(slices.Clone(o.node.Schema()), plan.Field{Type: types.Int})
	return s
}

// rowOf returns row i of columns.
func rowOf(dst, cols []*eval.Vec, i int) []*eval.Vec {
	for _, v := range cols {
		dst = append(dst, v.Slice(i, i+1))
	}
	return dst
}

// take writes the rows of the right input that a worker holds; it has none then.
func (s *joinSpill) take(ctx context.Context, to *side, worker int, j *joinBuilder) error {
	w := &splitter{s: s.spilled, fields: s.rights, put: func(p int, b block) {
		s.mu.Lock()
		defer s.mu.Unlock()
		to.add(p, worker, b)
	}}
	s.began.Store(true)
	watch := eval.NewWatch(ctx)
	var row []*eval.Vec
	for _, part := range j.parts {
		start := uint32(0)
		for i := range part.n {
			if err := watch.Spent(8); err != nil {
				return err
			}
			key := part.keys[start:part.ends[i]]
			if start = part.ends[i]; part.null[i] {
				s.mu.Lock()
				s.null = true // it equals nothing, which is all that there is to know
				s.mu.Unlock()
				continue
			}
			row = append(row[:0], &eval.Vec{Type: types.Bytes, Len: 1, Strs: []string{string(key)}}, intVec(int64(part.seq)+int64(part.base+i)))
			for _, c := range s.kept {
				row = append(row, part.cols[c].Slice(i, i+1))
			}
			if err := w.add(xxhash.Sum64(key), row); err != nil {
				return err
			}
		}
		part.forget()
	}
	j.bytes = 0
	if n := len(j.parts); n > 0 {
		j.parts = j.parts[n-1:] // a morsel may go on
	}
	if err := w.end(); err != nil {
		return err
	}
	return j.acct.Set(0)
}

// large reports whether the rows of all workers are too many to make a table of,
// which takes some columns twice for a moment.
func (s *joinSpill) large(builders []*joinBuilder) bool {
	held := int64(0)
	for _, j := range builders {
		if j != nil {
			held += j.bytes
		}
	}
	return s.x.Spill != nil && held > s.x.Budget.Limit/2
}

func intVec(x int64) *eval.Vec { return &eval.Vec{Type: types.Int, Len: 1, Ints: []int64{x}} }

// emitRows reads the left input and gives the rows of the join.
func (s *joinSpill) emitRows(ctx context.Context, right *side, emit func([]*eval.Vec, int) error) error {
	left, err := s.readLeft(ctx)
	if err != nil {
		return err
	}
	var runs []run
	if err := s.partitions(ctx, left, right, 0, &runs); err != nil {
		return err
	}
	last := len(s.out) - 1
	return s.merge(ctx, runs, s.out, bySeq(last), func(cols []*eval.Vec, n int) error { return emit(cols[:last], n) })
}

// readLeft writes the left input to partitions, but for rows that have no match
// whatever the right one has, and need one.
func (s *joinSpill) readLeft(ctx context.Context) (*side, error) {
	out := &side{}
	writers := make([]*splitter, s.x.workers)
	o := s.op
	err := s.x.each(ctx, o.left, func(worker int, b *batch, seq uint64) error {
		if writers[worker] == nil {
			writers[worker] = s.leftWriter(out, worker, 0)
		}
		return b.chunks(eval.ChunkRows, func(ev *eval.Evaluator, row uint64) error {
			keys, cols := o.vecs(ev, o.probe), make([]*eval.Vec, o.width)
			for i := range cols {
				cols[i] = ev.Gather(i)
			}
			if ev.Err != nil {
				return ev.Err
			}
			numbers := eval.NewVec(types.Int, ev.Rows)
			for i := range numbers.Ints {
				numbers.Ints[i] = int64(seq + row + uint64(ev.Chunk.Row(i)) - uint64(ev.Chunk.Row(0)))
			}
			return s.splitLeft(writers[worker], keys, append(cols, numbers))
		})
	})
	for _, w := range writers {
		if err == nil && w != nil {
			err = w.end()
		}
	}
	return out, err
}

func (s *joinSpill) leftWriter(out *side, worker, level int) *splitter {
	return &splitter{s: s.spilled, fields: s.lefts, level: level, put: func(p int, b block) {
		s.mu.Lock()
		defer s.mu.Unlock()
		out.add(p, worker, b)
	}}
}

// needsMatch reports whether a left row without a match gives nothing.
func (s *joinSpill) needsMatch() bool {
	return s.op.node.Kind == plan.InnerJoin || s.op.node.Kind == plan.SemiJoin
}

// splitLeft writes rows of the left input to partitions.
func (s *joinSpill) splitLeft(w *splitter, keys, cols []*eval.Vec) error {
	needs := s.needsMatch()
	var key []byte
	var row []*eval.Vec
	for i := range cols[0].Len {
		var null bool
		if key, null = s.op.appendKey(key[:0], keys, i); (null || s.op.never) && needs {
			continue
		}
		hash := uint64(0)
		if !null {
			hash = xxhash.Sum64(key)
		}
		row = rowOf(row[:0], cols, i)
		if err := w.add(hash, row); err != nil {
			return err
		}
	}
	return nil
}

// partitions makes a run of what each partition gives.
func (s *joinSpill) partitions(ctx context.Context, left, right *side, level int, runs *[]run) error {
	for p := range partitions {
		l, r := left.runs(p), right.runs(p)
		left[p], right[p] = nil, nil
		if len(l) == 0 || s.needsMatch() && len(r) == 0 {
			continue
		}
		t, err := s.table(ctx, r)
		if err == nil && !(s.x.SpillEarly && level == 0) {
			err = s.probe(ctx, t, l, runs)
		}
		t.close()
		if level+1 < partitionLevels && (s.can(err) || s.x.SpillEarly && level == 0) {
			err = s.split(ctx, l, r, level+1, runs)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// table makes the table of one partition.
func (s *joinSpill) table(ctx context.Context, runs []run) (*joinTable, error) {
	o := s.op
	t := newJoinTable(o, s.x)
	j := &joinBuilder{op: o, told: newTold(o), acct: eval.NewAccount(s.x.Budget, "JOIN")}
	part := newBuiltPart(o, 0)
	err := s.merge(ctx, runs, s.rights, bySeq(1), func(cols []*eval.Vec, n int) error {
		for i := range n {
			part.keys = append(part.keys, cols[0].Strs[i]...)
			part.ends, part.null = append(part.ends, uint32(len(part.keys))), append(part.null, false)
			j.bytes += int64(len(cols[0].Strs[i])) + 17
		}
		part.n += n
		for k, c := range s.kept {
			j.bytes += part.cols[c].Append(cols[2+k])
		}
		return j.acct.Set(j.bytes)
	})
	if err == nil {
		j.parts = []*builtPart{part}
		err = t.merge(ctx, o, []*joinBuilder{j})
	}
	_ = j.acct.Set(0) // giving back cannot fail
	t.null, t.any = s.null, true
	return t, err
}

// probe joins the left rows of a partition with its table. What it gives is in a
// run when it is done: one that does not fit is as if nothing had been.
func (s *joinSpill) probe(ctx context.Context, t *joinTable, left []run, runs *[]run) error {
	bud := s.x.Budget.Part()
	defer bud.Close()
	w, out, width := newWorker(ctx, bud, eval.ChunkRows), s.newRun(s.out), s.op.width
	err := s.merge(ctx, left, s.lefts, bySeq(width), func(cols []*eval.Vec, n int) error {
		m := &probeMorsel{morsel: &frameMorsel{f: &eval.VecFrame{Len: n, Cols: cols[:width]}}, op: s.op, t: t}
		err := m.run(w, func(b *batch) error {
			return b.chunks(eval.ChunkRows, func(ev *eval.Evaluator, _ uint64) error {
				rows := make([]*eval.Vec, 0, len(s.out))
				for i := range len(s.out) - 1 {
					rows = append(rows, ev.Gather(i))
				}
				numbers := eval.NewVec(types.Int, ev.Rows)
				for i := range numbers.Ints {
					at := ev.Chunk.Row(i)
					if f, ok := b.f.(*joinFrame); ok {
						at = f.rows[at]
					}
					numbers.Ints[i] = cols[width].Ints[at]
				}
				if ev.Err != nil {
					return ev.Err
				}
				return out.add(append(rows, numbers), 0, ev.Rows)
			})
		})
		w.end()
		return err
	})
	if err != nil {
		return err
	}
	r, err := out.end()
	*runs = append(*runs, r)
	return err
}

// split takes a partition apart.
func (s *joinSpill) split(ctx context.Context, l, r []run, level int, runs *[]run) error {
	left, right := &side{}, &side{}
	lw := s.leftWriter(left, 0, level)
	rw := &splitter{s: s.spilled, fields: s.rights, level: level, put: func(p int, b block) { right.add(p, 0, b) }}
	ev := eval.New(ctx, s.x.Budget)
	errs := s.merge(ctx, l, s.lefts, bySeq(s.op.width), func(cols []*eval.Vec, n int) error {
		ev.Enter(&eval.VecFrame{Len: n, Cols: cols[:s.op.width]})
		ev.Begin(eval.Chunk{Len: n})
		keys := s.op.vecs(ev, s.op.probe)
		if ev.Err != nil {
			return ev.Err
		}
		return s.splitLeft(lw, keys, cols)
	})
	ev.Enter(nil)
	if errs == nil {
		errs = s.merge(ctx, r, s.rights, bySeq(1), func(cols []*eval.Vec, n int) error {
			var row []*eval.Vec
			for i := range n {
				row = rowOf(row[:0], cols, i)
				if err := rw.add(xxhash.Sum64String(cols[0].Strs[i]), row); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := errors.Join(errs, lw.end(), rw.end()); err != nil {
		return err
	}
	return s.partitions(ctx, left, right, level, runs)
}
