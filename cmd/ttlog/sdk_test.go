package main

import (
	"context"
	"path/filepath"
	"reflect"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploggrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploghttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/log"
	"go.opentelemetry.io/otel/metric"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// exporters are the official SDK's, unmodified.
type exporters struct {
	traces  sdktrace.SpanExporter
	logs    sdklog.Exporter
	metrics sdkmetric.Exporter
}

func httpExporters(ctx context.Context, p *process) (e exporters, err error) {
	if e.traces, err = otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(p.otlpHTTP+"/v1/traces")); err != nil {
		return e, err
	}
	if e.logs, err = otlploghttp.New(ctx, otlploghttp.WithEndpointURL(p.otlpHTTP+"/v1/logs")); err != nil {
		return e, err
	}
	e.metrics, err = otlpmetrichttp.New(ctx, otlpmetrichttp.WithEndpointURL(p.otlpHTTP+"/v1/metrics"))
	return e, err
}

func grpcExporters(ctx context.Context, p *process) (e exporters, err error) {
	if e.traces, err = otlptracegrpc.New(ctx, otlptracegrpc.WithEndpoint(p.otlpGRPC), otlptracegrpc.WithInsecure()); err != nil {
		return e, err
	}
	if e.logs, err = otlploggrpc.New(ctx, otlploggrpc.WithEndpoint(p.otlpGRPC), otlploggrpc.WithInsecure()); err != nil {
		return e, err
	}
	e.metrics, err = otlpmetricgrpc.New(ctx, otlpmetricgrpc.WithEndpoint(p.otlpGRPC), otlpmetricgrpc.WithInsecure())
	return e, err
}

// TestSDK_UnmodifiedExportersReachTheStore runs an application with the
// official SDK and its own exporters against the daemon.
func TestSDK_UnmodifiedExportersReachTheStore(t *testing.T) {
	for name, dial := range map[string]func(context.Context, *process) (exporters, error){
		"http": httpExporters, "grpc": grpcExporters,
	} {
		t.Run(name, func(t *testing.T) {
			ctx := t.Context()
			p := startServe(t, filepath.Join(t.TempDir(), "data"))
			defer p.stop(t)
			e, err := dial(ctx, p)
			if err != nil {
				t.Fatal(err)
			}
			record(ctx, t, e)
			p.waitForCount(t, "spans", 2)
			p.waitForCount(t, "logs", 1)
			p.waitForCount(t, "metrics", 1)
			for sql, want := range map[string][][]any{
				"SELECT service, name, kind, status, shop.items FROM spans ORDER BY timestamp": {
					{"app", "outer", "internal", "unset", nil}, {"app", "inner", "internal", "unset", 3.0},
				},
				"SELECT count(*) FROM spans WHERE parent_span_id IS NULL":            {{1.0}},
				"SELECT level, body, shop.item FROM logs WHERE trace_id IS NOT NULL": {{"WARN", "nearly sold out", "teapot"}},
				"SELECT name, type, unit, value, shop.item FROM metrics":             {{"orders", "sum", "{order}", 5.0, "cup"}},
			} {
				if got := p.query(t, sql); !reflect.DeepEqual(got, want) {
					t.Errorf("%s: got %v, want %v", sql, got, want)
				}
			}
		})
	}
}

// record makes two spans, a log record inside the outer one, and a counter.
func record(ctx context.Context, t *testing.T, e exporters) {
	t.Helper()
	res := resource.NewSchemaless(attribute.String("service.name", "app"))
	tp := sdktrace.NewTracerProvider(sdktrace.WithBatcher(e.traces), sdktrace.WithResource(res))
	lp := sdklog.NewLoggerProvider(sdklog.WithProcessor(sdklog.NewBatchProcessor(e.logs)), sdklog.WithResource(res))
	mp := sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewPeriodicReader(e.metrics)), sdkmetric.WithResource(res))

	spanCtx, outer := tp.Tracer("test").Start(ctx, "outer")
	_, inner := tp.Tracer("test").Start(spanCtx, "inner")
	inner.SetAttributes(attribute.Int("shop.items", 3))
	inner.End()
	var r log.Record
	r.SetSeverity(log.SeverityWarn)
	r.SetBody(attribute.StringValue("nearly sold out"))
	r.AddAttributes(attribute.String("shop.item", "teapot"))
	lp.Logger("test").Emit(spanCtx, r)
	outer.End()
	counter, err := mp.Meter("test").Int64Counter("orders", metric.WithUnit("{order}"))
	if err != nil {
		t.Fatal(err)
	}
	counter.Add(ctx, 5, metric.WithAttributes(attribute.String("shop.item", "cup")))

	for _, shutdown := range []func(context.Context) error{tp.Shutdown, lp.Shutdown, mp.Shutdown} {
		if err := shutdown(ctx); err != nil {
			t.Fatal(err)
		}
	}
}
