// Package scratch keeps the memory in which the start of a span is put together.
//
// The API copies the attributes of an option when it applies it, which is during
// Start, so the same memory serves the next span. The entry point is [Get]; a
// [Scratch] belongs to one goroutine until it is released.
package scratch

import (
	"sync"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
)

// maxAttributes is more than a span begins with, the caller's own apart.
const maxAttributes = 24

// Scratch is the memory for one start.
type Scratch struct {
	attrs [maxAttributes]attribute.KeyValue
	opts  []trace.SpanStartOption
	// with are the options of the first so many of attrs: to make one is an
	// allocation.
	with [maxAttributes + 1]trace.SpanStartOption
}

var pool = sync.Pool{New: func() any { return &Scratch{} }}

// Get returns a scratch without attributes.
func Get() *Scratch { return pool.Get().(*Scratch) }

// Attributes returns an empty slice to append to.
func (s *Scratch) Attributes() []attribute.KeyValue { return s.attrs[:0] }

// Options returns the options of a span of this kind with the attributes that
// have been appended to [Scratch.Attributes], which they may have outgrown, and
// more. They are valid until the release.
func (s *Scratch) Options(kind trace.SpanStartOption, attrs []attribute.KeyValue, more ...trace.SpanStartOption) []trace.SpanStartOption {
	var with trace.SpanStartOption
	if n := len(attrs); n > maxAttributes {
		with = trace.WithAttributes(attrs...)
	} else {
		if s.with[n] == nil {
			s.with[n] = trace.WithAttributes(s.attrs[:n]...)
		}
		with = s.with[n]
	}
	s.opts = append(append(s.opts[:0], kind, with), more...)
	return s.opts
}

// Release gives the memory back, without what it knows of a request.
func (s *Scratch) Release() {
	clear(s.attrs[:])
	clear(s.opts)
	pool.Put(s)
}
