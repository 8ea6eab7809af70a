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

// roomBytes is what a span has for its attributes before they take an allocation
// of their own: five or six of an instrumentation. With it a span is 512 bytes, the
// largest for which the collector needs no header.
const roomBytes = 200

// span is a span that is not the SDK's, until it is handed over to it; or one of
// the SDK's from its start.
type span struct {
	// blank is for methods that only a later SDK has.
	*blank

	// Immutable.
	in      spanContext
	tracer  *tracer
	context trace.SpanContext
	parent  trace.SpanContext
	start   time.Time

	children atomic.Int32

	mu sync.Mutex
	// What follows is guarded by mu, and does not change any more once the span has
	// ended.
	kind       uint8
	ended      bool
	status     codes.Code
	name       string
	end        time.Time
	attributes attributes
	extras     *extras
	full       sdktrace.ReadWriteSpan // the SDK's, once it has the span
	room       [roomBytes]byte
}

// extras is what only few spans have.
type extras struct {
	text    string // of the status
	events  []sdktrace.Event
	links   []sdktrace.Link
	encoded []byte // events and links, at the end
}

// more returns the extras, for something to be added. s.mu is held.
func (s *span) more() *extras {
	if s.extras == nil {
		s.extras = new(extras)
	}
	return s.extras
}

// text returns what the status says. s.mu is held.
func (s *span) text() string {
	if s.extras == nil {
		return ""
	}
	return s.extras.text
}

// short tells whether the span is recorded here, and still is. s.mu is held.
func (s *span) short() bool { return s.full == nil && !s.ended }

// attributeLimits returns those of the span's own attributes.
func (s *span) attributeLimits() valueLimits {
	l := &s.tracer.provider.limits
	return limitsOf(l.AttributeCountLimit, l.AttributeValueLengthLimit)
}

// sdk returns the SDK's span, to which it hands this one over if need be, or nil
// for a short one that has ended.
func (s *span) sdk() sdktrace.ReadWriteSpan {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.short() {
		s.handOver()
	}
	return s.full
}

// handOver makes the span the SDK's. s.mu is held.
func (s *span) handOver() {
	_, started := s.tracer.Tracer.Start(givenContext(s.parent, s.context), s.name,
		trace.WithTimestamp(s.start), trace.WithSpanKind(trace.SpanKind(s.kind)), trace.WithAttributes(s.attributes.decode()...))
	full, ok := started.(sdktrace.ReadWriteSpan)
	if !ok {
		return // which cannot be: it was decided that it records
	}
	full.SetStatus(s.status, s.text())
	if s.extras != nil {
		for _, e := range s.extras.events {
			full.AddEvent(e.Name, trace.WithTimestamp(e.Time), trace.WithAttributes(e.Attributes...))
		}
		for _, l := range s.extras.links {
			full.AddLink(trace.Link{SpanContext: l.SpanContext, Attributes: l.Attributes})
		}
	}
	s.full, s.attributes, s.extras = full, attributes{}, nil
}

// End implements [trace.Span].
func (s *span) End(opts ...trace.SpanEndOption) {
	// By the monotonic clock; see there for why it is not time.Now.
	took := time.Since(s.start)
	s.mu.Lock()
	if s.ended {
		s.mu.Unlock()
		return
	}
	p := recover()
	if s.full == nil && (p != nil || !s.tracer.provider.short.Load()) {
		s.handOver()
	}
	full := s.full
	if full == nil {
		s.end, s.ended = s.start.Add(took), true
		if len(opts) > 0 {
			if c := trace.NewSpanEndConfig(opts...); !c.Timestamp().IsZero() {
				s.end = c.Timestamp()
			}
		}
	}
	s.mu.Unlock()
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
		s.record()
	}
}

// SetAttributes implements [trace.Span].
func (s *span) SetAttributes(kvs ...attribute.KeyValue) {
	if len(kvs) == 0 {
		return
	}
	limits := s.attributeLimits()
	s.mu.Lock()
	if s.short() {
		for len(kvs) > 0 && s.attributes.set(otlpwire.SpanAttributes, &kvs[0], &limits) {
			kvs = kvs[1:]
		}
		if len(kvs) > 0 {
			s.handOver()
		}
	}
	full := s.full
	s.mu.Unlock()
	if full != nil {
		full.SetAttributes(kvs...)
	}
}

// SetStatus implements [trace.Span].
func (s *span) SetStatus(code codes.Code, description string) {
	s.mu.Lock()
	full := s.full
	if s.short() && s.status <= code {
		s.status = code
		if code != codes.Error {
			description = ""
		}
		if description != "" || s.extras != nil {
			s.more().text = valid(description)
		}
	}
	s.mu.Unlock()
	if full != nil {
		full.SetStatus(code, description)
	}
}

// SetName implements [trace.Span].
func (s *span) SetName(name string) {
	s.mu.Lock()
	full := s.full
	if s.short() {
		s.name = valid(name)
	}
	s.mu.Unlock()
	if full != nil {
		full.SetName(name)
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
	s.mu.Lock()
	full, short := s.full, s.short()
	s.mu.Unlock()
	return short || full != nil && full.IsRecording()
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
	l := &s.tracer.provider.limits
	limits := limitsOf(l.AttributePerEventCountLimit, -1)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.full != nil || !limits.allowAll(c.Attributes()) {
		return false
	}
	if s.ended {
		return true
	}
	x := s.more()
	if full(len(x.events), l.EventCountLimit) {
		return false
	}
	x.events = append(x.events, sdktrace.Event{Name: name, Attributes: c.Attributes(), Time: c.Timestamp()})
	return true
}

// full tells whether a limit is reached; a negative one is none.
func full(n, limit int) bool { return limit >= 0 && n >= limit }

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
	if !link.SpanContext.IsValid() {
		return false // some of them are left out
	}
	l := &s.tracer.provider.limits
	limits := limitsOf(l.AttributePerLinkCountLimit, -1)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.full != nil || !limits.allowAll(link.Attributes) {
		return false
	}
	if s.ended {
		return true
	}
	x := s.more()
	if full(len(x.links), l.LinkCountLimit) {
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
