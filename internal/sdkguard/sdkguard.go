// Package sdkguard keeps the official SDK from stopping the application where it
// asks an error for its text.
//
// An application that handed a nil pointer of its own error type to RecordError,
// or had a logging library do so with SetErr, did no harm while no SDK was
// installed. [Tracers] and [Loggers] put a guard around the two calls. Its price
// for a span is two small allocations, as the span in the context has to be the
// guarded one; everything else goes straight to the SDK. All of it is immutable
// and safe for concurrent use.
package sdkguard

import (
	"context"
	"fmt"
	"slices"

	"go.opentelemetry.io/otel/log"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/ttlog/ttlog/internal/guard"
)

// Tracers returns p with guarded spans. ForceFlush, Shutdown and the others are
// p's own.
func Tracers(p *sdktrace.TracerProvider) trace.TracerProvider { return tracers{p} }

type tracers struct{ *sdktrace.TracerProvider }

func (p tracers) Tracer(name string, opts ...trace.TracerOption) trace.Tracer {
	return &tracer{p.TracerProvider.Tracer(name, opts...), p}
}

type tracer struct {
	trace.Tracer
	provider tracers
}

func (t *tracer) Start(ctx context.Context, name string, opts ...trace.SpanStartOption) (context.Context, trace.Span) {
	ctx, s := t.Tracer.Start(ctx, name, opts...)
	rw, ok := s.(sdktrace.ReadWriteSpan)
	if !ok {
		return ctx, s // it records nothing
	}
	g := &span{rw, t}
	return trace.ContextWithSpan(ctx, g), g
}

// span is the SDK's, so that what looks for its methods finds them.
type span struct {
	sdktrace.ReadWriteSpan
	tracer *tracer
}

func (s *span) TracerProvider() trace.TracerProvider { return s.tracer.provider }

// RecordError adds the event that the SDK's does, with what went wrong in the
// place of the message.
func (s *span) RecordError(err error, opts ...trace.EventOption) {
	defer func() {
		if p := recover(); p != nil {
			s.AddEvent(semconv.ExceptionEventName, append(slices.Clip(opts), trace.WithAttributes(
				semconv.ExceptionType(fmt.Sprintf("%T", err)), semconv.ExceptionMessage(guard.Panicked(err, p))))...)
		}
	}()
	s.ReadWriteSpan.RecordError(err, opts...)
}

// Loggers returns p with loggers that are guarded, as [Tracers] does.
func Loggers(p *sdklog.LoggerProvider) log.LoggerProvider { return loggers{p} }

type loggers struct{ *sdklog.LoggerProvider }

func (p loggers) Logger(name string, opts ...log.LoggerOption) log.Logger {
	return logger{p.LoggerProvider.Logger(name, opts...)}
}

type logger struct{ log.Logger }

// Emit emits the record. The SDK asks its error before it hands the record to
// any processor, so that nothing is emitted twice.
func (l logger) Emit(ctx context.Context, r log.Record) {
	if err := r.Err(); err != nil {
		defer func() {
			if p := recover(); p != nil {
				r.SetErr(described{guard.Panicked(err, p), fmt.Sprintf("%T", err)})
				l.Logger.Emit(ctx, r)
			}
		}()
	}
	l.Logger.Emit(ctx, r)
}

// described stands for an error that cannot be asked.
type described struct{ message, kind string }

func (d described) Error() string     { return d.message }
func (d described) ErrorType() string { return d.kind }
