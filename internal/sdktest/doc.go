// Package sdktest is for tests: it tells what the SDK's own OTLP exporters
// send for some telemetry, and makes telemetry of every shape to compare with.
//
// [Traces], [Logs] and [Metrics] run the official HTTP exporters over a
// transport that keeps the body and touches no network. [FlatTraces] and its
// kin bring two ways to group the same records to one form that can be
// compared. [Gen] makes spans, log records and metrics from the bytes of a
// fuzzer.
package sdktest
