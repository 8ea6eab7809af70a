// Package ttlogredis instruments go-redis clients with spans and metrics of
// OpenTelemetry's stable database conventions.
//
// The entry points are [InstrumentTracing], [InstrumentMetrics] and, for both
// with one hook, [Instrument]. They need the OpenTelemetry API only: with no SDK
// installed they do nothing and cost little.
//
// One command, pipeline or transaction of the caller is one span. What go-redis
// sends by itself to set up a connection (HELLO, AUTH, CLIENT SETINFO) is not
// one, nor are the redirected tries of a cluster client: there the span gets the
// address of the node that served it. A PING, COMMAND or CLUSTER that is given to
// one node of a cluster or a ring has no span, as go-redis sends them to nodes by
// itself. Dialing has a span only with [WithDialSpans].
// Publish/subscribe connections go past the hooks of go-redis and are not seen.
//
// db.query.text shows a command with its keys and without its values, such as
// "SET user:42 ?"; a command that is not known has all of its arguments hidden.
// A reply of nil is not an error, nor is a caller that cancels.
//
// The hooks are immutable and safe for concurrent use.
package ttlogredis
