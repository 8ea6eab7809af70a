package ttlog

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/ttlog/ttlog/internal/guard"
)

// applicationScope is the instrumentation scope of what the application records
// with the functions of this package: the path of its main package.
var applicationScope = sync.OnceValue(func() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Path != "" {
		return info.Path
	}
	return "main"
})

// Span starts a span of the application, below the one in ctx. It is for [End] to
// end:
//
//	func (s *Shop) charge(ctx context.Context, o Order) (err error) {
//		ctx, span := ttlog.Span(ctx, "charge", attribute.Int("cents", o.Cents))
//		defer ttlog.End(span, &err)
//		…
func Span(ctx context.Context, name string, attrs ...attribute.KeyValue) (context.Context, trace.Span) {
	ctx, span := otel.Tracer(applicationScope()).Start(ctx, name)
	span.SetAttributes(attrs...)
	return ctx, span
}

// End ends a span, and is to be deferred. Where err points to an error by then, it is
// recorded and is the span's status; nil is for a function that returns none. So is
// a panic, which goes on.
func End(span trace.Span, err *error) {
	if p := recover(); p != nil {
		text := panicText(p)
		span.AddEvent(semconv.ExceptionEventName, trace.WithAttributes(semconv.ExceptionType(fmt.Sprintf("%T", p)), semconv.ExceptionMessage(text)))
		span.SetStatus(codes.Error, "panic: "+text)
		span.End()
		panic(p)
	}
	if err != nil && *err != nil {
		span.RecordError(*err)
		span.SetStatus(codes.Error, guard.Error(*err))
	}
	span.End()
}

// panicText returns what a value says that was panicked with.
func panicText(p any) string {
	return guard.Text(p, func() string { return fmt.Sprint(p) })
}
