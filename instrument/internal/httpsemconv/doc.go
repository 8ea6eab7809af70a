// Package httpsemconv turns HTTP requests into the attributes, span names and
// metrics of OpenTelemetry's stable HTTP conventions (semconv 1.43).
//
// It is shared by the net/http and gin instrumentations. The entry points are
// [NewServer], one per middleware, and [NewClient], one per transport; both
// are safe for concurrent use. What they read from a request is written by
// whoever sent it: every value is bounded or normalised where it becomes a
// span name or a metric attribute.
package httpsemconv
