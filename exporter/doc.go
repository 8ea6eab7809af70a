// Package exporter registers ttlog as an exporter of the official
// OpenTelemetry SDK: [NewSpanExporter], [NewMetricExporter] and
// [NewLogExporter] write what the SDK's batch processors and readers hand them
// into a ring, as whole OTLP requests.
//
//	exp := exporter.NewMetricExporter(ring)
//	mp := metric.NewMeterProvider(metric.WithReader(metric.NewPeriodicReader(exp)))
//
// For spans and log records the processors of package processor are the
// shorter way: they leave out the batch. Metrics have no such way, so their
// exporter is the one to use.
//
// A batch larger than the ring takes as one record is split. When the ring is
// full an exporter waits, for 5 seconds unless [WithWait] says otherwise and no
// longer than the context allows, and then returns an error that wraps
// [ringbuffer.ErrFull]: what it had already written of the batch stays
// written.
//
// The ring belongs to the caller, who closes it after the providers are shut
// down. All methods may be called concurrently, and nothing of what Export is
// given is kept after it returns.
package exporter
