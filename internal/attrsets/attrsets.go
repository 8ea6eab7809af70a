// Package attrsets keeps the attribute sets of a metric instrument, so that a
// measurement whose attributes were there before makes none.
//
// Making a set sorts and copies its attributes, which takes several times as long
// as adding to a counter. Programs measure with the same few sets again and again.
// The entry point is [Cache].
package attrsets

import (
	"hash/maphash"
	"math"
	"slices"
	"sync"
	"sync/atomic"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// maxSets is how many sets are kept: as many as the SDK keeps apart by default.
// Beyond them sets are made for each measurement.
const maxSets = 2000

// Options are a set as the methods of instruments take it.
type Options struct {
	Add    []metric.AddOption
	Record []metric.RecordOption
}

// Cache finds the options of attributes. Its zero value is empty. Looking up what
// is there takes no lock, and no memory.
type Cache struct {
	table atomic.Pointer[table]
	mu    sync.Mutex // held while an entry is added
}

// table is open-addressed, with at least half of its slots free. Entries are added
// while others look, and never change.
type table struct {
	slots []atomic.Pointer[entry]
	n     int // guarded by Cache.mu
}

type entry struct {
	hash    uint64
	attrs   []attribute.KeyValue // in the order in which they are given
	options Options
}

var seed = maphash.MakeSeed()

// Of returns the options with attrs, which the caller keeps.
func (c *Cache) Of(attrs []attribute.KeyValue) Options {
	if len(attrs) == 0 {
		return Options{}
	}
	h, ok := hash(attrs)
	if !ok {
		return options(attrs)
	}
	if t := c.table.Load(); t != nil {
		if e := t.find(h, attrs); e != nil {
			return e.options
		}
	}
	return c.add(h, attrs)
}

// options makes a set.
func options(attrs []attribute.KeyValue) Options {
	o := metric.WithAttributeSet(attribute.NewSet(slices.Clone(attrs)...)) // which sorts what it is given
	return Options{Add: []metric.AddOption{o}, Record: []metric.RecordOption{o}}
}

// hash returns false for values that are not worth to be compared.
func hash(attrs []attribute.KeyValue) (h uint64, ok bool) {
	for i := range attrs {
		kv := &attrs[i]
		var v uint64
		switch kv.Value.Type() {
		case attribute.STRING:
			v = maphash.String(seed, kv.Value.AsString())
		case attribute.INT64:
			v = uint64(kv.Value.AsInt64())
		case attribute.BOOL:
			if kv.Value.AsBool() {
				v = 1
			}
		case attribute.FLOAT64:
			v = math.Float64bits(kv.Value.AsFloat64())
		default:
			return 0, false
		}
		// The keys differ from instrument to instrument, and hardly within one.
		h = (h ^ v ^ uint64(len(kv.Key))<<56) * 0x9e3779b97f4a7c15
		h ^= h >> 29
	}
	return h, true
}

func (t *table) find(h uint64, attrs []attribute.KeyValue) *entry {
	mask := uint64(len(t.slots) - 1)
	for i := h & mask; ; i = (i + 1) & mask {
		e := t.slots[i].Load()
		if e == nil || e.hash == h && same(e.attrs, attrs) {
			return e
		}
	}
}

// same compares attributes whose values are scalars. A NaN is like itself here: it
// is the bits that are kept.
func same(a, b []attribute.KeyValue) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		x, y := &a[i], &b[i]
		typ := x.Value.Type()
		if x.Key != y.Key || typ != y.Value.Type() {
			return false
		}
		switch typ {
		case attribute.STRING:
			if x.Value.AsString() != y.Value.AsString() {
				return false
			}
		case attribute.FLOAT64:
			if math.Float64bits(x.Value.AsFloat64()) != math.Float64bits(y.Value.AsFloat64()) {
				return false
			}
		case attribute.BOOL:
			if x.Value.AsBool() != y.Value.AsBool() {
				return false
			}
		default:
			if x.Value.AsInt64() != y.Value.AsInt64() {
				return false
			}
		}
	}
	return true
}

func (c *Cache) add(h uint64, attrs []attribute.KeyValue) Options {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.table.Load()
	if t == nil {
		t = &table{slots: make([]atomic.Pointer[entry], 16)}
		c.table.Store(t)
	}
	if e := t.find(h, attrs); e != nil {
		return e.options
	}
	if t.n >= maxSets {
		return options(attrs)
	}
	if 2*t.n >= len(t.slots) {
		t = t.grown()
		c.table.Store(t)
	}
	e := &entry{hash: h, attrs: slices.Clone(attrs), options: options(attrs)}
	t.insert(e)
	return e.options
}

func (t *table) grown() *table {
	next := &table{slots: make([]atomic.Pointer[entry], 2*len(t.slots))}
	for i := range t.slots {
		if e := t.slots[i].Load(); e != nil {
			next.insert(e)
		}
	}
	return next
}

func (t *table) insert(e *entry) {
	mask := uint64(len(t.slots) - 1)
	i := e.hash & mask
	for t.slots[i].Load() != nil {
		i = (i + 1) & mask
	}
	t.slots[i].Store(e)
	t.n++
}
