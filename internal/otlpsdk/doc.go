// Package otlpsdk encodes what the official OpenTelemetry SDK hands to its
// processors and exporters as OTLP protobuf, without reflection and, for spans
// and log records, without allocation.
//
// The entry point is [Encoder]. One comes from [Get], encodes one message
// after another, and goes back with [Encoder.Release]:
//
//	e := otlpsdk.Get(ring.MaxRecord())
//	defer e.Release()
//	payload, err := e.SpanRecord(scopeID, span)
//
// # Written back to front
//
// A length-delimited protobuf field has its length before its content, and
// messages nest. An encoder that runs forward must either measure the whole
// tree first, which walks everything twice and copies every attribute slice
// twice (the SDK has no way to look at one in place), or move bytes when a
// length turns out longer than the room left for it. This encoder writes from
// the end of its buffer to the front: when it comes to a length, the content is
// there and its size known. Each value is visited once, and there is no second
// set of functions that must agree with the first to the byte. Its price is one
// copy of the finished message into the ring; in exchange no slot of the ring is
// held while code of the caller's runs, so that neither a panic nor a stopped
// goroutine within it can hold up the ring's readers. A prototype that measured
// first and wrote into the slot took 340 ns to this one's 430 for a span of
// five plain attributes, on a loaded machine and by hand for that one shape:
// the most that measuring first can gain.
//
// # What is written
//
// The messages are those of the SDK's own OTLP exporters, field by field, with
// three differences, all in favor of the data:
//
//   - The trace state of a link is kept. The SDK's exporters leave it out.
//   - A string that is not valid UTF-8 has its bad bytes replaced by U+FFFD.
//     The SDK's exporters fail on it and lose the whole batch.
//   - The ids of an exemplar that are not 16 and 8 bytes long are left out, and
//     values nested deeper than [otlpwire.MaxDepth] are cut there. Receivers
//     refuse the whole request otherwise.
//
// An Encoder is for one goroutine at a time.
package otlpsdk
