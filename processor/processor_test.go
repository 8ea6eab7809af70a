package processor_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	"go.opentelemetry.io/otel/sdk/log/logtest"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/goleak"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/internal/sdktest"
	"github.com/ttlog/ttlog/processor"
	"github.com/ttlog/ttlog/ringbuffer"
)

func TestMain(m *testing.M) {
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(error) {})) // drops are looked for in Stats
	goleak.VerifyTestMain(m)
}

func sampled(id byte) trace.SpanContext {
	return trace.NewSpanContext(trace.SpanContextConfig{TraceID: [16]byte{1}, SpanID: [8]byte{id}, TraceFlags: trace.FlagsSampled})
}

// stub is a sampled span of about 100+n bytes.
func stub(n int) sdktrace.ReadOnlySpan {
	return tracetest.SpanStub{Name: strings.Repeat("n", n), SpanContext: sampled(1)}.Snapshot()
}

func wantStats(t *testing.T, got, want processor.Stats) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("stats: -want +got:\n%s", d)
	}
}

// TestFullRing: the newest are dropped, counted, and the rest is whole.
func TestFullRing(t *testing.T) {
	t.Parallel()
	ring, rd := sdktest.NewRing(t, 8<<10)
	p := processor.NewSpanProcessor(ring)
	lp := processor.NewLogProcessor(ring)
	size := int(ring.Stats().Size)
	n := size/100 + 10
	for range n {
		p.OnEnd(stub(200))
	}
	s := p.Stats()
	if s.Written == 0 || s.Full == 0 || s.Written+s.Full != uint64(n) {
		t.Errorf("got %+v, want a sum of %d", s, n)
	}
	if got := sdktest.DrainAll(t, ring, rd).Traces.SpanCount(); got != int(s.Written) {
		t.Errorf("got %d spans, want %d", got, s.Written)
	}
	p.OnEnd(stub(ring.MaxRecord()))
	rec := logtest.RecordFactory{SeverityText: strings.Repeat("x", ring.MaxRecord()), InstrumentationScope: &instrumentation.Scope{}}.NewRecord()
	if err := lp.OnEmit(t.Context(), &rec); err != nil {
		t.Error(err)
	}
	if a, b := p.Stats().TooLarge, lp.Stats().TooLarge; a != 1 || b != 1 {
		t.Errorf("too large: got %d spans, %d records, want 1 each", a, b)
	}
	p.OnEnd(stub(1))
	if got := sdktest.DrainAll(t, ring, rd).Traces.SpanCount(); got != 1 {
		t.Errorf("got %d spans after the ring was emptied, want 1", got)
	}
}

func fill(t *testing.T, ring *ringbuffer.Ring) {
	t.Helper()
	for _, n := range []int{ring.MaxRecord() / 2, 1000, 100, 8, 0} {
		for {
			if _, err := ring.Write(otlpwire.KindTracesRequest, make([]byte, n)); err != nil {
				break
			}
		}
	}
}

func TestBlock(t *testing.T) {
	t.Parallel()
	ring, rd := sdktest.NewRing(t, 8<<10)
	fill(t, ring)
	p := processor.NewSpanProcessor(ring, processor.WithBlock(20*time.Millisecond))
	began := time.Now()
	p.OnEnd(stub(1))
	if took := time.Since(began); took < 20*time.Millisecond {
		t.Errorf("gave up after %v, want 20 ms", took)
	}
	wantStats(t, p.Stats(), processor.Stats{Full: 1})

	p = processor.NewSpanProcessor(ring, processor.WithBlock(time.Minute))
	done := make(chan struct{})
	go func() { defer close(done); p.OnEnd(stub(1)) }()
	time.Sleep(5 * time.Millisecond)
	for rec, ok := rd.Next(); ok; rec, ok = rd.Next() {
		rd.Release(rec.End)
	}
	<-done
	wantStats(t, p.Stats(), processor.Stats{Written: 1})
}

// TestBlock_Shutdown: a waiting record does not hold up Shutdown.
func TestBlock_Shutdown(t *testing.T) {
	t.Parallel()
	ring, _ := sdktest.NewRing(t, 8<<10)
	fill(t, ring)
	p := processor.NewSpanProcessor(ring, processor.WithBlock(time.Hour))
	done := make(chan struct{})
	go func() { defer close(done); p.OnEnd(stub(1)) }()
	time.Sleep(5 * time.Millisecond)
	if err := p.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	<-done
	if s := p.Stats(); s.Dropped() != 1 || s.Written != 0 {
		t.Errorf("got %+v, want one drop", s)
	}
}

func TestShutdown(t *testing.T) {
	t.Parallel()
	ring, rd := sdktest.NewRing(t, 1<<16)
	var flushes int
	var fails error
	flush := func(context.Context) error { flushes++; return fails }
	p := processor.NewSpanProcessor(ring, processor.WithFlush(flush), nil)
	p.OnEnd(stub(1))
	if err := p.ForceFlush(t.Context()); err != nil || flushes != 1 {
		t.Errorf("ForceFlush: %v after %d flushes", err, flushes)
	}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.ForceFlush(canceled); !errors.Is(err, context.Canceled) {
		t.Errorf("ForceFlush of a canceled context: %v", err)
	}
	fails = errors.New("disk on fire")
	if err := p.ForceFlush(t.Context()); !errors.Is(err, fails) {
		t.Errorf("ForceFlush: %v", err)
	}
	if err := p.Shutdown(t.Context()); !errors.Is(err, fails) {
		t.Errorf("Shutdown: %v", err)
	}
	fails = nil
	if err := p.Shutdown(t.Context()); err != nil || flushes != 4 {
		t.Errorf("second Shutdown: %v after %d flushes", err, flushes)
	}
	p.OnEnd(stub(2))
	if err := errors.Join(p.Shutdown(t.Context()), p.ForceFlush(t.Context())); err != nil || flushes != 4 {
		t.Errorf("after Shutdown: %v after %d flushes", err, flushes)
	}
	wantStats(t, p.Stats(), processor.Stats{Written: 1, Shutdown: 1})
	if n := sdktest.DrainAll(t, ring, rd).Traces.SpanCount(); n != 1 {
		t.Errorf("got %d spans", n)
	}
}

func TestClosedRing(t *testing.T) {
	t.Parallel()
	ring, _ := sdktest.NewRing(t, 1<<16)
	p, lp := processor.NewSpanProcessor(ring), processor.NewLogProcessor(ring)
	p.OnEnd(stub(1))
	if err := ring.Close(); err != nil {
		t.Fatal(err)
	}
	p.OnEnd(stub(1)) // the scope is known
	rec := logtest.RecordFactory{InstrumentationScope: &instrumentation.Scope{Name: "x"}}.NewRecord()
	if err := lp.OnEmit(t.Context(), &rec); err != nil { // it is not
		t.Error(err)
	}
	wantStats(t, p.Stats(), processor.Stats{Written: 1, Shutdown: 1})
	wantStats(t, lp.Stats(), processor.Stats{Shutdown: 1})
}

// hostile is a span that panics when it is looked at.
type hostile struct{ sdktrace.ReadOnlySpan }

func (hostile) Name() string { panic("a span that must not be looked at") }

func TestPanic(t *testing.T) {
	t.Parallel()
	ring, rd := sdktest.NewRing(t, 1<<16)
	p := processor.NewSpanProcessor(ring)
	p.OnEnd(nil)
	p.OnEnd(hostile{stub(1)})
	p.OnEnd(hostile{})
	p.OnEnd(stub(3))
	wantStats(t, p.Stats(), processor.Stats{Written: 1, Failed: 2})
	if n := sdktest.DrainAll(t, ring, rd).Traces.SpanCount(); n != 1 {
		t.Errorf("got %d spans: a panic must not hold up the ring", n)
	}
	lp := processor.NewLogProcessor(ring)
	if err := lp.OnEmit(t.Context(), nil); err != nil {
		t.Error(err)
	}
	if err := p.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestUnsampled(t *testing.T) {
	t.Parallel()
	ring, rd := sdktest.NewRing(t, 1<<16)
	p := processor.NewSpanProcessor(ring)
	p.OnEnd(tracetest.SpanStub{Name: "recorded only"}.Snapshot())
	wantStats(t, p.Stats(), processor.Stats{})
	if n := sdktest.DrainAll(t, ring, rd).Traces.SpanCount(); n != 0 {
		t.Errorf("got %d spans", n)
	}
	if err := p.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestManyScopes passes the bound of the table of scopes.
func TestManyScopes(t *testing.T) {
	t.Parallel()
	ring, rd := sdktest.NewRing(t, 8<<20)
	p := processor.NewSpanProcessor(ring)
	for i := range 10000 {
		p.OnEnd(tracetest.SpanStub{SpanContext: sampled(1), InstrumentationScope: instrumentation.Scope{Name: fmt.Sprint(i)}}.Snapshot())
		p.OnEnd(tracetest.SpanStub{SpanContext: sampled(1), InstrumentationScope: instrumentation.Scope{Name: fmt.Sprint(i % 5), Version: "1"}}.Snapshot())
	}
	seen := map[string]int{}
	for _, rs := range sdktest.DrainAll(t, ring, rd).Traces.ResourceSpans().All() {
		s := rs.ScopeSpans().At(0).Scope()
		seen[s.Name()+"/"+s.Version()]++
	}
	if len(seen) != 10005 || seen["77/"] != 1 || seen["4/1"] != 2000 {
		t.Errorf("got %d scopes, %d, %d", len(seen), seen["77/"], seen["4/1"])
	}
}

// TestConcurrentSafe: every span is written or counted, while the ring is read
// and the processor shut down.
func TestConcurrentSafe(t *testing.T) {
	t.Parallel()
	ring, rd := sdktest.NewRing(t, 1<<14)
	p := processor.NewSpanProcessor(ring)
	lp := processor.NewLogProcessor(ring, processor.WithBlock(time.Millisecond))
	const workers, each = 8, 1500
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(w), 1))
			for i := range each {
				scope := instrumentation.Scope{Name: fmt.Sprint(r.IntN(20))}
				p.OnEnd(tracetest.SpanStub{Name: "s", SpanContext: sampled(byte(w)), InstrumentationScope: scope, Attributes: []attribute.KeyValue{attribute.Int("i", i)}}.Snapshot())
				if i%16 == 0 {
					rec := logtest.RecordFactory{InstrumentationScope: &scope}.NewRecord()
					_ = lp.OnEmit(context.Background(), &rec)
				}
				if w == 0 && i == each-100 {
					if err := p.Shutdown(context.Background()); err != nil {
						t.Error(err)
					}
				}
				_ = p.Stats()
			}
		})
	}
	done := make(chan struct{})
	spans, records := 0, 0
	go func() {
		defer close(done)
		for ctx := t.Context(); rd.Wait(ctx) == nil; {
			d, err := sdktest.Drain(ring, rd)
			if err != nil {
				t.Error(err)
				return
			}
			spans, records = spans+d.Traces.SpanCount(), records+d.Logs.LogRecordCount()
		}
	}()
	wg.Wait()
	for rd.Lag() > 0 {
		time.Sleep(time.Millisecond)
	}
	if err := ring.Close(); err != nil {
		t.Error(err)
	}
	<-done
	s, l := p.Stats(), lp.Stats()
	if uint64(spans) != s.Written || uint64(records) != l.Written {
		t.Errorf("read %d spans and %d records, want %+v and %+v", spans, records, s, l)
	}
	if s.Written+s.Dropped() != workers*each || s.Shutdown == 0 {
		t.Errorf("spans: got %+v, want a sum of %d", s, workers*each)
	}
}

func TestSelfMetrics(t *testing.T) {
	t.Parallel()
	ring, _ := sdktest.NewRing(t, 1<<16)
	reader := metric.NewManualReader()
	mp := metric.NewMeterProvider(metric.WithReader(reader))
	p := processor.NewSpanProcessor(ring, processor.WithMeterProvider(mp))
	lp := processor.NewLogProcessor(ring, processor.WithMeterProvider(mp))
	p.OnEnd(stub(1))
	p.OnEnd(stub(2))
	p.OnEnd(stub(ring.MaxRecord()))
	rec := logtest.RecordFactory{InstrumentationScope: &instrumentation.Scope{}}.NewRecord()
	if err := lp.OnEmit(t.Context(), &rec); err != nil {
		t.Error(err)
	}
	want := map[string]int64{
		"otel.sdk.processor.span.processed ttlog_span_processor ":          2,
		"otel.sdk.processor.span.processed ttlog_span_processor too_large": 1,
		"otel.sdk.processor.log.processed ttlog_log_processor ":            1,
	}
	if d := cmp.Diff(want, collect(t, reader)); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	if err := errors.Join(p.Shutdown(t.Context()), lp.Shutdown(t.Context())); err != nil {
		t.Error(err)
	}
	if got := collect(t, reader); len(got) != 0 {
		t.Errorf("after Shutdown: %v", got)
	}
}

func collect(t *testing.T, r metric.Reader) map[string]int64 {
	t.Helper()
	var rm metricdata.ResourceMetrics
	if err := r.Collect(t.Context(), &rm); err != nil {
		t.Fatal(err)
	}
	got := map[string]int64{}
	for _, sm := range rm.ScopeMetrics {
		for _, m := range sm.Metrics {
			for _, dp := range m.Data.(metricdata.Sum[int64]).DataPoints {
				component, _ := dp.Attributes.Value("otel.component.type")
				if name, _ := dp.Attributes.Value("otel.component.name"); !strings.HasPrefix(name.AsString(), component.AsString()+"/") {
					t.Errorf("component name %q of type %q", name.AsString(), component.AsString())
				}
				errorType, _ := dp.Attributes.Value("error.type")
				got[m.Name+" "+component.AsString()+" "+errorType.AsString()] = dp.Value
			}
		}
	}
	return got
}
