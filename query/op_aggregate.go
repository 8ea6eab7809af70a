package query

import (
	"context"
	"fmt"
	"iter"
	"sort"
)

// aggregateOp groups rows: each worker those that it meets, and then all as one.
type aggregateOp struct {
	in   operator
	node *aggregateNode
}

func (o *aggregateOp) inputs() []operator { return []operator{o.in} }

func (o *aggregateOp) describe() string {
	return "Aggregate " + counted(len(o.node.aggs), "aggregate") + " by " + counted(len(o.node.keys), "key")
}

func (o *aggregateOp) morsels(ctx context.Context, x *exec) iter.Seq2[morsel, error] {
	return func(yield func(morsel, error) bool) {
		g, err := o.groups(ctx, x)
		if err != nil {
			yield(nil, err)
			return
		}
		defer func() { _ = g.acct.set(0) }() // giving back cannot fail
		f, err := g.frame()
		if err != nil {
			yield(nil, err)
			return
		}
		yield(&frameMorsel{f: f}, nil)
	}
}

func (o *aggregateOp) groups(ctx context.Context, x *exec) (*grouper, error) {
	groups := make([]*grouper, x.workers)
	err := x.each(ctx, o.in, func(w int, b *batch, seq uint64) error {
		if groups[w] == nil {
			groups[w] = newGrouper(o.node, x.bud)
		}
		return b.chunks(chunkRows, func(ev *eval, row uint64) error { return groups[w].add(ev, seq+row) })
	})
	if err != nil {
		return nil, err
	}
	var total *grouper
	for _, g := range groups {
		switch {
		case g == nil:
		case total == nil:
			total = g
		default:
			if err := total.merge(g); err != nil {
				return nil, err
			}
		}
	}
	if total == nil {
		total = newGrouper(o.node, x.bud)
	}
	return total, nil
}

// grouper is one worker's groups and their aggregates.
type grouper struct {
	plan *aggregateNode
	keys []*interner
	accs []accumulator
	acct account

	n      int
	tuples []uint32 // the key numbers of each group, len(keys) a group
	first  []uint64 // the first row of each group, in the order of the scan
	single []uint32 // group + 1 by key number, for one key
	levels []map[uint64]uint32
	gids   []uint32
}

func newGrouper(p *aggregateNode, b *budget) *grouper {
	g := &grouper{plan: p, acct: account{b: b, stage: "GROUP BY"}}
	if len(p.keys) == 0 {
		g.acct.stage = "aggregation"
	}
	for _, k := range p.keys {
		g.keys = append(g.keys, newInterner(k.typ))
		g.levels = append(g.levels, map[uint64]uint32{})
	}
	for _, a := range p.aggs {
		g.accs = append(g.accs, a.impl.(func() accumulator)())
	}
	if len(p.keys) == 0 {
		g.newGroup(0)
	}
	for _, a := range g.accs {
		a.grow(g.n)
	}
	return g
}

func (g *grouper) newGroup(seq uint64) uint32 {
	g.first = append(g.first, seq)
	g.n++
	return uint32(g.n - 1)
}

// add takes the rows of ev's chunk.
func (g *grouper) add(ev *eval, seq uint64) error {
	gids := g.assign(ev, seq)
	if ev.err != nil {
		return ev.err
	}
	for i, a := range g.accs {
		a.grow(g.n)
		a.add(ev, g.plan.aggs[i].args, gids, seq)
	}
	if ev.err != nil {
		return ev.err
	}
	return g.acct.set(g.size())
}

func (g *grouper) size() int64 {
	n := int64(g.n) * int64(8+4*len(g.keys)+40*max(len(g.keys)-1, 0))
	for _, k := range g.keys {
		n += k.size()
	}
	for _, a := range g.accs {
		n += a.size()
	}
	return n
}

// assign returns the group of each row: nil without keys.
func (g *grouper) assign(ev *eval, seq uint64) []uint32 {
	if len(g.keys) == 0 {
		return nil
	}
	ids := make([][]uint32, len(g.keys))
	for j, k := range g.keys {
		ids[j] = k.ids(ev, g.plan.keys[j])
	}
	if ev.err != nil {
		return nil
	}
	if cap(g.gids) < ev.n {
		g.gids = make([]uint32, max(ev.n, chunkRows))
	}
	gids := g.gids[:ev.n]
	tuple, last := make([]uint32, len(ids)), uint32(0)
	for i := range gids {
		same := i > 0
		for j, id := range ids {
			if id[i] != tuple[j] {
				tuple[j], same = id[i], false
			}
		}
		// Rows are clustered: most are of the same group as the one before.
		if !same {
			last = g.lookup(tuple, seq+uint64(i))
		}
		gids[i] = last
	}
	return gids
}

// lookup returns the group of a tuple of key numbers. Tuples are folded from
// the left: each level numbers the pairs of what is left of it and one key.
func (g *grouper) lookup(tuple []uint32, seq uint64) uint32 {
	if len(tuple) == 1 {
		g.single = growSlice(g.single, len(g.keys[0].list))
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

// merge takes the groups of another worker.
func (g *grouper) merge(o *grouper) error {
	k := len(g.keys)
	ids := make([][]uint32, k)
	for j := range ids {
		ids[j] = make([]uint32, len(o.keys[j].list))
		for i, v := range o.keys[j].list {
			ids[j][i] = g.keys[j].id(v)
		}
	}
	to := make([]uint32, o.n)
	tuple := make([]uint32, k)
	for i := range to {
		if k == 0 {
			continue
		}
		for j := range tuple {
			tuple[j] = ids[j][o.tuples[i*k+j]]
		}
		to[i] = g.lookup(tuple, o.first[i])
		g.first[to[i]] = min(g.first[to[i]], o.first[i])
	}
	for i, a := range g.accs {
		a.grow(g.n)
		a.merge(o.accs[i], to)
	}
	if err := g.acct.set(g.size()); err != nil {
		return err
	}
	return o.acct.set(0)
}

// frame returns the groups as rows, in the order in which the scan met them.
func (g *grouper) frame() (*vecFrame, error) {
	k := len(g.keys)
	order := make([]uint32, g.n)
	for i := range order {
		order[i] = uint32(i)
	}
	sort.Slice(order, func(i, j int) bool { return g.first[order[i]] < g.first[order[j]] })
	if err := g.acct.set(g.acct.held + int64(g.n)*int64(4+40*k+16*len(g.accs))); err != nil {
		return nil, err
	}
	f := &vecFrame{n: g.n}
	for j, e := range g.plan.keys {
		v := newVec(e.typ, g.n)
		for i, o := range order {
			v.set(i, g.keys[j].list[g.tuples[int(o)*k+j]])
		}
		f.cols = append(f.cols, v)
	}
	for i, a := range g.accs {
		v, err := a.result()
		if err != nil {
			return nil, err
		}
		if v.n != g.n {
			return nil, fmt.Errorf("query: aggregate %s has %d results for %d groups", g.plan.aggs[i].text, v.n, g.n)
		}
		f.cols = append(f.cols, v.gather(order))
	}
	return f, nil
}
