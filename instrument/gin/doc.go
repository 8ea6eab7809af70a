// Package ttloggin instruments gin with spans and metrics of OpenTelemetry's
// stable HTTP conventions.
//
// The entry point is [Middleware]. It needs the OpenTelemetry API only: with no
// SDK installed it does nothing and costs little.
//
// The trace context travels in c.Request.Context(), so pass that on to
// databases and clients. A *gin.Context used as a context gives it too, but
// only when the engine has ContextWithFallback set.
//
// Put the middleware before others, so that they are part of the span.
// [gin.Recovery] may stand on either side: outside, the panic is recorded with
// its stack; inside, it has become a response of status 500.
//
// The middleware is immutable and safe for concurrent use.
package ttloggin
