// Package sdktest is for tests: it makes telemetry of every shape, and compares
// what became of it.
//
// [Gen] makes spans, log records and metrics from the bytes of a fuzzer. [Drain]
// reads a ring, and [FlatTraces] and its kin bring two ways to group the same
// records to one form that can be compared.
package sdktest
