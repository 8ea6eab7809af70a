// Package storage keeps telemetry on disk in immutable columnar parts and
// hands it to queries. The entry point is [Open]; a [Store] takes OTLP
// requests with [Store.Append], serves them with [Store.Scan] and
// [Store.Trace], and has to be closed. All methods of a Store may be called by
// several goroutines. [Check] verifies a directory.
//
// # Lifecycle of a row
//
//	Append --> active generation --seal--> sealed generation --flush--> part --merge--> larger part
//	           (memtable, visible to scans at once)                     (durable)
//
// The memtable has a table for each signal and day. When it is large or old
// enough it is sealed, a new one takes over, and a background goroutine writes
// the sealed one, a part for each table. At most one sealed generation waits;
// behind it the active one grows up to a bound, then Append blocks. Another
// goroutine merges small parts into larger ones and removes what is too old.
//
// There is no log of the store's own: the ring that the rows came from is the
// log. Each partition remembers in its manifest the ring position up to which
// it is complete, published together with the part that makes it so, and
// Append skips what a replay brings again.
//
// # Files
//
//	DIR/VERSION                       "ttlog-store 6"
//	DIR/LOCK                          locked by the writer, holds its pid
//	DIR/ring/                         the ring, not the store's business
//	DIR/spans/2026-01-31/MANIFEST     the parts of the partition and its watermarks
//	DIR/spans/2026-01-31/p-000000000000002a.part
//	DIR/logs/…  DIR/metrics/…
//
// A file that reaches its final name is complete and synced, and a part counts
// only once a manifest that lists it is durable; manifest.go has its format.
// The bytes of a part are described in storage/internal/part, everything in
// docs/format.md.
//
// # What can go wrong
//
// When writing fails the rows stay in memory, visible, and are written again
// to new files, never to one whose sync failed. Parts that cannot be read are
// left out, logged, counted by scans ([ScanStats]) and reported by
// [Store.Status]; nothing that the store cannot read is ever removed or
// overwritten.
package storage
