package tracer

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/ttlog/ttlog/internal/guard"
	"github.com/ttlog/ttlog/internal/otlpwire"
)

// span is a span that is not the SDK's, until it is handed over to it; or one of
// the SDK's from its start.
//
// It is what an application may keep for as long as it likes, and so the
// collector's. Everything that is of no use once the span has ended is in its body,
// which goes back to a pool then: half of what a span costs is the memory that it
// takes.
type span struct {
	// blank is for methods that only a later SDK has.
	*blank

	// Immutable.
	in      spanContext
	tracer  *tracer
	context trace.SpanContext

	children atomic.Int32

	mu   sync.Mutex
	body *body // guarded by mu; nil once the span has ended
}

// body is what a span has recorded. It belongs to its span, under whose mu it is,
// and to End once the span has ended.
type body struct {
	parent     trace.SpanContext
	start, end time.Time
	name       string
	kind       uint8
	status     codes.Code
	attributes attributes
	extras     *extras
	full       sdktrace.ReadWriteSpan // the SDK's, once it has the span
	span       *span                  // once it has ended
}

// extras is what only few spans have.
type extras struct {
	text    string // of the status
	events  []sdktrace.Event
	links   []sdktrace.Link
	encoded []byte // events and links, at the end
}

var bodies = sync.Pool{New: func() any { return new(body) }}

// maxPooledBytes bounds the memory of a body that waits in the pool.
const maxPooledBytes = 4 << 10

// release gives a body back.
func (b *body) release() {
	kept := b.attributes.b
	if cap(kept) > maxPooledBytes {
		kept = nil
	}
	*b = body{attributes: attributes{b: kept[:0]}}
	bodies.Put(b)
}

// more returns the extras, for something to be added.
func (b *body) more() *extras {
	if b.extras == nil {
		b.extras = new(extras)
	}
	return b.extras
}

// text returns what the status says.
func (b *body) text() string {
	if b.extras == nil {
		return ""
	}
	return b.extras.text
}

// attributeLimits returns those of the span's own attributes.
func (s *span) attributeLimits() valueLimits {
	l := &s.tracer.provider.limits
	return limitsOf(l.AttributeCountLimit, l.AttributeValueLengthLimit)
}

// recorded locks the span and returns its body, to be unlocked, where it is
// recorded here; else the SDK's span, nil where it has ended.
func (s *span) recorded() (*body, sdktrace.ReadWriteSpan) {
	s.mu.Lock()
	b := s.body
	if b != nil && b.full == nil {
		return b, nil
	}
	s.mu.Unlock()
	if b == nil {
		return nil, nil
	}
	return nil, b.full
}

// sdk returns the SDK's span, to which it hands this one over if need be, or nil
// for one that has ended here.
func (s *span) sdk() sdktrace.ReadWriteSpan {
	b, full := s.recorded()
	if b == nil {
		return full
	}
	defer s.mu.Unlock()
	s.handOver(b)
	return b.full
}

// handOver makes the span the SDK's. s.mu is held.
func (s *span) handOver(b *body) {
	_, started := s.tracer.Tracer.Start(givenContext(b.parent, s.context), b.name,
		trace.WithTimestamp(b.start), trace.WithSpanKind(trace.SpanKind(b.kind)), trace.WithAttributes(b.attributes.decode()...))
	full, ok := started.(sdktrace.ReadWriteSpan)
	if !ok {
		return // which cannot be: it was decided that it records
	}
	full.SetStatus(b.status, b.text())
	if b.extras != nil {
		for _, e := range b.extras.events {
			full.AddEvent(e.Name, trace.WithTimestamp(e.Time), trace.WithAttributes(e.Attributes...))
		}
		for _, l := range b.extras.links {
			full.AddLink(trace.Link{SpanContext: l.SpanContext, Attributes: l.Attributes})
		}
	}
	b.full, b.attributes, b.extras = full, attributes{}, nil
}

// End implements [trace.Span].
func (s *span) End(opts ...trace.SpanEndOption) {
	b, full := s.recorded()
	if b == nil && full == nil {
		return
	}
	p := recover()
	if b != nil {
		// By the monotonic clock, as long as start has it.
		b.end = b.start.Add(time.Since(b.start))
		if p != nil || !s.tracer.provider.short.Load() || s.tracer.scopeID() == 0 {
			s.handOver(b)
			full, opts = b.full, slices.Concat([]trace.SpanEndOption{trace.WithTimestamp(b.end)}, opts)
		} else {
			s.body = nil
		}
		s.mu.Unlock()
	}
	switch {
	case p != nil:
		if full != nil {
			// It records the panic that it is deferred in, and lets it go on.
			defer full.End(opts...)
		}
		panic(p)
	case full != nil:
		full.End(opts...)
	default:
		if len(opts) > 0 {
			if c := trace.NewSpanEndConfig(opts...); !c.Timestamp().IsZero() {
				b.end = c.Timestamp()
			}
		}
		b.span = s
		b.record()
		b.release()
	}
}

// SetAttributes implements [trace.Span].
func (s *span) SetAttributes(kvs ...attribute.KeyValue) {
	if len(kvs) == 0 {
		return
	}
	b, full := s.recorded()
	if b != nil {
		limits := s.attributeLimits()
		for len(kvs) > 0 && b.attributes.set(otlpwire.SpanAttributes, &kvs[0], &limits) {
			kvs = kvs[1:]
		}
		if len(kvs) > 0 {
			s.handOver(b)
			full = b.full
		}
		s.mu.Unlock()
	}
	if full != nil {
		full.SetAttributes(kvs...)
	}
}

// SetStatus implements [trace.Span].
func (s *span) SetStatus(code codes.Code, description string) {
	b, full := s.recorded()
	if full != nil {
		full.SetStatus(code, description)
	}
	if b == nil {
		return
	}
	defer s.mu.Unlock()
	if b.status > code {
		return
	}
	b.status = code
	if code != codes.Error {
		description = ""
	}
	if description != "" || b.extras != nil {
		b.more().text = valid(description)
	}
}

// SetName implements [trace.Span].
func (s *span) SetName(name string) {
	b, full := s.recorded()
	if full != nil {
		full.SetName(name)
	}
	if b != nil {
		b.name = valid(name)
		s.mu.Unlock()
	}
}

// valid returns a text as OTLP may have it.
func valid(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

// IsRecording implements [trace.Span].
func (s *span) IsRecording() bool {
	b, full := s.recorded()
	if b != nil {
		s.mu.Unlock()
		return true
	}
	return full != nil && full.IsRecording()
}

// AddEvent implements [trace.Span].
func (s *span) AddEvent(name string, opts ...trace.EventOption) {
	c := trace.NewEventConfig(opts...)
	if s.addEvent(name, &c) {
		return
	}
	if full := s.sdk(); full != nil {
		full.AddEvent(name, slices.Concat([]trace.EventOption{trace.WithTimestamp(c.Timestamp())}, opts)...)
	}
}

// addEvent adds an event, unless that is for the SDK to do.
func (s *span) addEvent(name string, c *trace.EventConfig) bool {
	b, full := s.recorded()
	if b == nil {
		return full == nil
	}
	defer s.mu.Unlock()
	l := &s.tracer.provider.limits
	limits, x := limitsOf(l.AttributePerEventCountLimit, -1), b.more()
	if !limits.allowAll(c.Attributes()) || reached(len(x.events), l.EventCountLimit) {
		return false
	}
	x.events = append(x.events, sdktrace.Event{Name: name, Attributes: c.Attributes(), Time: c.Timestamp()})
	return true
}

// reached tells whether a limit is; a negative one is none.
func reached(n, limit int) bool { return limit >= 0 && n >= limit }

// AddLink implements [trace.Span].
func (s *span) AddLink(link trace.Link) {
	if s.addLink(link) {
		return
	}
	if full := s.sdk(); full != nil {
		full.AddLink(link)
	}
}

// addLink adds a link, unless that is for the SDK to do.
func (s *span) addLink(link trace.Link) bool {
	b, full := s.recorded()
	if b == nil {
		return full == nil
	}
	defer s.mu.Unlock()
	l := &s.tracer.provider.limits
	limits, x := limitsOf(l.AttributePerLinkCountLimit, -1), b.more()
	// Of those without a context some are left out.
	if !link.SpanContext.IsValid() || !limits.allowAll(link.Attributes) || reached(len(x.links), l.LinkCountLimit) {
		return false
	}
	x.links = append(x.links, sdktrace.Link{SpanContext: link.SpanContext, Attributes: slices.Clone(link.Attributes)})
	return true
}

// RecordError adds the event that the SDK's does, with what went wrong in the
// place of the message where the error cannot be asked for it: an application
// that handed a nil pointer of its own error type to RecordError did no harm while
// no SDK was installed.
func (s *span) RecordError(err error, opts ...trace.EventOption) {
	if err == nil || !s.IsRecording() {
		return
	}
	c := trace.NewEventConfig(opts...)
	kind, message, asked := describe(err)
	if asked && c.StackTrace() {
		// Taken from here, it has one frame of ours more.
		if full := s.sdk(); full != nil {
			full.RecordError(err, opts...)
		}
		return
	}
	s.AddEvent(semconv.ExceptionEventName, append(slices.Clip(opts), trace.WithTimestamp(c.Timestamp()),
		trace.WithAttributes(semconv.ExceptionType(kind), semconv.ExceptionMessage(message)))...)
}

// describe returns the type of an error and what it says, or else why it says
// nothing.
func describe(err error) (kind, message string, asked bool) {
	kind = fmt.Sprintf("%T", err)
	defer func() {
		if p := recover(); p != nil {
			message = guard.Panicked(err, p)
		}
	}()
	message = err.Error()
	if t := reflect.TypeOf(err); t.PkgPath() != "" || t.Name() != "" {
		kind = t.PkgPath() + "." + t.Name()
	}
	return kind, message, true
}

// SpanContext implements [trace.Span].
func (s *span) SpanContext() trace.SpanContext { return s.context }

// TracerProvider implements [trace.Span].
func (s *span) TracerProvider() trace.TracerProvider { return s.tracer.provider }
