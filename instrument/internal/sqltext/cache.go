package sqltext

import "sync"

// Limits of a Cache: at most about 4 MiB of queries.
const (
	maxCached      = 512
	maxCachedBytes = 8 << 10
)

// Cache remembers the analysis of the queries it has seen. A program has few
// different ones when it uses parameters; when it does not, the cache stays
// within its limits by forgetting any.
type Cache[V any] struct {
	mu      sync.RWMutex
	entries map[string]V
}

// Get returns what build made of query, now or earlier.
func (c *Cache[V]) Get(query string, build func(query string) V) V {
	if len(query) > maxCachedBytes {
		return build(query) // before the map hashes all of it
	}
	c.mu.RLock()
	v, ok := c.entries[query]
	c.mu.RUnlock()
	if ok {
		return v
	}
	v = build(query)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.entries == nil {
		c.entries = map[string]V{}
	}
	if len(c.entries) >= maxCached {
		for k := range c.entries {
			delete(c.entries, k)
			break
		}
	}
	c.entries[query] = v
	return v
}
