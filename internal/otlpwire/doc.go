// Package otlpwire reads and writes OTLP protobuf as bytes, without reflection
// and without a tree of objects between.
//
// It knows three things: how to step over the fields of a message ([Fields]),
// which field numbers the OTLP messages use (fields.go, from the
// opentelemetry-proto 1.x files), and how telemetry is framed as records of
// the ring ([Kind]). Nothing here allocates in proportion to what a peer
// claims: every length is checked against the bytes that are really there.
package otlpwire
