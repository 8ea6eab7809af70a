package otlpsdk_test

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/log"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	"go.opentelemetry.io/otel/sdk/log/logtest"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	collogspb "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	colmetricspb "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	coltracepb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"

	"github.com/ttlog/ttlog/internal/otlpsdk"
	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/internal/sdktest"
	"github.com/ttlog/ttlog/test/official"
)

const limit = 32 << 20

func sameSpans(t *testing.T, spans []sdktrace.ReadOnlySpan) {
	t.Helper()
	want, err := official.Traces(spans)
	if err != nil {
		t.Fatalf("the SDK's exporter: %v", err)
	}
	e := otlpsdk.Get(limit)
	defer e.Release()
	request, err := e.SpansRequest(spans)
	if err != nil {
		t.Fatal(err)
	}
	c, err := otlpwire.Validate(otlpwire.Traces, request)
	if err != nil || c.Records != len(spans) {
		t.Fatalf("Validate: %+v, %v, want %d spans", c, err, len(spans))
	}
	got, err := sdktest.UnmarshalTraces(request)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(sdktest.FlatTraces(want), sdktest.FlatTraces(sdktest.DropLinkTraceState(got))); d != "" {
		t.Fatalf("-official +got:\n%s", d)
	}
}

func sameLogs(t *testing.T, records []sdklog.Record) {
	t.Helper()
	want, err := official.Logs(records)
	if err != nil {
		t.Fatalf("the SDK's exporter: %v", err)
	}
	e := otlpsdk.Get(limit)
	defer e.Release()
	var pointers []*sdklog.Record
	for i := range records {
		pointers = append(pointers, &records[i])
	}
	request, err := e.LogsRequest(pointers)
	if err != nil {
		t.Fatal(err)
	}
	c, err := otlpwire.Validate(otlpwire.Logs, request)
	if err != nil || c.Records != len(records) {
		t.Fatalf("Validate: %+v, %v, want %d records", c, err, len(records))
	}
	got, err := sdktest.UnmarshalLogs(request)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(sdktest.FlatLogs(want), sdktest.FlatLogs(got)); d != "" {
		t.Fatalf("-official +got:\n%s", d)
	}
}

func sameMetrics(t *testing.T, rm *metricdata.ResourceMetrics) {
	t.Helper()
	want, wantErr := official.Metrics(rm)
	e := otlpsdk.Get(limit)
	defer e.Release()
	request, err := e.MetricsRequest(rm)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := otlpwire.Validate(otlpwire.Metrics, request); err != nil {
		t.Fatal(err)
	}
	got, err := sdktest.UnmarshalMetrics(request)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(sdktest.FlatMetrics(want), sdktest.FlatMetrics(got)); d != "" {
		t.Fatalf("-official +got:\n%s", d)
	}
	refused := false
	for _, sm := range rm.ScopeMetrics {
		for i := range sm.Metrics {
			refused = refused || otlpsdk.CheckMetric(&sm.Metrics[i]) != nil
		}
	}
	if refused != (wantErr != nil) {
		t.Fatalf("metrics refused: %v; the SDK's exporter: %v", refused, wantErr)
	}
}

// seed returns bytes that reach every shape the generator knows.
func seed(n int, r *rand.Rand) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

func TestSameAsOfficial(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for range 150 {
		g := sdktest.NewGen(seed(r.IntN(3000), r))
		sameSpans(t, []sdktrace.ReadOnlySpan{g.Span()})
		g = sdktest.NewGen(seed(r.IntN(3000), r))
		sameLogs(t, []sdklog.Record{g.Log()})
		g = sdktest.NewGen(seed(r.IntN(3000), r))
		sameMetrics(t, g.Metrics())
	}
}

func FuzzSpan(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, b []byte) { sameSpans(t, []sdktrace.ReadOnlySpan{sdktest.NewGen(b).Span()}) })
}

func FuzzLogRecord(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, b []byte) { sameLogs(t, []sdklog.Record{sdktest.NewGen(b).Log()}) })
}

func FuzzMetrics(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, b []byte) { sameMetrics(t, sdktest.NewGen(b).Metrics()) })
}

func addSeeds(f *testing.F) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, n := range []int{0, 100, 500, 2000} {
		f.Add(seed(n, r))
	}
}

// TestGrouping sends spans of a few resources and scopes, interleaved.
func TestGrouping(t *testing.T) {
	t.Parallel()
	resources := []*resource.Resource{nil, resource.NewSchemaless(attribute.String("service.name", "a")), resource.NewWithAttributes("https://s.test", attribute.String("service.name", "b"))}
	scopes := []instrumentation.Scope{{}, {Name: "x"}, {Name: "x", Attributes: attribute.NewSet(attribute.Bool("b", true))}, {Name: "x", SchemaURL: "https://s.test"}}
	r := rand.New(rand.NewPCG(5, 6))
	var spans []sdktrace.ReadOnlySpan
	var records []sdklog.Record
	for i := range 60 {
		res, scope := resources[r.IntN(3)], scopes[r.IntN(4)]
		spans = append(spans, tracetest.SpanStub{Name: "s", SpanContext: trace.NewSpanContext(trace.SpanContextConfig{SpanID: [8]byte{byte(i + 1)}}), Resource: res, InstrumentationScope: scope}.Snapshot())
		records = append(records, logtest.RecordFactory{SpanID: [8]byte{byte(i + 1)}, Resource: res, InstrumentationScope: &scope}.NewRecord())
	}
	sameSpans(t, spans)
	sameLogs(t, records)
}

func TestLinkTraceState_Kept(t *testing.T) {
	t.Parallel()
	ts, err := trace.ParseTraceState("a=1,b@c=2")
	if err != nil {
		t.Fatal(err)
	}
	span := tracetest.SpanStub{Links: []sdktrace.Link{{SpanContext: trace.NewSpanContext(trace.SpanContextConfig{TraceState: ts})}}}.Snapshot()
	e := otlpsdk.Get(limit)
	defer e.Release()
	b, err := e.SpanRequest(span)
	if err != nil {
		t.Fatal(err)
	}
	td, err := sdktest.UnmarshalTraces(b)
	if err != nil {
		t.Fatal(err)
	}
	got := td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0).Links().At(0).TraceState().AsRaw()
	if got != ts.String() {
		t.Errorf("got %q, want %q", got, ts)
	}
}

// TestInvalidUTF8: the SDK's exporters lose the batch, this one replaces.
func TestInvalidUTF8(t *testing.T) {
	t.Parallel()
	span := tracetest.SpanStub{Name: "a\xffb", Attributes: []attribute.KeyValue{
		attribute.String("k\xc3", "\xf0\x28"), attribute.StringSlice("l", []string{"ok", "\xff\xfe"}), attribute.ByteSlice("raw", []byte{0xff}),
	}}.Snapshot()
	if _, err := official.Traces([]sdktrace.ReadOnlySpan{span}); err == nil {
		t.Log("the SDK's exporter has learned to send strings that are not UTF-8; compare with it")
	}
	e := otlpsdk.Get(limit)
	defer e.Release()
	b, err := e.SpanRequest(span)
	if err != nil {
		t.Fatal(err)
	}
	td, err := sdktest.UnmarshalTraces(b)
	if err != nil {
		t.Fatal(err)
	}
	s := td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0)
	want := map[string]any{"k\uFFFD": "\uFFFD(", "l": []any{"ok", "\uFFFD"}, "raw": []byte{0xff}}
	if s.Name() != "a\uFFFDb" {
		t.Errorf("got name %q", s.Name())
	}
	if d := cmp.Diff(want, s.Attributes().AsRaw()); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

// TestInvalidUTF8_EverySignal: what protobuf itself reads of a message with bad
// bytes in every string there is.
func TestInvalidUTF8_EverySignal(t *testing.T) {
	t.Parallel()
	const bad = "a\xffb"
	attr := attribute.Map(bad, attribute.String(bad, bad), attribute.StringSlice(bad, []string{bad}))
	scope := instrumentation.Scope{Name: bad, Version: bad, SchemaURL: bad, Attributes: attribute.NewSet(attribute.String(bad, bad))}
	res := resource.NewWithAttributes(bad, attribute.String(bad, bad))
	read := func(m proto.Message, encode func(e *otlpsdk.Encoder) ([]byte, error)) {
		t.Helper()
		e := otlpsdk.Get(limit)
		defer e.Release()
		b, err := encode(e)
		if err != nil {
			t.Fatal(err)
		}
		if err := proto.Unmarshal(b, m); err != nil {
			t.Errorf("%T: %v", m, err)
		}
		if n := strings.Count(prototext.Format(m), "a\uFFFDb"); n < 8 {
			t.Errorf("%T: %d of the strings have arrived", m, n)
		}
	}
	read(new(coltracepb.ExportTraceServiceRequest), func(e *otlpsdk.Encoder) ([]byte, error) {
		return e.SpanRequest(tracetest.SpanStub{
			Name: bad, Attributes: []attribute.KeyValue{attr}, Status: sdktrace.Status{Code: codes.Error, Description: bad},
			Events:   []sdktrace.Event{{Name: bad, Attributes: []attribute.KeyValue{attr}}},
			Links:    []sdktrace.Link{{Attributes: []attribute.KeyValue{attr}}},
			Resource: res, InstrumentationScope: scope,
		}.Snapshot())
	})
	read(new(collogspb.ExportLogsServiceRequest), func(e *otlpsdk.Encoder) ([]byte, error) {
		r := logtest.RecordFactory{
			EventName: bad, SeverityText: bad, Body: attribute.StringValue(bad), Attributes: []attribute.KeyValue{attr},
			Resource: res, InstrumentationScope: &scope,
		}.NewRecord()
		return e.LogRequest(&r)
	})
	read(new(colmetricspb.ExportMetricsServiceRequest), func(e *otlpsdk.Encoder) ([]byte, error) {
		point := metricdata.DataPoint[int64]{
			Attributes: attribute.NewSet(attr),
			Exemplars:  []metricdata.Exemplar[int64]{{FilteredAttributes: []attribute.KeyValue{attr}}},
		}
		return e.MetricsRequest(&metricdata.ResourceMetrics{Resource: res, ScopeMetrics: []metricdata.ScopeMetrics{{
			Scope: scope, Metrics: []metricdata.Metrics{{Name: bad, Unit: bad, Description: bad, Data: metricdata.Gauge[int64]{DataPoints: []metricdata.DataPoint[int64]{point}}}},
		}}})
	})
}

// TestDepth: deeper values are cut where a receiver would refuse the request.
func TestDepth(t *testing.T) {
	t.Parallel()
	nested := attribute.StringSliceValue([]string{"deep"})
	for range 3 * otlpwire.MaxDepth {
		nested = attribute.SliceValue(attribute.MapValue(attribute.KeyValue{Key: "k", Value: nested}))
	}
	e := otlpsdk.Get(limit)
	defer e.Release()
	b, err := e.SpanRequest(tracetest.SpanStub{Attributes: []attribute.KeyValue{{Key: "deep", Value: nested}}}.Snapshot())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := otlpwire.Validate(otlpwire.Traces, b); err != nil {
		t.Error(err)
	}
	for _, leaf := range []attribute.Value{attribute.BoolValue(true), attribute.Int64SliceValue([]int64{7})} {
		v := leaf
		for range otlpwire.MaxDepth - 1 {
			v = attribute.SliceValue(v)
		}
		sameSpans(t, []sdktrace.ReadOnlySpan{tracetest.SpanStub{Attributes: []attribute.KeyValue{{Key: "deep", Value: v}}}.Snapshot()})
	}
}

func TestTooLarge(t *testing.T) {
	t.Parallel()
	e := otlpsdk.Get(1000)
	defer e.Release()
	big := attribute.String("big", strings.Repeat("x", 500<<10))
	span := tracetest.SpanStub{Attributes: []attribute.KeyValue{big, attribute.Int("n", 1)}}.Snapshot()
	if _, err := e.SpanRecord(1, span); !errors.Is(err, otlpsdk.ErrTooLarge) {
		t.Errorf("got %v, want ErrTooLarge", err)
	}
	if _, err := e.SpanRecord(1, tracetest.SpanStub{Attributes: []attribute.KeyValue{attribute.String("k", strings.Repeat("x", 990))}}.Snapshot()); !errors.Is(err, otlpsdk.ErrTooLarge) {
		t.Errorf("within the buffer, beyond the limit: got %v, want ErrTooLarge", err)
	}
	if _, err := e.SpanRecord(1, tracetest.SpanStub{}.Snapshot()); err != nil {
		t.Errorf("a small span after a large one: %v", err)
	}
	e2 := otlpsdk.Get(limit)
	defer e2.Release()
	if b, err := e2.SpanRecord(1, span); err != nil || len(b) < 500<<10 {
		t.Errorf("got %d bytes, %v", len(b), err)
	}
}

func TestExemplar_BadIDsLeftOut(t *testing.T) {
	t.Parallel()
	rm := &metricdata.ResourceMetrics{ScopeMetrics: []metricdata.ScopeMetrics{{Metrics: []metricdata.Metrics{{
		Data: metricdata.Gauge[int64]{DataPoints: []metricdata.DataPoint[int64]{{Exemplars: []metricdata.Exemplar[int64]{{TraceID: []byte{1}, SpanID: []byte{2, 3}, Value: 5}}}}},
	}}}}}
	e := otlpsdk.Get(limit)
	defer e.Release()
	b, err := e.MetricsRequest(rm)
	if err != nil {
		t.Fatal(err)
	}
	md, err := sdktest.UnmarshalMetrics(b)
	if err != nil {
		t.Fatal(err)
	}
	x := md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(0).Gauge().DataPoints().At(0).Exemplars().At(0)
	if !x.TraceID().IsEmpty() || !x.SpanID().IsEmpty() || x.IntValue() != 5 {
		t.Errorf("got %v %v %v", x.TraceID(), x.SpanID(), x.IntValue())
	}
}

// Span returns an everyday span with n attributes.
func span(n int) sdktrace.ReadOnlySpan {
	ts, _ := trace.ParseTraceState("vendor=1")
	all := []attribute.KeyValue{
		attribute.String("http.request.method", "GET"), attribute.String("http.route", "/api/users/{id}"), attribute.Int("http.response.status_code", 200),
		attribute.String("url.path", "/api/users/12345"), attribute.Bool("cache.hit", true), attribute.Float64("score", math.Pi),
		attribute.String("user_agent.original", "Mozilla/5.0 (X11; Linux x86_64) test"), attribute.Int64("bytes", 1<<40),
		attribute.String("server.address", "example.test"), attribute.ByteSlice("digest", []byte("0123456789abcdef")),
	}
	now := time.Unix(1700000000, 5)
	return tracetest.SpanStub{
		Name:        "GET /api/users/{id}",
		SpanContext: trace.NewSpanContext(trace.SpanContextConfig{TraceID: [16]byte{1}, SpanID: [8]byte{1}, TraceFlags: 1, TraceState: ts}),
		Parent:      trace.NewSpanContext(trace.SpanContextConfig{TraceID: [16]byte{1}, SpanID: [8]byte{2}}),
		SpanKind:    trace.SpanKindServer, StartTime: now, EndTime: now.Add(time.Millisecond), Attributes: all[:n],
	}.Snapshot()
}

func record(n int) sdklog.Record {
	return logtest.RecordFactory{
		Timestamp: time.Unix(1700000000, 5), ObservedTimestamp: time.Unix(1700000000, 6), Severity: 9, SeverityText: "INFO",
		Body: attribute.StringValue("user logged in"), Attributes: span(n).Attributes(), TraceID: [16]byte{1}, SpanID: [8]byte{1}, TraceFlags: 1,
	}.NewRecord()
}

func TestNoAllocations(t *testing.T) { // not parallel: counts allocations
	f := func(what string, fn func(e *otlpsdk.Encoder) error) {
		t.Helper()
		got := testing.AllocsPerRun(200, func() {
			e := otlpsdk.Get(limit)
			if err := fn(e); err != nil {
				t.Fatal(err)
			}
			e.Release()
		})
		if got != 0 && !raceEnabled { // the race detector empties pools at random
			t.Errorf("%s: %v allocations, want none", what, got)
		}
	}
	s, r := span(10), record(10)
	f("span", func(e *otlpsdk.Encoder) error { _, err := e.SpanRecord(1, s); return err })
	f("log record", func(e *otlpsdk.Encoder) error { _, err := e.LogRecord(1, &r); return err })
}

func BenchmarkSpanRecord(b *testing.B) {
	for _, n := range []int{0, 5, 10} {
		b.Run("attributes="+string(rune('0'+n/10))+string(rune('0'+n%10)), func(b *testing.B) {
			s := span(n)
			b.ReportAllocs()
			for b.Loop() {
				e := otlpsdk.Get(limit)
				if _, err := e.SpanRecord(1, s); err != nil {
					b.Fatal(err)
				}
				e.Release()
			}
		})
	}
}

func BenchmarkLogRecord(b *testing.B) {
	r := record(5)
	b.ReportAllocs()
	for b.Loop() {
		e := otlpsdk.Get(limit)
		if _, err := e.LogRecord(1, &r); err != nil {
			b.Fatal(err)
		}
		e.Release()
	}
}

// TestDepth_SDK: what the SDK leaves of too deep an attribute by default goes
// through whole.
func TestDepth_SDK(t *testing.T) {
	t.Parallel()
	lists, maps := attribute.StringValue("leaf"), attribute.StringValue("leaf")
	for range 2 * otlpwire.MaxDepth {
		lists, maps = attribute.SliceValue(lists), attribute.MapValue(attribute.KeyValue{Key: "k", Value: maps})
	}
	p := &keep{}
	lp := sdklog.NewLoggerProvider(sdklog.WithProcessor(p))
	var r log.Record
	r.AddAttributes(attribute.KeyValue{Key: "lists", Value: lists}, attribute.KeyValue{Key: "maps", Value: maps})
	lp.Logger("test").Emit(t.Context(), r)
	sameLogs(t, p.records)
}

// keep is a log processor that keeps what it gets.
type keep struct {
	sdklog.Processor
	records []sdklog.Record
}

func (k *keep) OnEmit(_ context.Context, r *sdklog.Record) error {
	k.records = append(k.records, r.Clone())
	return nil
}
