package exec

import (
	"cmp"
	"context"
	"errors"
	"sync"

	"github.com/ttlog/ttlog/query/eval"
	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/types"
)

// sortSpill is runs of rows of a sort that exceed the memory. Each has the first rows
// of those that one worker met for a while, so that the first of all are
// among the first of the runs.
type sortSpill struct {
	*spilled
	node   *plan.TopN
	fields []plan.Field // keys, the row's number, values

	mu   sync.Mutex
	runs []run // guarded by mu
}

func (o *sortOp) newSpill(x *Exec) *sortSpill {
	s := &sortSpill{spilled: x.spills("ORDER BY"), node: o.node}
	for _, k := range o.node.Keys {
		s.fields = append(s.fields, plan.Field{Type: k.Expr.Type})
	}
	s.fields = append(s.fields, plan.Field{Type: types.Int})
	for _, e := range o.out {
		s.fields = append(s.fields, plan.Field{Type: e.Type})
	}
	return s
}

// relieve writes the rows of t where that is due, or err says that they do not
// fit; else it returns err. Few rows wait for their values, and stay. Where ev failed, some have none.
func (s *sortSpill) relieve(ctx context.Context, ev *eval.Evaluator, t *topN, err error) error {
	if ev.Err != nil || !s.due(t.acct.Held, err) || len(t.rows) == 0 || t.n <= eval.ChunkRows {
		return err
	}
	return s.take(ctx, t)
}

// take writes the rows of t, which has none after that.
func (s *sortSpill) take(ctx context.Context, t *topN) error {
	if err := eval.SortUntil(ctx, t.rows, t.compare); err != nil {
		return err
	}
	w := s.newRun(s.fields)
	for lo := 0; lo < len(t.rows); lo += eval.ChunkRows {
		if err := ctx.Err(); err != nil {
			return err
		}
		part := t.rows[lo:min(lo+eval.ChunkRows, len(t.rows))]
		if err := w.add(s.columns(part), 0, len(part)); err != nil {
			return err
		}
	}
	r, err := w.end()
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.runs = append(s.runs, r)
	s.mu.Unlock()
	t.rows, t.fresh, t.bytes = nil, nil, 0
	clear(t.frames)
	return t.acct.Set(0)
}

// columns returns rows with what they are ordered by.
func (s *sortSpill) columns(rows []*topRow) []*eval.Vec {
	k := len(s.node.Keys)
	cols := make([]*eval.Vec, len(s.fields))
	for j, f := range s.fields {
		cols[j] = eval.NewVec(f.Type, len(rows))
	}
	for i, r := range rows {
		for j, v := range r.keys {
			cols[j].Set(i, v)
		}
		cols[k].Ints[i] = int64(r.seq)
		for j, v := range r.vals {
			cols[k+1+j].Set(i, v)
		}
	}
	return cols
}

// emitRows gives the rows from offset on, n with those before, to emit.
func (s *sortSpill) emitRows(ctx context.Context, n, offset int64, emit func([]*eval.Vec, int) error) error {
	k := len(s.node.Keys)
	order := func(a []*eval.Vec, i int, b []*eval.Vec, j int) int {
		for c := range s.node.Keys {
			if x := CompareKey(&s.node.Keys[c], a[c].At(i), b[c].At(j)); x != 0 {
				return x
			}
		}
		return cmp.Compare(uint64(a[k].Ints[i]), uint64(b[k].Ints[j]))
	}
	some := limited(n-offset, offset, emit)
	err := s.merge(ctx, s.runs, s.fields, order, func(cols []*eval.Vec, n int) error { return some(cols[k+1:], n) })
	if errors.Is(err, errStop) {
		return nil
	}
	return err
}
