package receiver_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploggrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploghttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	otellog "go.opentelemetry.io/otel/log"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/receiver"
	"github.com/ttlog/ttlog/ringbuffer"
)

// The official SDK's exporters, unmodified.
func TestSDK_Exporters(t *testing.T) {
	ring, err := ringbuffer.New(1 << 20)
	if err != nil {
		t.Fatal(err)
	}
	defer ring.Close()
	rd, err := ring.Reader("test")
	if err != nil {
		t.Fatal(err)
	}
	recv := receiver.New(ring, receiver.Options{DedupWindow: -1}) // the same spans are sent four times
	overHTTP := httptest.NewServer(recv.HTTPHandler())
	defer overHTTP.Close()
	overGRPC := httptest.NewUnstartedServer(recv.GRPCHandler())
	overGRPC.Config.Protocols = new(http.Protocols)
	overGRPC.Config.Protocols.SetUnencryptedHTTP2(true)
	overGRPC.Start()
	defer overGRPC.Close()
	host, grpc := overHTTP.Listener.Addr().String(), overGRPC.Listener.Addr().String()
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}

	spans := tracetest.SpanStubs{{Name: "a"}, {Name: "b", Attributes: []attribute.KeyValue{attribute.Int("n", 1)}}}.Snapshots()
	for _, gz := range []bool{false, true} {
		h, g := otlptracehttp.NoCompression, ""
		if gz {
			h, g = otlptracehttp.GzipCompression, "gzip"
		}
		te, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpoint(host), otlptracehttp.WithInsecure(), otlptracehttp.WithCompression(h))
		must(err)
		tg, err := otlptracegrpc.New(ctx, otlptracegrpc.WithEndpoint(grpc), otlptracegrpc.WithInsecure(), otlptracegrpc.WithCompressor(g))
		must(err)
		for _, e := range []sdktrace.SpanExporter{te, tg} {
			must(e.ExportSpans(ctx, spans))
			must(e.Shutdown(ctx))
		}
	}

	lh, err := otlploghttp.New(ctx, otlploghttp.WithEndpoint(host), otlploghttp.WithInsecure(), otlploghttp.WithCompression(otlploghttp.GzipCompression))
	must(err)
	lg, err := otlploggrpc.New(ctx, otlploggrpc.WithEndpoint(grpc), otlploggrpc.WithInsecure())
	must(err)
	for _, e := range []sdklog.Exporter{lh, lg} {
		p := sdklog.NewLoggerProvider(sdklog.WithProcessor(sdklog.NewSimpleProcessor(e)))
		var r otellog.Record
		r.SetBody(attribute.StringValue("hello"))
		p.Logger("x").Emit(ctx, r)
		must(p.Shutdown(ctx))
	}

	mh, err := otlpmetrichttp.New(ctx, otlpmetrichttp.WithEndpoint(host), otlpmetrichttp.WithInsecure())
	must(err)
	mg, err := otlpmetricgrpc.New(ctx, otlpmetricgrpc.WithEndpoint(grpc), otlpmetricgrpc.WithInsecure(), otlpmetricgrpc.WithCompressor("gzip"))
	must(err)
	rm := &metricdata.ResourceMetrics{ScopeMetrics: []metricdata.ScopeMetrics{{Metrics: []metricdata.Metrics{{
		Name: "m", Data: metricdata.Sum[int64]{Temporality: metricdata.CumulativeTemporality, DataPoints: []metricdata.DataPoint[int64]{{Value: 1}}},
	}}}}}
	for _, e := range []metric.Exporter{mh, mg} {
		must(e.Export(ctx, rm))
		must(e.Shutdown(ctx))
	}

	got := map[uint8]int{}
	for r, ok := rd.Next(); ok; r, ok = rd.Next() {
		got[r.Kind]++
		rd.Release(r.End)
	}
	if got[otlpwire.KindTracesRequest] != 4 || got[otlpwire.KindLogsRequest] != 2 || got[otlpwire.KindMetricsRequest] != 2 {
		t.Errorf("stored requests by kind: %v", got)
	}
	for _, e := range recv.Stats().Endpoints {
		if e.Signal == otlpwire.Traces && e.Transport == receiver.GRPC && e.Records != 4 {
			t.Errorf("stats: %+v", e)
		}
	}
}
