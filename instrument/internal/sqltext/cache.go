package sqltext

import (
	"strings"
	"sync"
)

// Limits of a Cache. What is kept of a query beside its text (attributes, ready
// options) is counted as entryBytes.
const (
	maxCacheBytes = 8 << 20
	entryBytes    = 1 << 10
)

// Cache remembers the analysis of the queries it has seen. A program has few
// different ones when it uses parameters; when it does not, the cache stays
// within its limit by forgetting any. It counts bytes and not entries: a list of
// values in each of a thousand lengths is a thousand queries, and should be.
type Cache[V any] struct {
	mu    sync.RWMutex
	whole map[string]V // by their text
	cut   map[string]V // of queries that are longer, by what is read of them
	bytes int
}

// Get returns what build made of query, now or earlier. What lies behind the
// bytes that [Analyze] reads makes no difference.
func (c *Cache[V]) Get(query string, build func(query string) V) V {
	entries, key := &c.whole, query
	if len(query) > maxScanBytes {
		entries, key = &c.cut, query[:maxScanBytes]
	}
	c.mu.RLock()
	v, ok := (*entries)[key]
	c.mu.RUnlock()
	if ok {
		return v
	}
	v = build(query)
	if len(key) < len(query) {
		key = strings.Clone(key) // not to keep the rest of it
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if *entries == nil {
		*entries = map[string]V{}
	}
	if _, ok := (*entries)[key]; !ok {
		c.makeRoom(size(key))
		c.bytes += size(key)
	}
	(*entries)[key] = v
	return v
}

// size is what a query costs: its text, the sanitized text and the rest.
func size(key string) int { return 2*len(key) + entryBytes }

// makeRoom forgets queries until n bytes are free.
func (c *Cache[V]) makeRoom(n int) {
	for _, entries := range []map[string]V{c.whole, c.cut} {
		for key := range entries {
			if c.bytes+n <= maxCacheBytes {
				return
			}
			delete(entries, key)
			c.bytes -= size(key)
		}
	}
}
