package part

import (
	"container/list"
	"sync"

	"github.com/ttlog/ttlog/internal/membudget"
	"github.com/ttlog/ttlog/storage/internal/table"
)

// TraceCache keeps the decoded rows of traces for [Part.FindTrace]: who looks at
// a trace asks for it more than once. What was not used for longest is given up
// when all together take more than the limit; one that alone takes more is not
// kept. Several goroutines may use a
// cache, for any number of parts. A nil cache keeps nothing.
//
// Scans do not use it: they read each column once, and few of them.
type TraceCache struct {
	limit int64 // bytes
	share *membudget.Cache

	mu     sync.Mutex
	held   int64
	recent *list.List // of *cachedTrace that are loaded, the latest used first
	parts  map[*Part]map[traceKey]*cachedTrace
}

// traceKey is a trace in a row group.
type traceKey struct {
	group int
	id    [16]byte
}

// cachedTrace is the rows of one trace in a row group. Its mutex is held while it is loaded, so that
// those who want it at the same time decode it once, and comes before that of
// the cache.
type cachedTrace struct {
	part *Part
	key  traceKey

	mu     sync.Mutex
	reader *table.TraceReader // guarded by mu; never changes once it is there

	size int64         // guarded by TraceCache.mu
	elem *list.Element // guarded by TraceCache.mu; nil when it is not kept
}

// NewTraceCache returns an empty cache that keeps at most limit bytes, fewer
// while others need the memory of the budget, which may be nil.
func NewTraceCache(limit int64, b *membudget.Budget) *TraceCache {
	c := &TraceCache{limit: limit, recent: list.New(), parts: map[*Part]map[traceKey]*cachedTrace{}}
	c.share = b.Cache("trace cache", c.shrink)
	return c
}

// shrink gives up traces until want bytes are free, or none is left.
func (c *TraceCache) shrink(want int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for target := c.held - want; c.held > max(target, 0); {
		c.removeLocked(c.recent.Back().Value.(*cachedTrace))
	}
}

// Drop gives up all of a part. The part must not be in use.
func (c *TraceCache) Drop(p *Part) {
	if c == nil || p == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, g := range c.parts[p] {
		c.removeLocked(g)
	}
}

// Bytes returns the memory held, about.
func (c *TraceCache) Bytes() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.held
}

// reader returns the reader of a trace's rows, from load when the cache has none.
// load may return none, which is not kept.
func (c *TraceCache) reader(p *Part, key traceKey, load func() (*table.TraceReader, error)) (*table.TraceReader, error) {
	if c == nil {
		return load()
	}
	g := c.lookUp(p, key)
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.reader != nil {
		return g.reader, nil
	}
	r, err := load()
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil || r == nil || r.Damage() != nil {
		c.removeLocked(g)
		return r, err
	}
	g.reader = r
	c.keepLocked(g, r.Bytes(p.footer.groups[key.group].memory*int64(r.Rows())/int64(p.footer.groups[key.group].rows.n)))
	return r, nil
}

func (c *TraceCache) lookUp(p *Part, key traceKey) *cachedTrace {
	c.mu.Lock()
	defer c.mu.Unlock()
	g := c.parts[p][key]
	if g == nil {
		g = &cachedTrace{part: p, key: key}
		c.setLocked(g)
	}
	if g.elem != nil {
		c.recent.MoveToFront(g.elem)
	}
	return g
}

func (c *TraceCache) setLocked(g *cachedTrace) {
	if c.parts[g.part] == nil {
		c.parts[g.part] = map[traceKey]*cachedTrace{}
	}
	c.parts[g.part][g.key] = g
}

// keepLocked keeps a trace that was loaded, and gives up others for it.
func (c *TraceCache) keepLocked(g *cachedTrace, size int64) {
	if other := c.parts[g.part][g.key]; other != nil {
		c.removeLocked(other)
	}
	for c.held > 0 && c.held+size > c.limit {
		c.removeLocked(c.recent.Back().Value.(*cachedTrace))
	}
	if size > c.limit || !c.share.Add(size) {
		return
	}
	c.setLocked(g)
	g.size, g.elem = size, c.recent.PushFront(g)
	c.held += size
}

// removeLocked forgets a trace, if it is known. Whoever has it may go on.
func (c *TraceCache) removeLocked(g *cachedTrace) {
	if c.parts[g.part][g.key] == g {
		delete(c.parts[g.part], g.key)
		if len(c.parts[g.part]) == 0 {
			delete(c.parts, g.part)
		}
	}
	if g.elem != nil {
		c.recent.Remove(g.elem)
		c.held -= g.size
		c.share.Add(-g.size)
		g.elem = nil
	}
}
