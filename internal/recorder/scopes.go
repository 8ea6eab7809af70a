package recorder

import (
	"errors"
	"hash/maphash"
	"sync"
	"sync/atomic"

	"go.opentelemetry.io/otel/sdk/instrumentation"
	"go.opentelemetry.io/otel/sdk/resource"

	"github.com/ttlog/ttlog/internal/otlpsdk"
	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/ringbuffer"
)

// maxScopes bounds the scopes that are remembered. A program has a few tens; one
// that makes a tracer for each request starts over with an empty table now and
// then, and the ring's catalog still gives the same ids.
const maxScopes = 4096

// scopes finds the catalog id of a resource and scope. A look-up of one that is
// known takes no lock: it reads a table that is replaced, never changed.
//
// A map keyed by both would hash 70 bytes and an interface on each look-up;
// hashing the name alone and comparing the candidates is several times faster,
// since the strings of one tracer are the same pointers each time.
type scopes struct {
	ring  *ringbuffer.Ring
	seed  maphash.Seed
	table atomic.Pointer[table]

	mu sync.Mutex // held while the table is replaced
}

// table is an open-addressed hash table with at least half of its slots free.
type table struct {
	slots []*entry
	n     int
}

// entry is immutable. An id of 0 means that the catalog had no room.
type entry struct {
	resource *resource.Resource
	scope    instrumentation.Scope
	id       uint32
}

func newScopes(ring *ringbuffer.Ring) *scopes {
	s := &scopes{ring: ring, seed: maphash.MakeSeed()}
	s.table.Store(&table{slots: make([]*entry, 64)})
	return s
}

// id returns the catalog id of a scope, or 0 when its records must be written
// as whole requests.
func (s *scopes) id(r *resource.Resource, scope *instrumentation.Scope) (uint32, error) {
	h := maphash.String(s.seed, scope.Name)
	if e := s.table.Load().find(h, r, scope); e != nil {
		return e.id, nil
	}
	return s.define(h, r, scope)
}

func (t *table) find(h uint64, r *resource.Resource, scope *instrumentation.Scope) *entry {
	mask := uint64(len(t.slots) - 1)
	for i := h & mask; ; i = (i + 1) & mask {
		e := t.slots[i]
		if e == nil || e.resource == r && otlpsdk.SameScope(&e.scope, scope) {
			return e
		}
	}
}

// define puts a scope into the catalog and the table.
func (s *scopes) define(h uint64, r *resource.Resource, scope *instrumentation.Scope) (uint32, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.table.Load()
	if e := old.find(h, r, scope); e != nil {
		return e.id, nil
	}
	id, err := s.catalog(r, scope) // 0 with an error
	if err != nil && !noRoom(err) {
		return 0, err
	}
	s.table.Store(s.with(old, &entry{resource: r, scope: *scope, id: id}))
	return id, nil
}

// noRoom tells whether err says that an entry does not fit the catalog.
func noRoom(err error) bool {
	return errors.Is(err, ringbuffer.ErrCatalogFull) || errors.Is(err, ringbuffer.ErrTooLarge) || errors.Is(err, otlpsdk.ErrTooLarge)
}

// with returns a table that holds the entries of old and e.
func (s *scopes) with(old *table, e *entry) *table {
	next := &table{slots: make([]*entry, len(old.slots))}
	if old.n < maxScopes {
		if old.n*2 >= len(old.slots) {
			next.slots = make([]*entry, 2*len(old.slots))
		}
		for _, o := range old.slots {
			if o != nil {
				s.insert(next, o)
			}
		}
	}
	s.insert(next, e)
	return next
}

func (s *scopes) insert(t *table, e *entry) {
	mask := uint64(len(t.slots) - 1)
	i := maphash.String(s.seed, e.scope.Name) & mask
	for t.slots[i] != nil {
		i = (i + 1) & mask
	}
	t.slots[i] = e
	t.n++
}

// catalog defines the resource and the scope in the ring's catalog.
func (s *scopes) catalog(r *resource.Resource, scope *instrumentation.Scope) (uint32, error) {
	e := otlpsdk.Get(s.ring.MaxRecord())
	defer e.Release()
	payload, err := e.Resource(r)
	if err != nil {
		return 0, err
	}
	resourceID, err := s.ring.Define(otlpwire.KindResource, payload)
	if err != nil {
		return 0, err
	}
	if payload, err = e.Scope(resourceID, scope); err != nil {
		return 0, err
	}
	return s.ring.Define(otlpwire.KindScope, payload)
}
