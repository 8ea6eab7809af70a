package recorder

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/semconv/v1.43.0/otelconv"

	"github.com/ttlog/ttlog/internal/otlpwire"
)

// scopeName is that of the processors, whose records these are.
const scopeName = "github.com/ttlog/ttlog/processor"

// components numbers the processors of this process, for otel.component.name.
var components [otlpwire.Logs + 1]atomic.Int64

// report registers the self-metrics and returns what takes them back. The
// queue metrics of the conventions are left out: they count spans, and the
// ring has room for bytes. The ring's own Stats tell how full it is.
func (c *Recorder) report(signal otlpwire.Signal) (unregister func() error) {
	none := func() error { return nil }
	if c.config.Meter == nil {
		return none
	}
	meter := c.config.Meter.Meter(scopeName, metric.WithSchemaURL(semconv.SchemaURL))
	component := "ttlog_span_processor"
	if signal == otlpwire.Logs {
		component = "ttlog_log_processor"
	}
	processed, err := processedCounter(meter, signal)
	name := fmt.Sprintf("%s/%d", component, components[signal].Add(1)-1)
	common := []attribute.KeyValue{semconv.OTelComponentName(name), semconv.OTelComponentTypeKey.String(component)}
	written := metric.WithAttributeSet(attribute.NewSet(common...))
	var dropped [reasons]metric.ObserveOption
	for why, kind := range errorType {
		dropped[why] = metric.WithAttributeSet(attribute.NewSet(append(common[:2:2], semconv.ErrorTypeKey.String(kind))...))
	}
	reg, regErr := meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		s := c.count.stats()
		o.ObserveInt64(processed, int64(s.Written), written)
		for why, n := range [reasons]uint64{full: s.Full, tooLarge: s.TooLarge, shutdown: s.Shutdown, failed: s.Failed} {
			if n > 0 {
				o.ObserveInt64(processed, int64(n), dropped[why])
			}
		}
		return nil
	}, processed)
	if err := errors.Join(err, regErr); err != nil {
		otel.Handle(fmt.Errorf("processor: self-metrics: %w", err))
		return none
	}
	return reg.Unregister
}

func processedCounter(m metric.Meter, signal otlpwire.Signal) (metric.Int64ObservableCounter, error) {
	if signal == otlpwire.Logs {
		c, err := otelconv.NewSDKProcessorLogProcessedObservable(m)
		return c.Inst(), err
	}
	c, err := otelconv.NewSDKProcessorSpanProcessedObservable(m)
	return c.Inst(), err
}
