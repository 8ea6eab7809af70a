// Package otelhttp is ttlog's instrumentation of net/http with the API of
// OpenTelemetry's package of the same name, for programs that change one import
// path.
//
// The entry points are [NewHandler] and [NewTransport]. What a program says to
// them means what it did; what is recorded is that of [ttloghttp], where new code
// goes. docs/compat-otelhttp.md tells the differences.
//
// Everything here is safe for concurrent use.
package otelhttp
