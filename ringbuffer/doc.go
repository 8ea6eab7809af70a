// Package ringbuffer is a multi-producer byte ring, in memory or in one mapped
// file, that serves as the write-ahead log of everything behind it.
//
// The entry points are [New] for a ring in memory and [Open] for a ring in a
// file. Producers call [Ring.Reserve] and [Slot.Commit], or [Ring.Write]; they
// take no lock, make no system call and allocate nothing. Consumers take a
// named [Reader], whose cursor is kept in the file: space is reclaimed behind
// the slowest reader, and a ring without readers fills up and then refuses
// with [ErrFull]. [OpenSnapshot] looks into the ring of another process.
//
// A record is safe from the death of the process (SIGKILL, a panic, the OOM
// killer) once Commit has returned, because the kernel owns the mapped pages.
// It is safe from power loss after [Ring.SyncTo], or after the next background
// sync (every second by default). Where a file cannot be mapped (Windows) Open
// falls back to memory and Stats.FileBacked is false.
//
// # Concurrency
//
// All methods of a Ring may be called by any number of goroutines. A Slot
// belongs to the goroutine that reserved it. Next and Wait of one Reader belong
// to one goroutine at a time; Release, Position and Lag may be called by
// others. Close may be called while producers and readers are at work: they
// get ErrClosed, and no memory is taken away under their hands.
//
// # Format
//
// A ring file has three parts; all integers are little-endian. Positions are
// absolute byte offsets that only ever rise; position p lies at byte
// p mod dataBytes of the data area, whose size is a power of two.
//
//	+----------------+---------------------------+---------------------------+
//	| header, 4 KiB  | catalog, catalogBytes     | data, dataBytes (2^n)     |
//	+----------------+---------------------------+---------------------------+
//
//	header   0  magic "ttlogrng"                64  head hint u64
//	         8  version u32 (1)                128  tail u64
//	        12  header bytes u32 (4096)        192  catalog: next id u32 << 32 | bytes used u32
//	        16  ring id u64                    256  state u64: 1 open, 2 closed cleanly
//	        24  key u64                        264  boot id of the last opener, 16 bytes
//	        32  data bytes u64                 320  16 gaps of {at u64, to u64}; to = 0 is unused
//	        40  catalog bytes u64             1024  8 readers of 128 bytes:
//	        48  created, ns since 1970 u64           +0 cursor u64, +64 used u64, +72 crc u32,
//	        56  zero u32                             +76 name length u32, +80 name[48]
//	        60  crc32c of bytes 0..59         4088  crc32c of bytes 64..4087, valid when closed cleanly
//
// A slot of the data area is 8-byte aligned and never wraps around its end:
//
//	 0                8          12         16
//	+----------------+----------+----------+----------------------+---------+
//	| commit word    | crc32c   | kind,len | payload, len bytes   | 0..7, 0 |
//	+----------------+----------+----------+----------------------+---------+
//
// The commit word is (position XOR key) | state. States: 1 committed, 2
// aborted, 4 padding (or a hole stepped over by recovery), 7 eight bytes of
// padding that are this word alone. Any two states differ in two bits. The key
// is random and has its top bit set, so neither fresh zeros, nor stale words of
// an earlier lap, nor bytes that an outside party put into a payload can pass
// for a committed record. That holds for whole words: the last word of a
// payload is filled up with zeros, so that no stale word is overwritten in part.
//
// kind,len is kind<<27 | len. The checksum covers kind,len and the payload
// (kind,len alone unless committed) and starts from the position, so that it
// binds the record to its place. Rings in memory leave it zero.
//
// Example: a ring with key 8000000000000000, payload "abc" of kind 4 at
// position 0: word 01 00 00 00 00 00 00 80, crc, 03 00 00 20, 61 62 63, five
// zeros; the next slot is at position 24.
//
// A catalog entry is {crc u32, id u32, kind<<27|len u32, high half of the key
// u32, payload}, padded to 8 bytes. The crc starts from the id.
//
// A gap says that positions at..to were never used: after power loss the
// newest positions may have been seen by a store although their bytes were not
// yet on disk, so they must not be given out twice. A gap is a multiple of
// dataBytes long and takes no space.
package ringbuffer
