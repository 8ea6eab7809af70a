package exec

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"github.com/cespare/xxhash/v2"

	"github.com/ttlog/ttlog/query/eval"
	"github.com/ttlog/ttlog/query/fn"
	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/types"
)

// Groups that exceed the memory are written with the states of their aggregates, to
// a partition by the hash of their keys, and forgotten. When all rows were met,
// each partition is read into groups of its own, and written as rows of the result; one
// that is too large is taken apart by further bits of the hash.

// groupSpill is the groups of an aggregate on the disk.
type groupSpill struct {
	*spilled
	node   *plan.Aggregate
	fields []plan.Field // of a group: keys, its first row, states

	mu    sync.Mutex
	parts [partitions][]block // guarded by mu
	level int
}

// newGroupSpill returns nil where groups cannot be written: there is one, or an
// aggregate whose state cannot.
func newGroupSpill(x *Exec, node *plan.Aggregate) *groupSpill {
	if len(node.Keys) == 0 {
		return nil
	}
	for _, a := range node.Aggs {
		if _, ok := a.Impl.(func() fn.Accumulator)().(fn.StateAccumulator); !ok {
			return nil
		}
	}
	s := &groupSpill{spilled: x.spills("GROUP BY"), node: node}
	for _, k := range node.Keys {
		s.fields = append(s.fields, plan.Field{Type: k.Type})
	}
	s.fields = append(s.fields, plan.Field{Type: types.Int}, plan.Field{Type: types.Bytes})
	return s
}

// relieve writes the groups of g where that is due, or err says that they do not
// fit; else it returns err.
func (s *groupSpill) relieve(ctx context.Context, g *grouper, err error) error {
	if s == nil || !s.due(g.acct.Held, err) || g.n == 0 {
		return err
	}
	return s.take(ctx, g)
}

// take writes the groups of g, which has none after that.
func (s *groupSpill) take(ctx context.Context, g *grouper) error {
	var states []func(dst []byte, g uint32) []byte
	for _, a := range g.accs {
		a.Grow(g.n)
		states = append(states, a.(fn.StateAccumulator).States())
	}
	w := &splitter{s: s.spilled, fields: s.fields, level: s.level, put: func(p int, b block) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.parts[p] = append(s.parts[p], b)
	}}
	var key, state []byte
	row := make([]*eval.Vec, len(s.fields))
	for i := range uint32(g.n) {
		if err := eval.Interrupted(ctx, int(i)); err != nil {
			return err
		}
		key = key[:0]
		for j, in := range g.keys {
			v := in.List[g.tuples[int(i)*len(g.keys)+j]]
			key = eval.AppendValue(key, v)
			row[j] = eval.VecOf(s.fields[j].Type, []types.Value{v})
		}
		state = state[:0]
		for _, f := range states {
			state = f(state, i)
		}
		k := len(g.keys)
		row[k] = &eval.Vec{Type: types.Int, Len: 1, Ints: []int64{int64(g.first[i])}}
		row[k+1] = &eval.Vec{Type: types.Bytes, Len: 1, Strs: []string{string(state)}}
		if err := w.add(xxhash.Sum64(key), row); err != nil {
			return err
		}
	}
	if err := w.end(); err != nil {
		return err
	}
	g.reset()
	return g.acct.Set(0)
}

// reset forgets all groups.
func (g *grouper) reset() {
	fresh := newGrouper(g.plan, nil)
	fresh.acct = g.acct
	*g = *fresh
}

// emitRows gives the groups as rows of the aggregate, in the order of their first
// rows of the input.
func (s *groupSpill) emitRows(ctx context.Context, emit func([]*eval.Vec, int) error) error {
	fields := slices.Clone(s.node.Schema())
	fields = append(fields, plan.Field{Type: types.Int})
	var runs []run
	if err := s.finish(ctx, fields, &runs); err != nil {
		return err
	}
	first := len(fields) - 1
	return s.merge(ctx, runs, fields, bySeq(first), func(cols []*eval.Vec, n int) error { return emit(cols[:first], n) })
}

// finish makes a run of the rows of each partition.
func (s *groupSpill) finish(ctx context.Context, fields []plan.Field, runs *[]run) error {
	for p, blocks := range s.parts {
		s.parts[p] = nil
		if len(blocks) == 0 {
			continue
		}
		g := newGrouper(s.node, s.x.Budget)
		var deeper *groupSpill
		if s.level+1 < partitionLevels {
			deeper = &groupSpill{spilled: s.spilled, node: s.node, fields: s.fields, level: s.level + 1}
		}
		for _, b := range blocks {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := deeper.relieve(ctx, g, s.load(g, b)); err != nil {
				return err
			}
		}
		if !deeper.has() {
			err := s.finishOne(ctx, g, fields, runs)
			if deeper == nil || err == nil || !s.can(err) {
				_ = g.acct.Set(0) // giving back cannot fail
				if err != nil {
					return err
				}
				continue
			}
		}
		if err := deeper.take(ctx, g); err != nil {
			return err
		}
		if err := deeper.finish(ctx, fields, runs); err != nil {
			return err
		}
	}
	return nil
}

// has reports whether a group is in the partitions.
func (s *groupSpill) has() bool {
	return s != nil && slices.ContainsFunc(s.parts[:], func(list []block) bool { return len(list) > 0 })
}

// finishOne makes a run of groups that fit the memory with their results.
func (s *groupSpill) finishOne(ctx context.Context, g *grouper, fields []plan.Field, runs *[]run) error {
	f, err := g.frame(ctx)
	if err != nil {
		return err
	}
	firsts := make([]int64, g.n)
	for i, seq := range g.first {
		firsts[i] = int64(seq)
	}
	slices.SortFunc(firsts, func(a, b int64) int { return cmp.Compare(uint64(a), uint64(b)) })
	w := s.newRun(fields)
	if err := w.add(append(f.Cols, &eval.Vec{Type: types.Int, Len: g.n, Ints: firsts}), 0, g.n); err != nil {
		return err
	}
	r, err := w.end()
	*runs = append(*runs, r)
	return err
}

// load merges the groups of a block into g.
func (s *groupSpill) load(g *grouper, b block) error {
	cols, err := s.read(b, len(s.fields))
	if err != nil {
		return err
	}
	k := len(g.keys)
	tuple := make([]uint32, k)
	for i := range b.n {
		for j, in := range g.keys {
			tuple[j] = in.ID(cols[j].At(i))
		}
		seq := uint64(cols[k].Ints[i])
		to := g.lookup(tuple, seq)
		g.first[to] = min(g.first[to], seq)
		r := eval.NewReader([]byte(cols[k+1].Strs[i]))
		for _, a := range g.accs {
			a.Grow(g.n)
			a.(fn.StateAccumulator).AddState(r, to)
		}
		if r.Err != nil {
			return r.Err
		}
	}
	return g.acct.Set(g.size())
}
