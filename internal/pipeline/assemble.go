package pipeline

import (
	"bytes"
	"slices"

	"github.com/ttlog/ttlog/internal/otlpwire"
)

// record is one span or log record of the ring.
type record struct {
	scope uint32 // its catalog id
	data  []byte // the OTLP message; aliases the ring
	end   uint64 // ring position behind it
}

// scopeDef is a scope of the catalog with its resource, as the fields that
// stand in front of the records.
type scopeDef struct {
	resource       uint32 // catalog id
	scopeFields    []byte
	resourceFields []byte
}

// definitions is a ring, or a snapshot of one.
type definitions interface {
	Definition(id uint32) (kind uint8, payload []byte, ok bool)
}

// catalog looks up scopes. Entries never change while a ring is open, and the
// ring bounds them all together. Owned by one goroutine.
type catalog struct {
	ring  definitions
	known map[uint32]*scopeDef
}

// scope returns the definition of a scope id, or false for an id that does
// not lead to a scope and a resource.
func (c *catalog) scope(id uint32) (*scopeDef, bool) {
	if d, ok := c.known[id]; ok {
		return d, true
	}
	kind, payload, ok := c.ring.Definition(id)
	if !ok || kind != otlpwire.KindScope {
		return nil, false
	}
	resource, fields, err := otlpwire.SplitRef(payload)
	if err != nil {
		return nil, false
	}
	kind, resourceFields, ok := c.ring.Definition(resource)
	if !ok || kind != otlpwire.KindResource {
		return nil, false
	}
	d := &scopeDef{resource: resource, scopeFields: bytes.Clone(fields), resourceFields: bytes.Clone(resourceFields)}
	c.known[id] = d
	return d, true
}

// assembler makes requests out of records. Its slices are reused. Owned by one
// goroutine.
type assembler struct {
	catalog   *catalog
	scopes    []scopeGroup
	resources []resourceGroup
	byScope   map[uint32]int
	byRes     map[uint32]int
	next      []int // by record: the next one of the same scope, or -1
}

// scopeGroup becomes one ScopeSpans or ScopeLogs.
type scopeGroup struct {
	def         *scopeDef
	size        int // of the message's content
	first, last int // records
	next        int // the next scope of the same resource, or -1
}

// resourceGroup becomes one ResourceSpans or ResourceLogs.
type resourceGroup struct {
	def         *scopeDef
	size        int
	first, last int // scopes
}

func newAssembler(c *catalog) *assembler {
	return &assembler{catalog: c, byScope: make(map[uint32]int), byRes: make(map[uint32]int)}
}

// request appends to dst the Export…ServiceRequest that holds the records:
// one group per resource, and in it one per scope, each in the order in which
// it first occurs. Spans and log records stand in fields of the same numbers,
// so the signal does not matter here.
func (a *assembler) request(dst []byte, records []record) []byte {
	a.group(records)
	for i := range a.scopes {
		a.addScope(i)
	}
	total := 0
	for _, r := range a.resources {
		total += otlpwire.SizeBytes(otlpwire.RequestResource, r.size)
	}
	dst = slices.Grow(dst, total)
	for _, r := range a.resources {
		dst = otlpwire.AppendHeader(dst, otlpwire.RequestResource, r.size)
		dst = append(dst, r.def.resourceFields...)
		for s := r.first; s >= 0; s = a.scopes[s].next {
			g := &a.scopes[s]
			dst = otlpwire.AppendHeader(dst, otlpwire.GroupScopes, g.size)
			dst = append(dst, g.def.scopeFields...)
			for i := g.first; i >= 0; i = a.next[i] {
				dst = otlpwire.AppendBytes(dst, otlpwire.ScopeSpansSpans, records[i].data)
			}
		}
	}
	return dst
}

// group sorts the records by scope.
func (a *assembler) group(records []record) {
	clear(a.byScope)
	clear(a.byRes)
	a.scopes, a.resources, a.next = a.scopes[:0], a.resources[:0], a.next[:0]
	current, id := -1, uint32(0)
	for i, r := range records {
		if current < 0 || r.scope != id {
			current, id = a.scopeOf(r.scope, i), r.scope
		}
		g := &a.scopes[current]
		if a.next = append(a.next, -1); g.last != i {
			a.next[g.last] = i
			g.last = i
		}
		g.size += otlpwire.SizeBytes(otlpwire.ScopeSpansSpans, len(r.data))
	}
}

// scopeOf returns the group of a scope id, a new one that begins with record i
// when there is none.
func (a *assembler) scopeOf(id uint32, i int) int {
	if at, ok := a.byScope[id]; ok {
		return at
	}
	def, ok := a.catalog.scope(id) // was there when the record was taken
	if !ok {
		def = &scopeDef{}
	}
	a.byScope[id] = len(a.scopes)
	a.scopes = append(a.scopes, scopeGroup{def: def, size: len(def.scopeFields), first: i, last: i, next: -1})
	return len(a.scopes) - 1
}

// addScope puts a complete scope into its resource's group.
func (a *assembler) addScope(i int) {
	g := &a.scopes[i]
	at, ok := a.byRes[g.def.resource]
	if !ok {
		at = len(a.resources)
		a.byRes[g.def.resource] = at
		a.resources = append(a.resources, resourceGroup{def: g.def, size: len(g.def.resourceFields), first: i, last: i})
	}
	r := &a.resources[at]
	if r.last != i {
		a.scopes[r.last].next = i
		r.last = i
	}
	r.size += otlpwire.SizeBytes(otlpwire.GroupScopes, g.size)
}
