package tracer

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/ttlog/ttlog/internal/guard"
)

// maxAttributes bounds the attributes of a short span: they are searched one by
// one.
const maxAttributes = 32

// span is a span that goes the short way, until it is handed over to the SDK; or
// the SDK's from its start.
type span struct {
	// ReadWriteSpan is for methods that only a later SDK has.
	sdktrace.ReadWriteSpan

	mu   sync.Mutex
	full sdktrace.ReadWriteSpan // the SDK's span, nil on the short way
	data data                   // its tracer and context are immutable
	own  bool                   // the attributes are in memory of ours
}

// sdk returns the SDK's span, which it starts if need be, or nil for a short one
// that has ended.
func (s *span) sdk() sdktrace.ReadWriteSpan {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.short() {
		s.handOver()
	}
	return s.full
}

// short tells whether the span is on the short way. s.mu is held.
func (s *span) short() bool { return s.full == nil && s.data.end.IsZero() }

// handOver makes the span the SDK's. s.mu is held.
func (s *span) handOver() {
	d := &s.data
	ctx := context.WithValue(trace.ContextWithSpanContext(context.Background(), d.parent), givenIDs{}, d.context)
	_, started := d.tracer.Tracer.Start(ctx, d.name,
		trace.WithTimestamp(d.start), trace.WithSpanKind(d.kind), trace.WithAttributes(d.attributes...))
	full, ok := started.(sdktrace.ReadWriteSpan)
	if !ok {
		return // which cannot be: what is sampled by default is
	}
	full.SetStatus(d.status.Code, d.status.Description)
	s.full, d.attributes = full, nil
}

// End implements [trace.Span].
func (s *span) End(opts ...trace.SpanEndOption) {
	now := time.Now()
	s.mu.Lock()
	if s.full == nil && !s.data.end.IsZero() {
		s.mu.Unlock()
		return
	}
	p := recover()
	provider := s.data.tracer.provider
	if s.full == nil && (p != nil || !provider.short.Load()) {
		s.handOver()
	}
	full := s.full
	if full == nil {
		s.data.finish(now, opts)
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
		provider.processor.OnEnd(&s.data)
	}
}

// finish sets the time of the end, by the monotonic clock where nothing else is
// said. From then on the data does not change.
func (d *data) finish(now time.Time, opts []trace.SpanEndOption) {
	d.end = d.start.Add(now.Sub(d.start))
	if len(opts) > 0 {
		if c := trace.NewSpanEndConfig(opts...); !c.Timestamp().IsZero() {
			d.end = c.Timestamp()
		}
	}
}

// SetAttributes implements [trace.Span].
func (s *span) SetAttributes(attributes ...attribute.KeyValue) {
	if len(attributes) == 0 {
		return
	}
	s.mu.Lock()
	if s.short() && (len(s.data.attributes)+len(attributes) > maxAttributes || !allPlain(attributes)) {
		s.handOver()
	}
	full := s.full
	if s.short() {
		for _, a := range attributes {
			s.set(a)
		}
	}
	s.mu.Unlock()
	if full != nil {
		full.SetAttributes(attributes...)
	}
}

// set sets one attribute. s.mu is held.
func (s *span) set(a attribute.KeyValue) {
	i := slices.IndexFunc(s.data.attributes, func(b attribute.KeyValue) bool { return a.Key == b.Key })
	if !s.own {
		// Room for what an instrumentation knows at the end.
		s.data.attributes = append(make([]attribute.KeyValue, 0, len(s.data.attributes)+4), s.data.attributes...)
		s.own = true
	}
	if i < 0 {
		s.data.attributes = append(s.data.attributes, a)
		return
	}
	s.data.attributes[i] = a
}

// plain tells whether attributes need nothing done to them, and have no key twice.
func plain(attributes []attribute.KeyValue) bool {
	if len(attributes) > maxAttributes || !allPlain(attributes) {
		return false
	}
	for i := range attributes {
		for j := range i {
			if attributes[i].Key == attributes[j].Key {
				return false
			}
		}
	}
	return true
}

func allPlain(attributes []attribute.KeyValue) bool {
	for i := range attributes {
		switch a := &attributes[i]; a.Value.Type() {
		case attribute.BOOL, attribute.INT64, attribute.FLOAT64, attribute.STRING:
			if a.Key == "" {
				return false
			}
		default:
			return false
		}
	}
	return true
}

// SetStatus implements [trace.Span].
func (s *span) SetStatus(code codes.Code, description string) {
	s.mu.Lock()
	full := s.full
	if s.short() && s.data.status.Code <= code {
		s.data.status = sdktrace.Status{Code: code}
		if code == codes.Error {
			s.data.status.Description = description
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
		s.data.name = name
	}
	s.mu.Unlock()
	if full != nil {
		full.SetName(name)
	}
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
	if full := s.sdk(); full != nil {
		full.AddEvent(name, opts...)
	}
}

// AddLink implements [trace.Span].
func (s *span) AddLink(l trace.Link) {
	if full := s.sdk(); full != nil {
		full.AddLink(l)
	}
}

// RecordError adds the event that the SDK's does, with what went wrong in the
// place of the message where the error cannot be asked for it: an application
// that handed a nil pointer of its own error type to RecordError did no harm while
// no SDK was installed.
func (s *span) RecordError(err error, opts ...trace.EventOption) {
	if err == nil {
		return
	}
	full := s.sdk()
	if full == nil {
		return
	}
	defer func() {
		if p := recover(); p != nil {
			full.AddEvent(semconv.ExceptionEventName, append(slices.Clip(opts), trace.WithAttributes(
				semconv.ExceptionType(fmt.Sprintf("%T", err)), semconv.ExceptionMessage(guard.Panicked(err, p))))...)
		}
	}()
	full.RecordError(err, opts...)
}

// SpanContext implements [trace.Span].
func (s *span) SpanContext() trace.SpanContext { return s.data.context }

// TracerProvider implements [trace.Span].
func (s *span) TracerProvider() trace.TracerProvider { return s.data.tracer.provider }
