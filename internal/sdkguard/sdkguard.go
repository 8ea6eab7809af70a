// Package sdkguard keeps the official SDK from stopping the application where it
// asks an error for its text.
//
// An application whose logging library handed a nil pointer of its own error type
// to SetErr did no harm while no SDK was installed. [Loggers] puts a guard around
// that call; everything else goes straight to the SDK. Package tracer does the
// same for the errors of spans. All of it is immutable and safe for concurrent use.
package sdkguard

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel/log"
	sdklog "go.opentelemetry.io/otel/sdk/log"

	"github.com/ttlog/ttlog/internal/guard"
)

// Loggers returns p with guarded loggers. ForceFlush, Shutdown and the others are
// p's own.
func Loggers(p *sdklog.LoggerProvider) LoggerProvider { return LoggerProvider{p} }

// LoggerProvider is what Loggers returns.
type LoggerProvider struct{ *sdklog.LoggerProvider }

// Logger implements [log.LoggerProvider].
func (p LoggerProvider) Logger(name string, opts ...log.LoggerOption) log.Logger {
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
