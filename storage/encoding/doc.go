// Package encoding holds the column codecs of the store: it turns a column of
// values into one string of bytes, and back.
//
// The entry points are the Append methods of [Encoder] and the functions
// [Ints], [Uints], [Floats], [FixedBytes] and [Strings]; [IntRuns] and
// [UintRuns] decode without expanding runs. An encoder looks at the values,
// judges by a sample what each codec would make of them, and takes the smallest;
// codecs that decode slowly must be smaller by a margin. Nothing in this package
// keeps state that a caller sees; everything may be used by several goroutines
// at once.
//
// # Format
//
// An encoded column is self-describing but for its row count, which the caller
// keeps. docs/format-encodings.md is the byte-exact reference, with an example
// of each codec; its parts:
//
//	column   +-------------+---------------------------+
//	         | codec id u8 | the codec's bytes         |
//	         +-------------+---------------------------+
//	section  +----------------+------------------------+   a nested column or blob
//	         | length uvarint | length bytes           |   that is not the last
//	         +----------------+------------------------+
//	blob     +---------+-------------------------------+
//	         | mode u8 | 0: bytes   1: one zstd frame  |   of known size
//	         +---------+-------------------------------+
//
// The codecs, of which each is described above its encoder:
//
//	integers   0 empty
//	           1 constant    value varint
//	           2 runs        runs uvarint | section: values | lengths - 1
//	           3 packed      head | blocks of 128 residuals
//	           4 local       head | blocks of 128 residuals, each with a base varint before it
//	           5 buckets     head | fine u8 | section: blob of classes | bits below
//	           6 bytes       head | width u8 | layout u8 | blob, or a section with a blob a plane
//	           7 multiples   base varint | divisor uvarint | quotients
//	           8 dictionary  entries uvarint | section: values | numbers
//	floats     0 bits        integer column
//	           1 decimal     exceptions uvarint | section: exponents | [section: rows | section: bits] | integers
//	fixed      0 blob        blob
//	           1 words       a section a word: integer column
//	strings    0 plain       section: lengths | blob
//	           1 constant    value
//	           2 decimal     integer column
//	           3 IPv4        integer column
//	           4 masked      alphabets | a section a number: integer column
//	           5 front       section: shared lengths | section: lengths behind | blob
//	           6 template    templates uvarint | section: templates | section: numbers | a section a hole
//	           7 dictionary  entries uvarint | section: values | numbers
//	           8 hex         flags u8 | integer column
//	head       flags u8: order of differences 0..2, +4 zigzag | first values varint | base varint
//	block      width u8 | packed bits | [count u8 | high width u8 | positions u8 | packed high bits]
//
// # Damage
//
// There are no checksums here; the part file has them. Yet decoders stand any
// bytes: they return an error that wraps [ErrCorrupt] and says the codec and
// the offset, and they allocate in proportion to the row count and the byte
// limit they are given. They need not notice a changed value, but a column with
// a byte too many or too few is always an error, except where the last thing in
// it is a constant string.
package encoding
