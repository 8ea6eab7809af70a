package processor_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/log"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	"go.opentelemetry.io/otel/sdk/log/logtest"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/goleak"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/internal/sdktest"
	"github.com/ttlog/ttlog/processor"
	"github.com/ttlog/ttlog/ringbuffer"
	"github.com/ttlog/ttlog/test/official"
)

func TestMain(m *testing.M) {
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(error) {})) // drops are looked for in Stats
	goleak.VerifyTestMain(m)
}

func sampled(id byte) trace.SpanContext {
	return trace.NewSpanContext(trace.SpanContextConfig{TraceID: [16]byte{1}, SpanID: [8]byte{id}, TraceFlags: trace.FlagsSampled})
}

func wantStats(t *testing.T, got, want processor.Stats) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("stats: -want +got:\n%s", d)
	}
}

// TestSpans runs the real SDK beside its own exporter.
func TestSpans(t *testing.T) {
	t.Parallel()
	ring, rd := sdktest.NewRing(t, 1<<20)
	p := processor.NewSpanProcessor(ring)
	mem := tracetest.NewInMemoryExporter()
	tp := sdktrace.NewTracerProvider(
		sdktrace.WithSpanProcessor(p), sdktrace.WithSyncer(mem),
		sdktrace.WithResource(resource.NewSchemaless(attribute.String("service.name", "shop"))),
	)
	ctx := t.Context()
	for i := range 20 {
		tr := tp.Tracer(fmt.Sprint("scope", i%3), trace.WithInstrumentationVersion("v1"), trace.WithInstrumentationAttributes(attribute.Int("n", i%2)))
		ctx, parent := tr.Start(ctx, "parent", trace.WithSpanKind(trace.SpanKindServer))
		_, child := tr.Start(ctx, "child", trace.WithLinks(trace.LinkFromContext(ctx)), trace.WithAttributes(attribute.Int("i", i), attribute.StringSlice("l", []string{"a", "b"})))
		child.RecordError(errors.New("bad"))
		child.SetStatus(1, "worse")
		child.End()
		parent.End()
	}
	want, err := official.Traces(mem.GetSpans().Snapshots())
	if err != nil {
		t.Fatal(err)
	}
	got := sdktest.DrainAll(t, ring, rd)
	if d := cmp.Diff(sdktest.FlatTraces(want), sdktest.FlatTraces(got.Traces)); d != "" {
		t.Errorf("-official +got:\n%s", d)
	}
	if got.Kinds[otlpwire.KindSpan] != 40 || len(got.Kinds) != 1 {
		t.Errorf("got records %v, want 40 of kind %d", got.Kinds, otlpwire.KindSpan)
	}
	wantStats(t, p.Stats(), processor.Stats{Written: 40})
	if n := ring.Stats().CatalogEntries; n != 7 {
		t.Errorf("got %d catalog entries, want a resource and 6 scopes", n)
	}
	if err := tp.Shutdown(ctx); err != nil {
		t.Error(err)
	}
}

func TestLogs(t *testing.T) {
	t.Parallel()
	ring, rd := sdktest.NewRing(t, 1<<20)
	p := processor.NewLogProcessor(ring)
	k := &keep{Processor: p}
	lp := sdklog.NewLoggerProvider(sdklog.WithProcessor(k))
	ctx, cancel := context.WithCancel(trace.ContextWithSpanContext(t.Context(), sampled(9)))
	cancel() // must not lose the records
	for i := range 10 {
		l := lp.Logger(fmt.Sprint("scope", i%2), log.WithSchemaURL("https://s.test"))
		if !l.Enabled(ctx, log.EnabledParameters{Severity: log.SeverityDebug}) {
			t.Error("not enabled")
		}
		var r log.Record
		r.SetTimestamp(time.Unix(int64(i), 1))
		r.SetBody(attribute.MapValue(attribute.Int("i", i)))
		r.SetSeverity(log.SeverityWarn2)
		r.SetEventName("event")
		for j := range i {
			r.AddAttributes(attribute.Int(fmt.Sprint("k", j), j))
		}
		l.Emit(ctx, r)
	}
	want, err := official.Logs(k.records)
	if err != nil {
		t.Fatal(err)
	}
	got := sdktest.DrainAll(t, ring, rd)
	if d := cmp.Diff(sdktest.FlatLogs(want), sdktest.FlatLogs(got.Logs)); d != "" {
		t.Errorf("-official +got:\n%s", d)
	}
	wantStats(t, p.Stats(), processor.Stats{Written: 10})
	if err := lp.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if p.Enabled(ctx, sdklog.EnabledParameters{}) {
		t.Error("enabled after Shutdown")
	}
}

// keep passes records on and keeps a copy.
type keep struct {
	sdklog.Processor
	records []sdklog.Record
}

func (k *keep) OnEmit(ctx context.Context, r *sdklog.Record) error {
	k.records = append(k.records, r.Clone())
	return k.Processor.OnEmit(ctx, r)
}

// TestCatalogFull: more scopes than the catalog takes lose nothing.
func TestCatalogFull(t *testing.T) {
	t.Parallel()
	ring, err := ringbuffer.Open(t.TempDir()+"/ring", ringbuffer.Options{Size: 4 << 20, CatalogSize: 4096})
	if err != nil {
		t.Fatal(err)
	}
	defer ring.Close()
	rd, err := ring.Reader("test")
	if err != nil {
		t.Fatal(err)
	}
	p, lp := processor.NewSpanProcessor(ring), processor.NewLogProcessor(ring)
	var spans []sdktrace.ReadOnlySpan
	var records []sdklog.Record
	for i := range 200 {
		scope := instrumentation.Scope{Name: fmt.Sprint("scope ", i, strings.Repeat("-", 40))}
		for range 2 {
			s := tracetest.SpanStub{SpanContext: sampled(byte(i)), InstrumentationScope: scope}.Snapshot()
			p.OnEnd(s)
			spans = append(spans, s)
			r := logtest.RecordFactory{InstrumentationScope: &scope}.NewRecord()
			if err := lp.OnEmit(t.Context(), &r); err != nil {
				t.Fatal(err)
			}
			records = append(records, r)
		}
	}
	s := p.Stats()
	if s.Written != 400 || s.Whole == 0 || s.Whole == 400 {
		t.Errorf("got %+v, want 400 written and some of them whole", s)
	}
	got := sdktest.DrainAll(t, ring, rd)
	wantTraces, err := official.Traces(spans)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(sdktest.FlatTraces(wantTraces), sdktest.FlatTraces(got.Traces)); d != "" {
		t.Errorf("-official +got:\n%s", d)
	}
	wantLogs, err := official.Logs(records)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(sdktest.FlatLogs(wantLogs), sdktest.FlatLogs(got.Logs)); d != "" {
		t.Errorf("-official +got:\n%s", d)
	}
}
