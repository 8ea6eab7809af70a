// Package encoding holds the column codecs of the store: it turns a column of
// values into one string of bytes, and back.
//
// The entry points are the Append methods of [Encoder] and the functions
// [Ints], [Uints], [Floats], [FixedBytes] and [Strings]. An encoded column is
// self-describing but for its row count, which the caller keeps: the first byte
// names the codec, the rest is the codec's. The encoder looks at the values and
// picks the codec that makes them small. There are no checksums here; the part
// file has them. Yet decoders stand any bytes: they return an error that wraps
// [ErrCorrupt], and allocate no more than the row count, the byte limit and the
// length of the source justify.
//
// Nothing in this package keeps state that a caller sees; everything may be
// used by several goroutines at once.
package encoding
