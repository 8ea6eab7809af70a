// Package tracer has providers of traces and logs that record what the official
// SDK's do, at a fraction of the price.
//
// The entry points are [NewProvider] and [NewLoggerProvider]. Both take the
// processor that they record for, and the place of the SDK's providers:
//
//	spans := processor.NewSpanProcessor(ring)
//	otel.SetTracerProvider(tracer.NewProvider(spans, tracer.WithResource(res)))
//
// # Spans
//
// A span and its context are one allocation of 128 bytes. What it records is in
// memory that is used again: attributes are encoded as they are set, and at its end
// the span is put together in its place in the ring, where it is safe from the
// death of the process, and nothing is left to be done for it. After that it has
// its ids and nothing else to be read, see [trace.Span.IsRecording].
//
// What a span may get and what its limits are is the SDK's to say, and for what is
// rare the SDK does it. A span that gets a nested attribute, one that is no UTF-8,
// more than fit its limits, or a stack trace, is handed over: the SDK starts a span
// of the same ids, decision, time and content, and has it from there on. A provider
// that has span processors of its own goes through the SDK altogether, which is
// slower, and they see what they always did. So the rules that nobody meets in a
// day are not written a second time here, and what is recorded is the same;
// TestProvider_RecordsWhatTheSDKDoes compares the two as OTLP.
//
// [ConsistentProbability] is a sampler that the SDK has not got.
//
// # Concurrency
//
// All of it is safe for concurrent use, one span by several goroutines included.
// A span may be used after its end, and records nothing then.
package tracer
