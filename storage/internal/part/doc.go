// Package part reads and writes part files: immutable files of rows of one
// signal as compressed columns.
//
// [Write] makes a part of tables in memory, [Merge] one of several parts;
// [Open] reads the footer of one, and [Part.Blocks] gives its rows to queries.
// A part is written once, front to back, and never changed. A [Part] may be
// used by several goroutines, each block by one.
//
//	+----------------------------------------------+
//	| magic "TTLPART" and version 4          8 B   |
//	+----------------------------------------------+
//	| row group 0: chunks, one a column            |
//	|   trace filter | resources | columns ...     |
//	+----------------------------------------------+
//	| row group 1 ...                              |
//	+----------------------------------------------+
//	| footer, one zstd frame                       |
//	+----------------------------------------------+
//	| footer size, packed             u32 LE  4 B  |
//	| footer size, unpacked           u32 LE  4 B  |
//	| xxhash64 of the packed footer   u64 LE  8 B  |
//	| magic                                   8 B  |
//	+----------------------------------------------+
//
// A row group holds the rows of a slice of time, so that a narrow time range
// and a trace touch few of them; within it, rows stand by service, name and
// time (data points by series before time), so that columns are runs and small
// steps. Every chunk is one column; the footer holds its length, its xxhash64,
// and for integers the least and the greatest value. docs/format.md describes
// every byte.
package part
