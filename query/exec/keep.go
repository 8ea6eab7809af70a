package exec

import (
	"container/list"
	"crypto/sha256"
	"errors"
	"iter"
	"sync"
	"sync/atomic"

	"github.com/ttlog/ttlog/internal/membudget"
	"github.com/ttlog/ttlog/query/eval"
	"github.com/ttlog/ttlog/query/fn"
	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/storage/column"
)

// Blocks of parts never change, and so the groups of one are kept, and which of its
// rows satisfy a condition: a query that comes again, as those of dashboards do,
// computes what is new. What a time range says does not count where it holds a block
// whole: the range of the next query is another one.

// keyed is a morsel whose rows are those of a block that may be met again.
type keyed interface {
	// key adds to f what makes the morsel's rows of the block's. It is not ok
	// where they are not worth to be kept.
	key(f *plan.Fingerprint) (id column.Identity, ok bool)
}

// Kept holds groups of blocks and selections of their rows. It is safe for
// concurrent use.
type Kept struct {
	limit int64
	share *membudget.Cache

	mu    sync.Mutex
	held  int64                     // guarded by mu
	byKey map[keptKey]*list.Element // guarded by mu
	order *list.List                // of *keptEntry, used last in front; guarded by mu
}

// keptKey is a block, and the hash of what its groups or a selection are of.
type keptKey struct {
	block column.Identity
	plan  [sha256.Size]byte
}

type keptEntry struct {
	key   keptKey
	value any // a *grouper, or a *selection
	bytes int64
}

// keptOverhead is about what an entry takes beside its value.
const keptOverhead = 512

// NewKept returns an empty Kept, which takes at most limit bytes of b.
func NewKept(limit int64, b *membudget.Budget) *Kept {
	k := &Kept{limit: limit, byKey: map[keptKey]*list.Element{}, order: list.New()}
	k.share = b.Cache("partial aggregates", k.shrink)
	return k
}

func (k *Kept) shrink(want int64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for want > 0 && k.order.Len() > 0 {
		want -= k.dropLastLocked()
	}
}

// dropLastLocked forgets what was not used for longest.
func (k *Kept) dropLastLocked() int64 {
	e := k.order.Remove(k.order.Back()).(*keptEntry)
	delete(k.byKey, e.key)
	k.held -= e.bytes
	k.share.Add(-e.bytes)
	return e.bytes
}

// get returns what is kept, or nil.
func (k *Kept) get(key keptKey) any {
	k.mu.Lock()
	defer k.mu.Unlock()
	e, ok := k.byKey[key]
	if !ok {
		return nil
	}
	k.order.MoveToFront(e)
	return e.Value.(*keptEntry).value
}

// put keeps a value, which must not be changed from now on.
func (k *Kept) put(key keptKey, value any, bytes int64) {
	bytes += keptOverhead
	k.mu.Lock()
	defer k.mu.Unlock()
	if _, ok := k.byKey[key]; ok || bytes > k.limit/8 {
		return
	}
	for k.held+bytes > k.limit {
		k.dropLastLocked()
	}
	if !k.share.Add(bytes) {
		return
	}
	k.held += bytes
	k.byKey[key] = k.order.PushFront(&keptEntry{key, value, bytes})
}

// keeper is the part of an aggregate that does without rows: known counts the
// blocks that are answered from metadata, blocks the others that may be kept, and
// met those of which the groups were there.
type keeper struct {
	known, blocks, met atomic.Int64
	// many is set when there turned out to be about as many groups as rows: then
	// it takes longer to merge groups than to make them.
	many atomic.Bool
}

// morsels gives partial frames instead of the rows of morsels where that pays.
func (o *keeper) morsels(in iter.Seq2[morsel, error], n *plan.Aggregate, x *Exec) iter.Seq2[morsel, error] {
	keep := x.Kept != nil && keepable(n)
	return mapped(in, func(m morsel) morsel {
		if g := knownGroups(m, n, x); g != nil {
			o.known.Add(1)
			return &frameMorsel{f: &partialFrame{g: g}}
		}
		if k, ok := m.(keyed); ok && keep {
			return &keptMorsel{morsel: m, keyed: k, o: o, node: n, x: x}
		}
		return m
	})
}

func keepable(n *plan.Aggregate) bool {
	for _, a := range n.Aggs {
		if !fn.Keepable(a.Impl.(func() fn.Accumulator)()) {
			return false
		}
	}
	return true
}

// partialFrame is the groups of some rows in the place of the rows. Those that
// nobody else has may be changed.
type partialFrame struct {
	eval.VecFrame
	g     *grouper
	own   bool
	taken bool // by who groups further rows with them, and accounts for them
}

// keptMorsel gives a partial frame: the one that was kept, or one to keep.
type keptMorsel struct {
	morsel
	keyed keyed
	o     *keeper
	node  *plan.Aggregate
	x     *Exec
}

func (m *keptMorsel) hash() (key keptKey, ok bool) {
	var f plan.Fingerprint
	id, ok := m.keyed.key(&f)
	f.Aggregate(m.node)
	return keptKey{id, sha256.Sum256(f.Bytes())}, ok && f.Complete()
}

func (m *keptMorsel) run(w *worker, emit func(*batch) error) error {
	if m.o.many.Load() {
		return m.morsel.run(w, emit)
	}
	key, ok := m.hash()
	if !ok {
		return m.morsel.run(w, emit)
	}
	kept := m.x.Kept()
	m.o.blocks.Add(1)
	if g, ok := kept.get(key).(*grouper); ok {
		m.o.met.Add(1)
		return w.give(&partialFrame{g: g}, 0, emit)
	}
	g, rows := newGrouper(m.node, m.x.Budget), 0
	out := &partialFrame{g: g}
	defer func() {
		if !out.taken {
			_ = g.acct.Set(0) // giving back cannot fail
		}
	}()
	err := m.morsel.run(w, func(b *batch) error {
		return b.chunks(m.x.holdRows(), func(ev *eval.Evaluator, row uint64) error {
			rows += ev.Rows
			err := g.add(ev, row)
			if ev.Err == nil && m.x.Spill != nil && (eval.IsMemory(err) || m.x.Budget.Tight()) {
				return errNotKept
			}
			return err
		})
	})
	if errors.Is(err, errNotKept) {
		// Groups that go to the disk are made where they can go there.
		m.o.many.Store(true)
		_ = g.acct.Set(0) // giving back cannot fail
		return m.morsel.run(w, emit)
	}
	if err != nil {
		return err
	}
	const few = 64
	out.own = true
	switch {
	case g.n > few && g.n > rows/8:
		m.o.many.Store(true)
	case m.x.damaged():
		// The next who reads the block is to be told of the damage.
	default:
		out.own = false
		g.seal()
		kept.put(key, g, g.size())
	}
	return w.give(out, 0, emit)
}

// errNotKept ends making groups of a block that the memory has no room for twice.
var errNotKept = errors.New("not kept")

// seal makes groups fit to be kept.
func (g *grouper) seal() {
	for _, a := range g.accs {
		fn.Seal(a)
	}
	for _, k := range g.keys {
		k.Seal()
	}
	g.runs, g.gids = nil, nil
}
