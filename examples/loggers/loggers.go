// Package loggers has the recipes that bring zap, zerolog and logrus to ttlog's
// logs. They are compiled, run and checked by its tests; docs/adopting.md shows
// them. Each writes to where it wrote before as well.
package loggers

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"

	"github.com/rs/zerolog"
	"github.com/sirupsen/logrus"
	"go.opentelemetry.io/contrib/bridges/otelslog"
	"go.opentelemetry.io/contrib/bridges/otelzap"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// Zap adds OpenTelemetry's bridge to a logger. The trace is that of a field with
// a context: logger.Info("sold", zap.Any("ctx", ctx)).
func Zap(logger *zap.Logger) *zap.Logger {
	return logger.WithOptions(zap.WrapCore(func(core zapcore.Core) zapcore.Core {
		return zapcore.NewTee(core, otelzap.NewCore("zap"))
	}))
}

// Logrus adds a hook. The trace is that of the entry's context:
// logger.WithContext(ctx).Info("sold").
func Logrus(logger *logrus.Logger) {
	logger.AddHook(logrusHook{otelslog.NewLogger("logrus")})
}

type logrusHook struct{ to *slog.Logger }

// Levels implements [logrus.Hook].
func (logrusHook) Levels() []logrus.Level { return logrus.AllLevels }

// logrusLevels are slog's levels by logrus' own, from panic to trace.
var logrusLevels = [...]slog.Level{slog.LevelError + 8, slog.LevelError + 4, slog.LevelError, slog.LevelWarn, slog.LevelInfo, slog.LevelDebug, slog.LevelDebug - 4}

// Fire implements [logrus.Hook].
func (h logrusHook) Fire(e *logrus.Entry) error {
	ctx := e.Context
	if ctx == nil {
		ctx = context.Background()
	}
	record := slog.NewRecord(e.Time, logrusLevels[e.Level], e.Message, 0)
	for key, value := range e.Data {
		record.AddAttrs(slog.Any(key, value))
	}
	return h.to.Handler().Handle(ctx, record)
}

// Zerolog returns a logger that writes to out and to the bridge. The trace is
// that of the event's context: logger.Info().Ctx(ctx).Msg("sold").
func Zerolog(out io.Writer) zerolog.Logger {
	to := zerologWriter{otelslog.NewLogger("zerolog")}
	return zerolog.New(zerolog.MultiLevelWriter(out, to)).Hook(zerolog.HookFunc(func(e *zerolog.Event, _ zerolog.Level, _ string) {
		if sc := trace.SpanContextFromContext(e.GetCtx()); sc.IsValid() {
			e.Stringer("trace_id", sc.TraceID()).Stringer("span_id", sc.SpanID())
		}
	})).With().Timestamp().Logger()
}

// zerologWriter takes the lines that zerolog has encoded: its hooks do not see
// the fields.
type zerologWriter struct{ to *slog.Logger }

// Write implements [io.Writer].
func (w zerologWriter) Write(line []byte) (int, error) { return w.WriteLevel(zerolog.NoLevel, line) }

// WriteLevel implements [zerolog.LevelWriter].
func (w zerologWriter) WriteLevel(level zerolog.Level, line []byte) (int, error) {
	var fields map[string]any
	if err := json.Unmarshal(line, &fields); err != nil {
		return 0, err
	}
	text := func(key string) string { s, _ := fields[key].(string); delete(fields, key); return s }
	ctx := spanContext(text("trace_id"), text("span_id"))
	message := text(zerolog.MessageFieldName)
	text(zerolog.LevelFieldName)
	text(zerolog.TimestampFieldName)
	attrs := make([]slog.Attr, 0, len(fields))
	for key, value := range fields {
		attrs = append(attrs, slog.Any(key, value))
	}
	// zerolog's levels go from -1 (trace) over 0 (debug) to 5 (panic), slog's in steps of four from -4 (debug).
	w.to.LogAttrs(ctx, slog.Level(4*(int(level)-1)), message, attrs...)
	return len(line), nil
}

// spanContext returns a context with the span of these ids.
func spanContext(traceID, spanID string) context.Context {
	t, errT := trace.TraceIDFromHex(traceID)
	s, errS := trace.SpanIDFromHex(spanID)
	if errT != nil || errS != nil {
		return context.Background()
	}
	return trace.ContextWithSpanContext(context.Background(), trace.NewSpanContext(trace.SpanContextConfig{TraceID: t, SpanID: s, TraceFlags: trace.FlagsSampled}))
}
