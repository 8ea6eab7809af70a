// Package queryapi is the HTTP API over the store: SQL, traces, services,
// live tail, status and health. docs/api.md describes every call.
//
// The entry point is [New], which returns one http.Handler to serve or to
// mount below a prefix. It reads only, and is safe for concurrent use. Errors
// are problem documents (RFC 9457). A new output format is a [Format].
package queryapi
