// Package errtype names the class of an error for the error.type attribute.
//
// One function serves the span and the metric of every instrumentation, so the
// two never disagree. All functions are safe for concurrent use.
package errtype

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"

	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

// named lists sentinel errors whose Go type says nothing (*errors.errorString),
// most specific first.
var named = []struct {
	err  error
	name string
}{
	{context.Canceled, "context.Canceled"},
	{context.DeadlineExceeded, "context.DeadlineExceeded"},
	{os.ErrDeadlineExceeded, "os.ErrDeadlineExceeded"},
	{io.ErrUnexpectedEOF, "io.ErrUnexpectedEOF"},
	{io.EOF, "io.EOF"},
	{net.ErrClosed, "net.ErrClosed"},
	{syscall.ECONNREFUSED, "syscall.ECONNREFUSED"},
	{syscall.ECONNRESET, "syscall.ECONNRESET"},
	{syscall.EPIPE, "syscall.EPIPE"},
}

// Name returns a low-cardinality name of err: the result of its ErrorType
// method when it has one, the name of a well-known sentinel in its chain, or
// the name of its Go type. It returns "_OTHER" for nil. Where one of the error's
// methods panics it is the name of the Go type.
func Name(err error) (name string) {
	if err == nil {
		return semconv.ErrorTypeOther.Value.AsString()
	}
	defer func() {
		if recover() != nil {
			name = fmt.Sprintf("%T", err)
		}
	}()
	var typed interface{ ErrorType() string }
	if errors.As(err, &typed) {
		if name := typed.ErrorType(); name != "" {
			return name
		}
	}
	for _, n := range named {
		if errors.Is(err, n.err) {
			return n.name
		}
	}
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return "net.DNSError"
	}
	return semconv.ErrorType(err).Value.AsString()
}
