package sdkguard_test

import (
	"context"
	"io/fs"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/log"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/ttlog/ttlog/internal/sdkguard"
)

// faulty panics whatever it is asked.
type faulty struct{}

func (faulty) Error() string     { panic("boom") }
func (faulty) ErrorType() string { panic("boom") }

// texts are errors with what is recorded of them.
var texts = []struct {
	err        error
	kind, text string
}{
	{(*fs.PathError)(nil), "*fs.PathError", "<nil>"},
	{faulty{}, "sdkguard_test.faulty", "!PANIC: boom"},
	{&fs.PathError{Op: "open", Path: "/x", Err: fs.ErrNotExist}, "*fs.PathError", "open /x: file does not exist"},
}

func TestTracers_RecordError(t *testing.T) {
	spans := tracetest.NewSpanRecorder()
	tp := sdkguard.Tracers(sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans)))
	for _, c := range texts {
		spans.Reset()
		ctx, parent := tp.Tracer("test").Start(t.Context(), "parent")
		_, span := trace.SpanFromContext(ctx).TracerProvider().Tracer("test").Start(ctx, "child")
		trace.SpanFromContext(ctx).RecordError(c.err, trace.WithAttributes(attribute.Int("n", 1)))
		span.RecordError(c.err)
		span.End()
		parent.End()
		for i, s := range spans.Ended() {
			if len(s.Events()) != 1 {
				t.Fatalf("%s: %d events, want 1", s.Name(), len(s.Events()))
			}
			got := map[string]string{}
			for _, a := range s.Events()[0].Attributes {
				got[string(a.Key)] = a.Value.String()
			}
			if got["exception.type"] != c.kind || got["exception.message"] != c.text || i == 1 && got["n"] != "1" {
				t.Errorf("%s: got %v, want %s %q", s.Name(), got, c.kind, c.text)
			}
		}
		if child := spans.Ended()[0]; child.Parent().SpanID() != parent.SpanContext().SpanID() {
			t.Error("the child is not the parent's")
		}
	}
	if _, ok := tp.(interface{ ForceFlush(context.Context) error }); !ok {
		t.Error("ForceFlush is hidden")
	}
	_, span := tp.Tracer("test").Start(t.Context(), "s")
	if _, ok := span.(sdktrace.ReadWriteSpan); !ok {
		t.Error("the SDK's methods are hidden")
	}
}

// emitted keeps the attributes of each record.
type emitted []map[string]string

func (e *emitted) OnEmit(_ context.Context, r *sdklog.Record) error {
	m := map[string]string{}
	r.WalkAttributes(func(kv attribute.KeyValue) bool { m[string(kv.Key)] = kv.Value.String(); return true })
	*e = append(*e, m)
	return nil
}

func (*emitted) Enabled(context.Context, sdklog.EnabledParameters) bool { return true }
func (*emitted) Shutdown(context.Context) error                         { return nil }
func (*emitted) ForceFlush(context.Context) error                       { return nil }

func TestLoggers_Emit(t *testing.T) {
	for _, c := range texts {
		var got emitted
		l := sdkguard.Loggers(sdklog.NewLoggerProvider(sdklog.WithProcessor(&got))).Logger("test")
		var r log.Record
		r.SetErr(c.err)
		l.Emit(t.Context(), r)
		l.Emit(t.Context(), log.Record{})
		if len(got) != 2 || got[0]["exception.type"] != c.kind || got[0]["exception.message"] != c.text || len(got[1]) != 0 {
			t.Errorf("got %v, want %s %q, and a record without", got, c.kind, c.text)
		}
	}
}

// TestTracers_EndInAPanic: a deferred End still sees the panic, as the SDK's does.
func TestTracers_EndInAPanic(t *testing.T) {
	spans := tracetest.NewSpanRecorder()
	tp := sdkguard.Tracers(sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans)))
	func() {
		defer func() {
			if got := recover(); got != "boom" {
				t.Errorf("recovered %v", got)
			}
		}()
		_, span := tp.Tracer("test").Start(t.Context(), "s")
		defer span.End()
		panic("boom")
	}()
	if got := spans.Ended(); len(got) != 1 || len(got[0].Events()) != 1 {
		t.Errorf("got %v, want a span with the panic", got)
	}
}
