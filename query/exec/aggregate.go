package exec

import (
	"cmp"
	"context"
	"fmt"
	"iter"

	"github.com/ttlog/ttlog/query/eval"
	"github.com/ttlog/ttlog/query/fn"
	"github.com/ttlog/ttlog/query/plan"
)

// aggregateOp groups rows: each worker those that it meets, and then all as one.
type aggregateOp struct {
	in   Operator
	node *plan.Aggregate
	kept keeper
	disk *groupSpill // set when it runs; nil where its groups cannot be written
}

func (o *aggregateOp) inputs() []Operator { return []Operator{o.in} }
func (o *aggregateOp) breaks()            {}

func (o *aggregateOp) describe() string {
	return "Aggregate " + counted(len(o.node.Aggs), "aggregate") + " by " + counted(len(o.node.Keys), "key")
}

// notes tells what was known of blocks before.
func (o *aggregateOp) notes() []string {
	var list []string
	if n := o.kept.known.Load(); n > 0 {
		list = append(list, fmt.Sprintf("groups of %d blocks from metadata", n))
	}
	if o.kept.blocks.Load() > 0 {
		list = append(list, fmt.Sprintf("groups of %d blocks of %d were kept", o.kept.met.Load(), o.kept.blocks.Load()))
	}
	if o.disk != nil {
		list = append(list, o.disk.notes()...)
	}
	return list
}

func (o *aggregateOp) morsels(ctx context.Context, x *Exec) iter.Seq2[morsel, error] {
	return func(yield func(morsel, error) bool) {
		o.disk = newGroupSpill(x, o.node)
		g, err := o.groups(ctx, x)
		if err != nil {
			yield(nil, err)
			return
		}
		defer func() { _ = g.acct.Set(0) }() // giving back cannot fail
		if o.disk == nil || !o.disk.used() {
			f, err := g.frame(ctx)
			if err == nil {
				yield(&frameMorsel{f: f}, nil)
				return
			}
			if err = o.disk.relieve(ctx, g, err); err != nil {
				yield(nil, err)
				return
			}
		}
		yieldRows(yield, func(emit func([]*eval.Vec, int) error) error { return o.disk.emitRows(ctx, emit) })
	}
}

// groups returns the groups of all rows, none where they are on the disk.
func (o *aggregateOp) groups(ctx context.Context, x *Exec) (*grouper, error) {
	groups := make([]*grouper, x.workers)
	morsels := func(ctx context.Context) iter.Seq2[morsel, error] {
		return o.kept.morsels(o.in.morsels(ctx, x), o.node, x)
	}
	err := x.eachOf(ctx, morsels, func(w int, b *batch, seq uint64) error {
		p, partial := b.f.(*partialFrame)
		if groups[w] == nil {
			if partial && p.own {
				groups[w], p.taken = p.g, true
				return o.disk.relieve(ctx, p.g, p.g.rebase(seq))
			}
			groups[w] = newGrouper(o.node, x.Budget)
		}
		if partial {
			return o.disk.relieve(ctx, groups[w], groups[w].merge(ctx, p.g, seq))
		}
		return b.chunks(x.holdRows(), func(ev *eval.Evaluator, row uint64) error {
			if err := groups[w].add(ev, seq+row); ev.Err == nil {
				return o.disk.relieve(ctx, groups[w], err)
			}
			return ev.Err // the groups have some of the rows
		})
	})
	if err != nil {
		return nil, err
	}
	var total *grouper
	for _, g := range groups {
		switch {
		case g == nil:
		case o.disk != nil && o.disk.used():
			if err := o.disk.take(ctx, g); err != nil {
				return nil, err
			}
		case total == nil:
			total = g
		default:
			err := total.merge(ctx, g, 0)
			_ = g.acct.Set(0) // giving back cannot fail
			if err = o.disk.relieve(ctx, total, err); err != nil {
				return nil, err
			}
		}
	}
	if total == nil {
		total = newGrouper(o.node, x.Budget)
	}
	return total, nil
}

// grouper is one worker's groups and their aggregates.
type grouper struct {
	plan *plan.Aggregate
	keys []*eval.Interner
	accs []fn.Accumulator
	acct eval.Account

	n      int
	tuples []uint32 // the key numbers of each group, len(keys) a group
	first  []uint64 // the first row of each group, in the order of the scan
	single []uint32 // group + 1 by key number, for one key
	levels []map[uint64]uint32
	runs   []eval.Run // reused by assign
	gids   []uint32   // reused by rows
}

func newGrouper(p *plan.Aggregate, b *eval.Budget) *grouper {
	g := &grouper{plan: p, acct: eval.NewAccount(b, "GROUP BY")}
	if len(p.Keys) == 0 {
		g.acct.Stage = "aggregation"
	}
	for _, k := range p.Keys {
		g.keys = append(g.keys, eval.NewInterner(k.Type))
		g.levels = append(g.levels, map[uint64]uint32{})
	}
	for _, a := range p.Aggs {
		g.accs = append(g.accs, a.Impl.(func() fn.Accumulator)())
	}
	if len(p.Keys) == 0 {
		g.newGroup(0)
	}
	for _, a := range g.accs {
		a.Grow(g.n)
	}
	return g
}

func (g *grouper) newGroup(seq uint64) uint32 {
	g.first = append(g.first, seq)
	g.n++
	return uint32(g.n - 1)
}

// add takes the rows of ev's chunk.
func (g *grouper) add(ev *eval.Evaluator, seq uint64) error {
	runs := g.assign(ev, seq)
	if ev.Err != nil {
		return ev.Err
	}
	var gids []uint32
	for i, a := range g.accs {
		a.Grow(g.n)
		if r, ok := a.(fn.RunAccumulator); ok && len(g.keys) > 0 {
			r.AddRuns(ev, g.plan.Aggs[i].Args, runs)
			continue
		}
		if gids == nil {
			gids = g.rows(runs)
		}
		a.Add(ev, g.plan.Aggs[i].Args, gids, seq)
	}
	if ev.Err != nil {
		return ev.Err
	}
	return g.acct.Set(g.size())
}

func (g *grouper) size() int64 {
	n := int64(g.n) * int64(8+4*len(g.keys)+40*max(len(g.keys)-1, 0))
	for _, k := range g.keys {
		n += k.Size()
	}
	for _, a := range g.accs {
		n += a.Size()
	}
	return n
}

// assign returns the groups of the rows: nil without keys. Rows are clustered by
// what is grouped by most: what is looked up is where a key changes.
func (g *grouper) assign(ev *eval.Evaluator, seq uint64) []eval.Run {
	g.runs = g.runs[:0]
	if len(g.keys) == 0 {
		return nil
	}
	keys := make([][]eval.Run, len(g.keys))
	for j, k := range g.keys {
		keys[j] = k.Runs(ev, g.plan.Keys[j])
	}
	if ev.Err != nil {
		return nil
	}
	tuple := make([]uint32, len(keys))
	for row := 0; row < ev.Rows; {
		end := ev.Rows
		for j, runs := range keys {
			tuple[j] = runs[0].ID
			end = min(end, runs[0].End)
		}
		g.runs = append(g.runs, eval.Run{ID: g.lookup(tuple, seq+uint64(row)), End: end})
		for j, runs := range keys {
			if runs[0].End == end {
				keys[j] = runs[1:]
			}
		}
		row = end
	}
	return g.runs
}

// rows returns the groups of assign a row.
func (g *grouper) rows(runs []eval.Run) []uint32 {
	if len(g.keys) == 0 {
		return nil
	}
	g.gids = g.gids[:0]
	for _, r := range runs {
		for len(g.gids) < r.End {
			g.gids = append(g.gids, r.ID)
		}
	}
	return g.gids
}

// lookup returns the group of a tuple of key numbers. Tuples are folded from
// the left: each level numbers the pairs of what is left of it and one key.
func (g *grouper) lookup(tuple []uint32, seq uint64) uint32 {
	if len(tuple) == 1 {
		g.single = eval.Grow(g.single, len(g.keys[0].List))
		slot := &g.single[tuple[0]]
		if *slot == 0 {
			*slot = g.newGroup(seq) + 1
			g.tuples = append(g.tuples, tuple[0])
		}
		return *slot - 1
	}
	cur := tuple[0]
	for j := 1; j < len(tuple); j++ {
		key := uint64(cur)<<32 | uint64(tuple[j])
		id, ok := g.levels[j][key]
		if !ok {
			if j == len(tuple)-1 {
				id = g.newGroup(seq)
				g.tuples = append(g.tuples, tuple...)
			} else {
				id = uint32(len(g.levels[j]))
			}
			g.levels[j][key] = id
		}
		cur = id
	}
	return cur
}

// merge takes the groups of another grouper, whose rows have their numbers from
// base on. The other is only read.
func (g *grouper) merge(ctx context.Context, o *grouper, base uint64) error {
	k := len(g.keys)
	ids := make([][]uint32, k)
	for j := range ids {
		ids[j] = make([]uint32, len(o.keys[j].List))
		for i, v := range o.keys[j].List {
			if err := eval.Interrupted(ctx, i); err != nil {
				return err
			}
			ids[j][i] = g.keys[j].ID(v)
		}
	}
	to := make([]uint32, o.n)
	tuple := make([]uint32, k)
	for i := range to {
		if k == 0 {
			continue
		}
		if err := eval.Interrupted(ctx, i); err != nil {
			return err
		}
		for j := range tuple {
			tuple[j] = ids[j][o.tuples[i*k+j]]
		}
		to[i] = g.lookup(tuple, base+o.first[i])
		g.first[to[i]] = min(g.first[to[i]], base+o.first[i])
	}
	for i, a := range g.accs {
		if err := ctx.Err(); err != nil {
			return err
		}
		a.Grow(g.n)
		if err := a.Merge(ctx, o.accs[i], to); err != nil {
			return err
		}
	}
	return g.acct.Set(g.size())
}

// rebase numbers the rows of the groups from base on.
func (g *grouper) rebase(base uint64) error {
	for i := range g.first {
		g.first[i] += base
	}
	return g.acct.Set(g.size())
}

// frame returns the groups as rows, in the order in which the scan met them.
func (g *grouper) frame(ctx context.Context) (*eval.VecFrame, error) {
	k := len(g.keys)
	order := make([]uint32, g.n)
	for i := range order {
		order[i] = uint32(i)
	}
	if err := eval.SortUntil(ctx, order, func(a, b uint32) int { return cmp.Compare(g.first[a], g.first[b]) }); err != nil {
		return nil, err
	}
	if err := g.acct.Set(g.acct.Held + int64(g.n)*int64(4+40*k+16*len(g.accs))); err != nil {
		return nil, err
	}
	f := &eval.VecFrame{Len: g.n}
	for j, e := range g.plan.Keys {
		v := eval.NewVec(e.Type, g.n)
		for i, o := range order {
			if err := eval.Interrupted(ctx, i); err != nil {
				return nil, err
			}
			v.Set(i, g.keys[j].List[g.tuples[int(o)*k+j]])
		}
		f.Cols = append(f.Cols, v)
	}
	for i, a := range g.accs {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		v, err := a.Result(ctx)
		if err != nil {
			return nil, err
		}
		if v.Len != g.n {
			return nil, fmt.Errorf("query: aggregate %s has %d results for %d groups", g.plan.Aggs[i].Text, v.Len, g.n)
		}
		f.Cols = append(f.Cols, v.Gather(order))
	}
	return f, nil
}
