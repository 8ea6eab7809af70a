// Package spill is a queue of requests on disk, for a receiver of telemetry
// that is away for longer than a ring can bridge.
//
// The entry point is [Open]. Append puts a request at the end, Peek reads the
// oldest one, Ack gives it up; Peek returns the same request until it is
// acknowledged, so that what was sent but not acknowledged when the process
// died is sent again: at least once. The queue is bounded: when it would grow
// past its limit, or has to yield its room to others, the oldest segments are
// removed, and what they held is counted. A [Queue] is safe for one goroutine that appends beside one that
// reads.
//
// # Format
//
// A queue is a directory. Requests stand in segments, files that are only
// appended to, named by the position of their first byte in hex:
//
//	spill-collector/
//	  0000000000000000.seg
//	  0000000000ffe3a0.seg
//	  position
//	  collector
//
// The file collector says for people whom the queue is for. Positions are absolute: they only rise, also when segments are removed. A
// segment is a row of frames without anything between or in front:
//
//	 0        4        8        12   13   16               24       28       32
//	+--------+--------+--------+----+----+----------------+--------+--------+---------+
//	| magic  | length | records|sig | 0  | position       | crc of | crc of | payload |
//	| TTSP   | u32    | u32    |u8  | x3 | u64            | payload| 0..28  | length  |
//	+--------+--------+--------+----+----+----------------+--------+--------+---------+
//
// Integers are little-endian, checksums CRC-32C. The header's own checksum,
// which covers its position, lets a reader find the next whole frame behind a
// damaged one. A frame of 5 bytes of traces with one span at position 0:
//
//	54 54 53 50  05 00 00 00  01 00 00 00  01 00 00 00
//	00 00 00 00 00 00 00 00  (crc of payload)  (crc of header)  (5 bytes)
//
// The file position holds two slots of 24 bytes that are written in turn, the
// newer whole one counts: sequence number u64, position u64, CRC-32C of both
// u32, 4 zero bytes. It is the position of the oldest frame not acknowledged.
//
// Writes go to the page cache, which outlives the process, and to the disk at
// Sync and when a segment is full. The position is not synced: after a loss of
// power it may be an older one, and what was acknowledged since is sent again.
package spill
