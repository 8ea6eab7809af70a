// Package ttloghttp instruments net/http servers and clients with spans and
// metrics of OpenTelemetry's stable HTTP conventions.
//
// The entry points are [NewHandler] (or [Middleware]) for a server and
// [NewTransport] for a client. They need the OpenTelemetry API only: with no
// SDK installed they do nothing and cost little.
//
// A server span is named after the method and the matched pattern of
// [http.ServeMux], such as "GET /users/{id}". The pattern is seen when the mux
// gets the same request that the handler passed on. What makes a new request in
// between (a middleware with r.WithContext, [http.TimeoutHandler],
// [http.StripPrefix]) hides it, because the mux writes the pattern into its
// copy; put [Routes] around the mux, or give the mux to [WithServeMux], and the
// route is found again. WithServeMux knows it also of a request that has timed
// out. Of muxes in muxes, each with Routes, the innermost match counts, after
// what the outer ones matched of the path: "/v1/" and "/users/{id}" are
// "/v1/users/{id}". A pattern that matches every path is no route.
//
// A client span ends when the response's body has been read to its end, has
// failed, or has been closed, whichever comes first.
//
// Handlers and transports are immutable and safe for concurrent use.
package ttloghttp
