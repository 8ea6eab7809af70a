// Package otelgin is ttlog's instrumentation of gin with the API of
// OpenTelemetry's package of the same name, for programs that change one import
// path.
//
// The entry point is [Middleware]. What a program says to it means what it did;
// what is recorded is that of [ttloggin], where new code goes.
// docs/compat-otelgin.md tells the differences.
//
// Everything here is safe for concurrent use.
package otelgin
