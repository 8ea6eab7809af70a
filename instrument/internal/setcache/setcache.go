// Package setcache keeps ready-made metric attribute sets.
//
// Building an attribute set sorts and copies its attributes, which costs more
// than recording the measurement. Instrumentations record the same few sets
// again and again (a route, a method and a status), so they keep them here.
// The entry point is [New]; a [Cache] is safe for concurrent use.
package setcache

import (
	"maps"
	"sync"
	"sync/atomic"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// limit bounds the entries of one cache. A full cache still answers: it builds
// the set for that one measurement. Evicting instead would let a caller with
// random keys push out the sets that are used all the time.
const limit = 1024

// Set is one attribute set in the forms that instruments take. It is shared:
// nobody may change it.
type Set struct {
	Record []metric.RecordOption
	Add    []metric.AddOption

	observe metric.ObserveOption
}

// Observe returns the set as callbacks take it.
func (s *Set) Observe() metric.ObserveOption { return s.observe }

// NewSet returns the set of some attributes, which it does not keep.
func NewSet(attrs ...attribute.KeyValue) *Set {
	opt := metric.WithAttributeSet(attribute.NewSet(attrs...))
	return &Set{Record: []metric.RecordOption{opt}, Add: []metric.AddOption{opt}, observe: opt}
}

// Cache maps a comparable key to what is made of it, a set or another thing that
// is worth keeping. Reading takes no lock and allocates nothing, which a sync.Map
// would do to make an interface value of the key.
type Cache[K comparable, V any] struct {
	build func(K) V
	known atomic.Pointer[map[K]V] // never changed: a new entry makes a new map
	mu    sync.Mutex              // of those who replace it
}

// New returns an empty cache of the sets of the attributes that build returns.
func New[K comparable](build func(K) []attribute.KeyValue) *Cache[K, *Set] {
	return Of(func(key K) *Set { return NewSet(build(key)...) })
}

// Of returns an empty cache of what build makes.
func Of[K comparable, V any](build func(K) V) *Cache[K, V] {
	c := &Cache[K, V]{build: build}
	c.known.Store(&map[K]V{})
	return c
}

// Get returns what was made of key.
func (c *Cache[K, V]) Get(key K) V {
	if v, ok := (*c.known.Load())[key]; ok {
		return v
	}
	return c.add(key)
}

func (c *Cache[K, V]) add(key K) V {
	v := c.build(key)
	if len(*c.known.Load()) >= limit {
		return v
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	known := *c.known.Load()
	if there, ok := known[key]; ok {
		return there
	}
	if len(known) < limit {
		more := maps.Clone(known)
		more[key] = v
		c.known.Store(&more)
	}
	return v
}
