package otlpwire

import (
	"encoding/binary"
	"math"
	"math/bits"

	"google.golang.org/protobuf/encoding/protowire"
)

// The Append functions write one whole field, tag included, behind dst and
// return the longer slice. They write zero values too; a caller that follows
// proto3 leaves those out. The Size functions tell how many bytes the Append
// function of the same name writes.

// AppendTag appends the tag of field num with wire type t.
func AppendTag(dst []byte, num protowire.Number, t protowire.Type) []byte {
	return AppendUvarint(dst, uint64(num)<<3|uint64(t))
}

// AppendUvarint appends v as a bare varint, without a tag.
func AppendUvarint(dst []byte, v uint64) []byte {
	for v >= 0x80 {
		dst = append(dst, byte(v)|0x80)
		v >>= 7
	}
	return append(dst, byte(v))
}

// AppendString appends a length-delimited field that holds s. It does not look
// whether s is valid UTF-8.
func AppendString(dst []byte, num protowire.Number, s string) []byte {
	dst = AppendHeader(dst, num, len(s))
	return append(dst, s...)
}

// AppendBytes appends a length-delimited field that holds b: a bytes field or
// a whole sub-message.
func AppendBytes(dst []byte, num protowire.Number, b []byte) []byte {
	dst = AppendHeader(dst, num, len(b))
	return append(dst, b...)
}

// AppendHeader appends the tag and length of a length-delimited field whose n
// bytes of content the caller appends next.
func AppendHeader(dst []byte, num protowire.Number, n int) []byte {
	dst = AppendTag(dst, num, protowire.BytesType)
	return AppendUvarint(dst, uint64(n))
}

// AppendVarint appends a varint field (int32, int64, uint32, uint64, enum). A
// negative int32 is given sign-extended, as uint64(int64(v)).
func AppendVarint(dst []byte, num protowire.Number, v uint64) []byte {
	dst = AppendTag(dst, num, protowire.VarintType)
	return AppendUvarint(dst, v)
}

// AppendBool appends a bool field.
func AppendBool(dst []byte, num protowire.Number, v bool) []byte {
	return AppendVarint(dst, num, protowire.EncodeBool(v))
}

// AppendZigZag appends a sint32 or sint64 field.
func AppendZigZag(dst []byte, num protowire.Number, v int64) []byte {
	return AppendVarint(dst, num, protowire.EncodeZigZag(v))
}

// AppendFixed64 appends a fixed64 or sfixed64 field.
func AppendFixed64(dst []byte, num protowire.Number, v uint64) []byte {
	dst = AppendTag(dst, num, protowire.Fixed64Type)
	return binary.LittleEndian.AppendUint64(dst, v)
}

// AppendDouble appends a double field.
func AppendDouble(dst []byte, num protowire.Number, v float64) []byte {
	return AppendFixed64(dst, num, math.Float64bits(v))
}

// AppendFixed32 appends a fixed32 field.
func AppendFixed32(dst []byte, num protowire.Number, v uint32) []byte {
	dst = AppendTag(dst, num, protowire.Fixed32Type)
	return binary.LittleEndian.AppendUint32(dst, v)
}

// SizeTag returns the width of the tag of field num in bytes.
func SizeTag(num protowire.Number) int { return SizeUvarint(uint64(num) << 3) }

// SizeUvarint returns the width of v as a varint in bytes, 1 to 10.
func SizeUvarint(v uint64) int {
	// 9 bits to every 64/7 = 9.14 bits of value; exact for every width.
	return int(9*uint32(bits.Len64(v))+64) / 64
}

// SizeBytes returns the width of a length-delimited field with n bytes of
// content, tag and length included.
func SizeBytes(num protowire.Number, n int) int {
	return SizeTag(num) + SizeUvarint(uint64(n)) + n
}

// SizeVarint returns the width of a varint field.
func SizeVarint(num protowire.Number, v uint64) int { return SizeTag(num) + SizeUvarint(v) }

// SizeFixed64 returns the width of a fixed64, sfixed64 or double field.
func SizeFixed64(num protowire.Number) int { return SizeTag(num) + 8 }

// SizeFixed32 returns the width of a fixed32 field.
func SizeFixed32(num protowire.Number) int { return SizeTag(num) + 4 }
