// Package spill is the disk that queries use for what exceeds their memory: a
// [Space] for all of them together, which is bounded, and in it a [File] a query, which
// is gone when the query is.
//
// A file is a list of blocks that are written once and read by what [File.Append]
// returned of each. Blocks are compressed, and carry a checksum: a disk that
// gives back other bytes than it was given is an error, and no answer.
//
// The entry point is [Open].
package spill
