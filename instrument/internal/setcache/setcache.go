// Package setcache keeps ready-made metric attribute sets.
//
// Building an attribute set sorts and copies its attributes, which costs more
// than recording the measurement. Instrumentations record the same few sets
// again and again (a route, a method and a status), so they keep them here.
// The entry point is [New]; a [Cache] is safe for concurrent use.
package setcache

import (
	"sync"
	"sync/atomic"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// limit bounds the entries of one cache. A full cache still answers: it builds
// the set for that one measurement. Evicting instead would let a caller with
// random keys push out the sets that are used all the time.
const limit = 1024

// Cache maps a comparable key to the options of a histogram measurement.
type Cache[K comparable] struct {
	sets sync.Map // K -> []metric.RecordOption
	size atomic.Int64
}

// New returns an empty cache.
func New[K comparable]() *Cache[K] { return &Cache[K]{} }

// Get returns the options for key, calling build when key is not known yet.
// The result is shared: the caller must not change it.
func (c *Cache[K]) Get(key K, build func(K) []attribute.KeyValue) []metric.RecordOption {
	if v, ok := c.sets.Load(key); ok {
		return v.([]metric.RecordOption)
	}
	opts := []metric.RecordOption{metric.WithAttributeSet(attribute.NewSet(build(key)...))}
	if c.size.Load() >= limit {
		return opts
	}
	v, loaded := c.sets.LoadOrStore(key, opts)
	if !loaded {
		c.size.Add(1)
	}
	return v.([]metric.RecordOption)
}
