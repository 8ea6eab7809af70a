// Package otlp forwards whole OTLP requests to a collector: bytes in, bytes
// out, nothing decoded between.
//
// The entry point is [New]. A [Client] speaks OTLP/gRPC or OTLP/HTTP with
// protobuf, each signal to an endpoint of its own when asked to;
// [OptionsFromEnv] reads the OTEL_EXPORTER_OTLP_* variables.
//
//	c, err := otlp.New(otlp.Options{Target: otlp.Target{Endpoint: "grpc://collector:4317"}})
//	…
//	err = c.Forward(ctx, otlpwire.Traces, request)
//
// Forward tries again, with exponential backoff and jitter, as long as the
// collector's answer says that trying again can help, and waits as long as
// Retry-After or RetryInfo ask for. What it returns tells the two ends apart:
// an error that wraps [ErrPermanent] means that these bytes will never be
// taken, any other that they may be taken later.
//
// A Client is safe for concurrent use. Close ends the calls that are under way
// and gives up the connections; it starts no goroutine of its own.
package otlp
