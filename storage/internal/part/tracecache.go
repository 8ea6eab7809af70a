package part

import (
	"container/list"
	"sync"

	"github.com/ttlog/ttlog/internal/membudget"
	"github.com/ttlog/ttlog/storage/internal/table"
)

// TraceCache keeps decoded row groups for [Part.FindTrace]: a row group is
// decoded as a whole, and traces are asked for one after another. What was not
// used for longest is given up when the row groups together take more than the
// limit; one that alone takes more is not kept. Several goroutines may use a
// cache, for any number of parts. A nil cache keeps nothing.
//
// Scans do not use it: they read each column once, and few of them.
type TraceCache struct {
	limit int64 // bytes
	share *membudget.Cache

	mu     sync.Mutex
	held   int64
	recent *list.List // of *cachedGroup that are loaded, the latest used first
	parts  map[*Part]map[int]*cachedGroup
}

// cachedGroup is one row group. Its mutex is held while it is loaded, so that
// those who want it at the same time decode it once, and comes before that of
// the cache.
type cachedGroup struct {
	part  *Part
	group int

	mu     sync.Mutex
	reader *table.TraceReader // guarded by mu; never changes once it is there

	size int64         // guarded by TraceCache.mu
	elem *list.Element // guarded by TraceCache.mu; nil when it is not kept
}

// NewTraceCache returns an empty cache that keeps at most limit bytes, fewer
// while others need the memory of the budget, which may be nil.
func NewTraceCache(limit int64, b *membudget.Budget) *TraceCache {
	c := &TraceCache{limit: limit, recent: list.New(), parts: map[*Part]map[int]*cachedGroup{}}
	c.share = b.Cache("trace cache", c.shrink)
	return c
}

// shrink gives up groups until want bytes are free, or none is left.
func (c *TraceCache) shrink(want int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for target := c.held - want; c.held > max(target, 0); {
		c.removeLocked(c.recent.Back().Value.(*cachedGroup))
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

// reader returns the reader of a row group, from load when the cache has none.
// load may return none, which is not kept.
func (c *TraceCache) reader(p *Part, group int, load func() (*table.TraceReader, error)) (*table.TraceReader, error) {
	if c == nil {
		return load()
	}
	g := c.lookUp(p, group)
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.reader != nil {
		return g.reader, nil
	}
	r, err := load()
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil || r == nil {
		c.removeLocked(g)
		return nil, err
	}
	g.reader = r
	c.keepLocked(g, r.Bytes(p.footer.groups[group].memory))
	return r, nil
}

func (c *TraceCache) lookUp(p *Part, group int) *cachedGroup {
	c.mu.Lock()
	defer c.mu.Unlock()
	g := c.parts[p][group]
	if g == nil {
		g = &cachedGroup{part: p, group: group}
		c.setLocked(g)
	}
	if g.elem != nil {
		c.recent.MoveToFront(g.elem)
	}
	return g
}

func (c *TraceCache) setLocked(g *cachedGroup) {
	if c.parts[g.part] == nil {
		c.parts[g.part] = map[int]*cachedGroup{}
	}
	c.parts[g.part][g.group] = g
}

// keepLocked keeps a group that was loaded, and gives up others for it.
func (c *TraceCache) keepLocked(g *cachedGroup, size int64) {
	if other := c.parts[g.part][g.group]; other != nil {
		c.removeLocked(other)
	}
	for c.held > 0 && c.held+size > c.limit {
		c.removeLocked(c.recent.Back().Value.(*cachedGroup))
	}
	if size > c.limit || !c.share.Add(size) {
		return
	}
	c.setLocked(g)
	g.size, g.elem = size, c.recent.PushFront(g)
	c.held += size
}

// removeLocked forgets a group, if it is known. Whoever has it may go on.
func (c *TraceCache) removeLocked(g *cachedGroup) {
	if c.parts[g.part][g.group] == g {
		delete(c.parts[g.part], g.group)
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
