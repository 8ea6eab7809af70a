package httpsemconv

import (
	"fmt"
	"net/http"
	"runtime/debug"

	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/ttlog/ttlog/instrument/internal/attrtext"
	"github.com/ttlog/ttlog/instrument/internal/errtype"
	"github.com/ttlog/ttlog/internal/guard"
)

// panicType returns the error.type of a recovered panic value.
func panicType(value any) string {
	if err, ok := value.(error); ok {
		if guard.Is(err, http.ErrAbortHandler) {
			return "net/http.ErrAbortHandler"
		}
		return errtype.Name(err)
	}
	return "panic"
}

// recordPanic adds an exception event for a recovered panic value. Called in
// the deferred function, the stack still holds the frames that panicked.
func recordPanic(span trace.Span, value any, redactor Redactor) {
	kind, message := fmt.Sprintf("%T", value), ""
	if err, ok := value.(error); ok {
		kind, message = errtype.Name(err), redactor.Error(err)
	} else {
		message = guard.Text(value, func() string { return fmt.Sprint(value) })
	}
	span.AddEvent(semconv.ExceptionEventName, trace.WithAttributes(
		semconv.ExceptionType(kind),
		semconv.ExceptionMessage(attrtext.Clean(message, maxURLBytes)),
		semconv.ExceptionStacktrace(string(debug.Stack())),
	))
}

// recordError adds an exception event for err, without touching the status.
func recordError(span trace.Span, err error, message string) {
	span.AddEvent(semconv.ExceptionEventName, trace.WithAttributes(
		semconv.ExceptionType(errtype.Name(err)),
		semconv.ExceptionMessage(attrtext.Clean(message, maxURLBytes)),
	))
}
