package redisotel

import (
	"context"
	"runtime"
	"strings"

	"github.com/redis/go-redis/v9"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// callerHook stands behind the one that makes the spans, and adds where a command
// was called from.
type callerHook struct{}

// DialHook implements [redis.Hook].
func (callerHook) DialHook(next redis.DialHook) redis.DialHook { return next }

// ProcessHook implements [redis.Hook].
func (callerHook) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		addCaller(ctx)
		return next(ctx, cmd)
	}
}

// ProcessPipelineHook implements [redis.Hook].
func (callerHook) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		addCaller(ctx)
		return next(ctx, cmds)
	}
}

// maxFrames bounds the walk out of go-redis, whose generated methods lie between.
const maxFrames = 24

func addCaller(ctx context.Context) {
	span := trace.SpanFromContext(ctx)
	if !span.IsRecording() {
		return
	}
	var pcs [maxFrames]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
	for {
		f, more := frames.Next()
		if f.Function != "" && !ownFrame(f.Function) {
			span.SetAttributes(semconv.CodeFunctionName(f.Function), semconv.CodeFilePath(f.File), semconv.CodeLineNumber(f.Line))
			return
		}
		if !more {
			return
		}
	}
}

func ownFrame(function string) bool {
	return strings.HasPrefix(function, "github.com/redis/go-redis/") ||
		strings.HasPrefix(function, "github.com/ttlog/ttlog/instrument/redis.") ||
		strings.HasPrefix(function, "github.com/ttlog/ttlog/instrument/compat/redisotel.")
}
