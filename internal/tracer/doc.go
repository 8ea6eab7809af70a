// Package tracer is the official SDK's tracer provider with a short way for
// ordinary spans.
//
// Nearly every span has a name, a kind, a handful of plain attributes and a
// status. For the SDK to keep it until its end takes half a dozen allocations and
// a snapshot; where the spans are all that an application records, that is a third
// of what they cost it. Here such a span is one allocation, whose content goes to
// the processor as it is once the span has ended.
//
// Everything else is the SDK's own doing. A span that gets an event, a link, an
// error, a nested attribute, or more attributes than fit, is handed over: the SDK
// starts a span of the same ids, time, name and attributes, and has it from there
// on. A provider that is set up in a way that the short way does not know (another
// sampler, other limits, another processor) goes through the SDK altogether. So
// that nothing of the SDK has to be done a second time here, and what is recorded
// is the same; TestProvider_RecordsWhatTheSDKDoes compares the two.
//
// A provider of our own throughout would be as fast for the ordinary span and
// slower in nothing; it lost because it has all of the SDK's rules to copy, and to
// follow, for spans that are rare.
//
// The entry point is [New]. All of it is safe for concurrent use.
package tracer
