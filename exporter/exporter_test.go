package exporter_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/log"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	"go.opentelemetry.io/otel/sdk/log/logtest"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.uber.org/goleak"

	"github.com/ttlog/ttlog/exporter"
	"github.com/ttlog/ttlog/internal/otlpsdk"
	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/internal/sdktest"
	"github.com/ttlog/ttlog/ringbuffer"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestProviders runs the exporters within the SDK.
func TestProviders(t *testing.T) {
	t.Parallel()
	ring, rd := sdktest.NewRing(t, 1<<20)
	delta := func(sdkmetric.InstrumentKind) metricdata.Temporality { return metricdata.DeltaTemporality }
	exponential := func(sdkmetric.InstrumentKind) sdkmetric.Aggregation {
		return sdkmetric.AggregationBase2ExponentialHistogram{MaxSize: 20, MaxScale: 5}
	}
	tp := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter.NewSpanExporter(ring)))
	lp := sdklog.NewLoggerProvider(sdklog.WithProcessor(sdklog.NewBatchProcessor(exporter.NewLogExporter(ring))))
	mp := sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewPeriodicReader(
		exporter.NewMetricExporter(ring, exporter.WithTemporality(delta), exporter.WithAggregation(exponential), exporter.WithTemporality(nil)),
		sdkmetric.WithInterval(time.Hour),
	)))
	ctx, span := tp.Tracer("t").Start(t.Context(), "span")
	var rec log.Record
	rec.SetBody(attribute.StringValue("hello"))
	lp.Logger("l").Emit(ctx, rec)
	h, err := mp.Meter("m").Float64Histogram("h")
	if err != nil {
		t.Fatal(err)
	}
	h.Record(ctx, 2)
	span.End()
	if err := errors.Join(tp.Shutdown(ctx), lp.Shutdown(ctx), mp.Shutdown(ctx)); err != nil {
		t.Fatal(err)
	}
	got := sdktest.DrainAll(t, ring, rd)
	if a, b, c := got.Traces.SpanCount(), got.Logs.LogRecordCount(), got.Metrics.DataPointCount(); a != 1 || b != 1 || c != 1 {
		t.Fatalf("got %d spans, %d records, %d points", a, b, c)
	}
	x := got.Metrics.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(0).ExponentialHistogram()
	if x.AggregationTemporality().String() != "Delta" || x.DataPoints().At(0).Sum() != 2 {
		t.Errorf("got %v of sum %v", x.AggregationTemporality(), x.DataPoints().At(0).Sum())
	}
}

func spansOf(n, bytes int) []sdktrace.ReadOnlySpan {
	out := make([]sdktrace.ReadOnlySpan, n)
	for i := range out {
		out[i] = tracetest.SpanStub{
			Name: fmt.Sprint(i, strings.Repeat("x", bytes)), InstrumentationScope: instrumentation.Scope{Name: fmt.Sprint(i % 3)},
		}.Snapshot()
	}
	return out
}

// TestSplit: a batch beyond the largest record goes in several.
func TestSplit(t *testing.T) {
	t.Parallel()
	ring, rd := sdktest.NewRing(t, 1<<20)
	most := ring.MaxRecord()
	spans := spansOf(100, most/30)
	var got int
	var requests int
	var wg sync.WaitGroup
	ctx, cancel := context.WithCancel(t.Context())
	wg.Go(func() {
		for rd.Wait(ctx) == nil {
			d := sdktest.DrainAll(t, ring, rd)
			got += d.Traces.SpanCount() + d.Logs.LogRecordCount() + d.Metrics.DataPointCount()
			for _, n := range d.Kinds {
				requests += n
			}
		}
	})
	tooBig := tracetest.SpanStub{Name: strings.Repeat("y", most+1)}.Snapshot()
	err := exporter.NewSpanExporter(ring).ExportSpans(ctx, append([]sdktrace.ReadOnlySpan{tooBig, nil}, spans...))
	if !errors.Is(err, otlpsdk.ErrTooLarge) || !strings.Contains(err.Error(), "1 of 101 spans") {
		t.Errorf("spans: got error %v", err)
	}
	var records []sdklog.Record
	for range 50 {
		records = append(records, logtest.RecordFactory{SeverityText: strings.Repeat("z", most/20), InstrumentationScope: &instrumentation.Scope{}}.NewRecord())
	}
	if err := exporter.NewLogExporter(ring).Export(ctx, records); err != nil {
		t.Error(err)
	}
	points := func(n int) (out []metricdata.DataPoint[int64]) {
		for i := range n {
			out = append(out, metricdata.DataPoint[int64]{Value: int64(i), Attributes: attribute.NewSet(attribute.String("k", strings.Repeat("a", most/50)))})
		}
		return out
	}
	var hist []metricdata.HistogramDataPoint[float64]
	for range 10 {
		hist = append(hist, metricdata.HistogramDataPoint[float64]{Bounds: make([]float64, most/40)})
	}
	rm := &metricdata.ResourceMetrics{Resource: resource.Empty(), ScopeMetrics: []metricdata.ScopeMetrics{
		{Scope: instrumentation.Scope{Name: "a"}, Metrics: []metricdata.Metrics{
			{Name: "sum", Data: metricdata.Sum[int64]{Temporality: metricdata.DeltaTemporality, DataPoints: points(120)}},
			{Name: "gauge", Data: metricdata.Gauge[int64]{DataPoints: points(3)}},
			{Name: "histogram", Data: metricdata.Histogram[float64]{Temporality: metricdata.DeltaTemporality, DataPoints: hist}},
		}},
		{Scope: instrumentation.Scope{Name: "b"}, Metrics: []metricdata.Metrics{{Name: "gauge", Data: metricdata.Gauge[int64]{DataPoints: points(1)}}}},
	}}
	if err := exporter.NewMetricExporter(ring).Export(ctx, rm); err != nil {
		t.Error(err)
	}
	for rd.Lag() > 0 {
		time.Sleep(time.Millisecond)
	}
	cancel()
	wg.Wait()
	if want := 100 + 50 + 134; got != want {
		t.Errorf("got %d records, want %d", got, want)
	}
	if requests < 9 {
		t.Errorf("got %d requests, want the batches split", requests)
	}
}

func TestFull(t *testing.T) {
	t.Parallel()
	ring, rd := sdktest.NewRing(t, 8<<10)
	for {
		if _, err := ring.Write(otlpwire.KindTracesRequest, make([]byte, 100)); err != nil {
			break
		}
	}
	x := exporter.NewSpanExporter(ring, exporter.WithWait(10*time.Millisecond))
	if err := x.ExportSpans(t.Context(), spansOf(3, 50)); !errors.Is(err, ringbuffer.ErrFull) || !strings.Contains(err.Error(), "3 of 3 spans") {
		t.Errorf("got error %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
	defer cancel()
	if err := exporter.NewSpanExporter(ring, exporter.WithWait(time.Hour)).ExportSpans(ctx, spansOf(3, 50)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got error %v", err)
	}
	if err := x.ExportSpans(ctx, spansOf(1, 1)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got error %v", err)
	}
	done := make(chan error)
	go func() { done <- exporter.NewSpanExporter(ring).ExportSpans(t.Context(), spansOf(3, 50)) }()
	time.Sleep(2 * time.Millisecond)
	for rec, ok := rd.Next(); ok; rec, ok = rd.Next() {
		rd.Release(rec.End)
	}
	if err := <-done; err != nil {
		t.Errorf("after the ring was emptied: %v", err)
	}
}

func TestShutdown(t *testing.T) {
	t.Parallel()
	ring, rd := sdktest.NewRing(t, 1<<16)
	flushes := 0
	opt := exporter.WithFlush(func(context.Context) error { flushes++; return nil })
	tx, lx, mx := exporter.NewSpanExporter(ring, opt), exporter.NewLogExporter(ring, opt), exporter.NewMetricExporter(ring, opt, nil)
	ctx := t.Context()
	if err := errors.Join(tx.ForceFlush(ctx), lx.ForceFlush(ctx), mx.ForceFlush(ctx)); err != nil || flushes != 3 {
		t.Errorf("got %v after %d flushes", err, flushes)
	}
	if err := errors.Join(tx.Shutdown(ctx), lx.Shutdown(ctx), mx.Shutdown(ctx)); err != nil || flushes != 6 {
		t.Errorf("got %v after %d flushes", err, flushes)
	}
	if err := errors.Join(tx.Shutdown(ctx), lx.Shutdown(ctx), tx.ForceFlush(ctx), lx.ForceFlush(ctx), mx.ForceFlush(ctx)); err != nil || flushes != 6 {
		t.Errorf("again: got %v after %d flushes", err, flushes)
	}
	if err := mx.Shutdown(ctx); !errors.Is(err, sdkmetric.ErrExporterShutdown) {
		t.Errorf("got error %v", err)
	}
	if err := tx.ExportSpans(ctx, spansOf(1, 1)); !errors.Is(err, exporter.ErrShutdown) {
		t.Errorf("got error %v", err)
	}
	rec := logtest.RecordFactory{InstrumentationScope: &instrumentation.Scope{}}.NewRecord()
	if err := lx.Export(ctx, []sdklog.Record{rec}); err != nil {
		t.Errorf("got error %v", err)
	}
	if err := mx.Export(ctx, &metricdata.ResourceMetrics{}); !errors.Is(err, sdkmetric.ErrExporterShutdown) {
		t.Errorf("got error %v", err)
	}
	if got := sdktest.DrainAll(t, ring, rd); len(got.Kinds) != 0 {
		t.Errorf("got %v", got.Kinds)
	}
}

type hostile struct{ sdktrace.ReadOnlySpan }

func (hostile) Name() string { panic("no name") }

func TestPanic(t *testing.T) {
	t.Parallel()
	ring, rd := sdktest.NewRing(t, 1<<16)
	x := exporter.NewSpanExporter(ring)
	if err := x.ExportSpans(t.Context(), []sdktrace.ReadOnlySpan{hostile{spansOf(1, 1)[0]}}); err == nil || !strings.Contains(err.Error(), "no name") {
		t.Errorf("got error %v", err)
	}
	if err := x.ExportSpans(t.Context(), spansOf(2, 1)); err != nil {
		t.Error(err)
	}
	if n := sdktest.DrainAll(t, ring, rd).Traces.SpanCount(); n != 2 {
		t.Errorf("got %d spans", n)
	}
	if err := errors.Join(x.ExportSpans(t.Context(), nil), exporter.NewMetricExporter(ring).Export(t.Context(), nil)); err != nil {
		t.Error(err)
	}
}
