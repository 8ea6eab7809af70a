// Package official is for tests: it tells what the SDK's own OTLP exporters
// send for some telemetry. It runs the HTTP exporters over a transport that
// keeps the body and touches no network.
package official

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploghttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/ttlog/ttlog/internal/sdktest"
)

// endpoint is never dialed.
const endpoint = "http://official.invalid"

// capture is a transport that keeps the last body it was to send.
type capture struct{ body []byte }

func (c *capture) RoundTrip(r *http.Request) (*http.Response, error) {
	b, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	c.body = b
	return &http.Response{
		StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: http.Header{"Content-Type": {"application/x-protobuf"}},
		Body:   io.NopCloser(bytes.NewReader(nil)),
	}, nil
}

// Traces returns what otlptracehttp sends for the spans.
func Traces(spans []sdktrace.ReadOnlySpan) (ptrace.Traces, error) {
	ctx, c := context.Background(), &capture{}
	exp, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(endpoint), otlptracehttp.WithHTTPClient(&http.Client{Transport: c}))
	if err != nil {
		return ptrace.Traces{}, err
	}
	defer exp.Shutdown(ctx) //nolint:errcheck // has nothing to flush
	if err := exp.ExportSpans(ctx, spans); err != nil {
		return ptrace.Traces{}, err
	}
	return sdktest.UnmarshalTraces(c.body)
}

// Logs returns what otlploghttp sends for the records.
func Logs(records []sdklog.Record) (plog.Logs, error) {
	ctx, c := context.Background(), &capture{}
	exp, err := otlploghttp.New(ctx, otlploghttp.WithEndpointURL(endpoint), otlploghttp.WithHTTPClient(&http.Client{Transport: c}))
	if err != nil {
		return plog.Logs{}, err
	}
	defer exp.Shutdown(ctx) //nolint:errcheck // has nothing to flush
	if err := exp.Export(ctx, records); err != nil {
		return plog.Logs{}, err
	}
	return sdktest.UnmarshalLogs(c.body)
}

// Metrics returns what otlpmetrichttp sends for rm. Where the exporter sends a
// part of rm and fails on another, both results are set.
func Metrics(rm *metricdata.ResourceMetrics) (pmetric.Metrics, error) {
	ctx, c := context.Background(), &capture{}
	exp, err := otlpmetrichttp.New(ctx, otlpmetrichttp.WithEndpointURL(endpoint), otlpmetrichttp.WithHTTPClient(&http.Client{Transport: c}))
	if err != nil {
		return pmetric.Metrics{}, err
	}
	defer exp.Shutdown(ctx) //nolint:errcheck // has nothing to flush
	err = exp.Export(ctx, rm)
	if c.body == nil {
		return pmetric.Metrics{}, fmt.Errorf("nothing was sent: %w", err)
	}
	md, uerr := sdktest.UnmarshalMetrics(c.body)
	if uerr != nil {
		return md, uerr
	}
	return md, err
}
