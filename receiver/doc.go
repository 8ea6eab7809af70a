// Package receiver takes OTLP requests over HTTP and gRPC and commits them to
// a ring: it checks that the store can keep them and decodes nothing. Nearly all
// go in as they came. Text that is no UTF-8 is mended, a log record without any
// time gets that of its receipt, and records that cannot be kept are left out,
// which the answer says in its partial_success.
//
// The entry point is [New]. [Receiver.HTTPHandler] serves POST /v1/traces,
// /v1/logs and /v1/metrics with protobuf or JSON bodies;
// [Receiver.GRPCHandler] serves the three Export calls of OTLP/gRPC, health checks
// and reflection. Both take what SDKs and collectors compress with.
//
// A request is acknowledged when it is committed to the ring, which survives
// the death of the process, and with Options.Durable when it is on the disk.
// One that is refused is not stored, not in part either:
//
//	malformed             400   INVALID_ARGUMENT
//	too large             413   RESOURCE_EXHAUSTED, without a delay: not to be sent again
//	the ring is full      429   RESOURCE_EXHAUSTED with RetryInfo
//	too much in flight    429   UNAVAILABLE with RetryInfo
//	too slow, closing     503   UNAVAILABLE with RetryInfo
//	wrong method or type  405, 415
//	not to be let in      403   PERMISSION_DENIED
//	forwarded in a circle 508   UNIMPLEMENTED
//
// Errors over HTTP are google.rpc.Status messages in the request's encoding.
//
// # Memory
//
// The bytes of all requests that are being read, decompressed and translated
// are bounded together, over both transports, by what has really arrived.
// Decompression takes a bounded number of decoders, and never more output than
// a request may have. A client has a bounded time to send its request. Beyond
// that a connection holds what HTTP/2 lets a client send ahead: 1 MiB unless
// the server's HTTP2 settings say otherwise.
//
// A Receiver is safe for concurrent use, has no goroutines of its own and
// needs no Close; after the ring is closed it refuses everything. Call
// [Receiver.Shutdown] when its servers begin to shut down.
package receiver
