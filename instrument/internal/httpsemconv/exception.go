package httpsemconv

import (
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"

	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/ttlog/ttlog/instrument/internal/attrtext"
	"github.com/ttlog/ttlog/instrument/internal/errtype"
)

// panicType returns the error.type of a recovered panic value.
func panicType(value any) string {
	if err, ok := value.(error); ok {
		if errors.Is(err, http.ErrAbortHandler) {
			return "net/http.ErrAbortHandler"
		}
		return errtype.Name(err)
	}
	return "panic"
}

// recordPanic adds an exception event for a recovered panic value. Called in
// the deferred function, the stack still holds the frames that panicked.
func recordPanic(span trace.Span, value any) {
	kind := fmt.Sprintf("%T", value)
	if err, ok := value.(error); ok {
		kind = errtype.Name(err)
	}
	span.AddEvent(semconv.ExceptionEventName, trace.WithAttributes(
		semconv.ExceptionType(kind),
		semconv.ExceptionMessage(attrtext.Clean(fmt.Sprint(value), maxURLBytes)),
		semconv.ExceptionStacktrace(string(debug.Stack())),
	))
}

// ErrorEvent adds an exception event for err, without touching the status.
func ErrorEvent(span trace.Span, err error, attrs ...attribute.KeyValue) {
	if err == nil {
		return
	}
	attrs = append(attrs, semconv.ExceptionType(errtype.Name(err)), semconv.ExceptionMessage(attrtext.Clean(err.Error(), maxURLBytes)))
	span.AddEvent(semconv.ExceptionEventName, trace.WithAttributes(attrs...))
}
