package exporter

import (
	"context"
	"errors"
	"fmt"

	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/ttlog/ttlog/internal/otlpsdk"
	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/ringbuffer"
)

// MetricExporter writes metrics to a ring.
type MetricExporter struct{ core *core }

var _ sdkmetric.Exporter = (*MetricExporter)(nil)

var errMetricShutdown = fmt.Errorf("exporter: %w", sdkmetric.ErrExporterShutdown)

// NewMetricExporter returns an exporter that writes to ring.
func NewMetricExporter(ring *ringbuffer.Ring, opts ...Option) *MetricExporter {
	return &MetricExporter{core: newCore(ring, otlpwire.Metrics, opts)}
}

// Temporality returns the temporality for a kind of instrument.
func (x *MetricExporter) Temporality(k sdkmetric.InstrumentKind) metricdata.Temporality {
	return x.core.config.temporality(k)
}

// Aggregation returns the aggregation for a kind of instrument.
func (x *MetricExporter) Aggregation(k sdkmetric.InstrumentKind) sdkmetric.Aggregation {
	return x.core.config.aggregation(k)
}

// Export writes the metrics. Those that OTLP cannot hold, with an unknown
// aggregation or temporality, are left out and told in the error; the others
// are written. The error otherwise says how many data points could not be
// written and wraps ringbuffer.ErrFull, ErrTooLarge or ErrClosed, the error of
// ctx, or the SDK's ErrExporterShutdown.
func (x *MetricExporter) Export(ctx context.Context, rm *metricdata.ResourceMetrics) error {
	if x.core.stopped.Load() {
		return errMetricShutdown
	}
	if rm == nil {
		return nil
	}
	var unsupported []error
	for _, sm := range rm.ScopeMetrics {
		for i := range sm.Metrics {
			if err := otlpsdk.CheckMetric(&sm.Metrics[i]); err != nil {
				unsupported = append(unsupported, fmt.Errorf("exporter: %w", err))
			}
		}
	}
	if len(rm.ScopeMetrics) == 0 {
		return nil
	}
	all := points(rm)
	n, err := x.split(ctx, rm)
	return errors.Join(append(unsupported, failed("data points", n, all, err))...)
}

// split writes rm in as many requests as it takes, and returns the number of
// data points written.
func (x *MetricExporter) split(ctx context.Context, rm *metricdata.ResourceMetrics) (written int, err error) {
	err = x.core.encode(ctx, func(e *otlpsdk.Encoder) ([]byte, error) { return e.MetricsRequest(rm) })
	if err == nil {
		return points(rm), nil
	}
	if !tooLarge(err) {
		return 0, err
	}
	a, b, ok := halves(rm)
	if !ok {
		return 0, err
	}
	written, err = x.split(ctx, a)
	if err != nil && !tooLarge(err) {
		return written, err // a full ring will not take the rest either
	}
	more, err2 := x.split(ctx, b)
	return written + more, first(err, err2)
}

// ForceFlush calls the function of [WithFlush], unless the exporter is shut
// down.
func (x *MetricExporter) ForceFlush(ctx context.Context) error { return x.core.forceFlush(ctx) }

// Shutdown makes the exporter refuse metrics and calls the function of
// [WithFlush], once. A second call returns the SDK's ErrExporterShutdown. The
// ring stays open.
func (x *MetricExporter) Shutdown(ctx context.Context) error {
	return x.core.stop(ctx, errMetricShutdown)
}
