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

// Cache maps a comparable key to a set. Reading takes no lock and allocates
// nothing, which a sync.Map would do to make an interface value of the key.
type Cache[K comparable] struct {
	build func(K) []attribute.KeyValue
	sets  atomic.Pointer[map[K]*Set] // never changed: a new set makes a new map
	mu    sync.Mutex                 // of those who replace it
}

// New returns an empty cache of the sets that build makes.
func New[K comparable](build func(K) []attribute.KeyValue) *Cache[K] {
	c := &Cache[K]{build: build}
	c.sets.Store(&map[K]*Set{})
	return c
}

// Get returns the set for key.
func (c *Cache[K]) Get(key K) *Set {
	if s, ok := (*c.sets.Load())[key]; ok {
		return s
	}
	return c.add(key)
}

func (c *Cache[K]) add(key K) *Set {
	s := NewSet(c.build(key)...)
	if len(*c.sets.Load()) >= limit {
		return s
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	known := *c.sets.Load()
	if there, ok := known[key]; ok {
		return there
	}
	if len(known) < limit {
		more := maps.Clone(known)
		more[key] = s
		c.sets.Store(&more)
	}
	return s
}
