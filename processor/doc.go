// Package processor connects the official OpenTelemetry SDK to a ring: each
// span that ends and each log record that is emitted becomes OTLP protobuf in
// the ring before the call returns. There is no queue, no goroutine and no
// batch in between; what has been written survives the death of the process
// when the ring is file-backed.
//
// The entry points are [NewSpanProcessor] and [NewLogProcessor]:
//
//	ring, err := ringbuffer.Open("ttlog-data/ring/ring", ringbuffer.Options{})
//	…
//	tp := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(processor.NewSpanProcessor(ring)))
//	lp := sdklog.NewLoggerProvider(sdklog.WithProcessor(processor.NewLogProcessor(ring)))
//
// A span is written as its scope's id in the ring's catalog and its own bytes.
// The resource and scope are defined in the catalog once; where the catalog is
// full, the span is written as a whole one-span request and nothing is lost
// but space.
//
// # A full ring
//
// The newest record is dropped and counted, and the application goes on. With
// [WithBlock] the call waits for a bounded time first. Nothing else waits, and
// no panic leaves the processor. Every record that ends up nowhere is counted
// by reason in Stats and, with [WithMeterProvider], in the metrics
// otel.sdk.processor.span.processed and otel.sdk.processor.log.processed. The
// first drop of each kind is also told to OpenTelemetry's error handler.
//
// # Lifecycle
//
// The ring belongs to the caller, who closes it after the providers are shut
// down. ForceFlush and Shutdown call the function given by [WithFlush].
// Shutdown refuses new records first and waits for those under way, so that
// the flush sees all that were accepted. All methods may be called
// concurrently.
package processor
