package otlpwire

import (
	"encoding/binary"
	"errors"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

// ErrMalformed is what every error about bytes that are not valid OTLP wraps.
var ErrMalformed = errors.New("malformed OTLP")

// Fields steps over the fields of one protobuf message:
//
//	for f := otlpwire.Scan(msg); f.Next(); {
//		switch f.Num {
//		case otlpwire.SpanName:
//			name = f.Bytes()
//		}
//	}
//	if err := f.Err(); err != nil { … }
//
// A value accessor that does not match the field's wire type fails the scan.
// The byte slices it returns alias the message. A Fields is a value for one
// goroutine and does not allocate unless it fails.
type Fields struct {
	// Num is the number of the current field.
	Num protowire.Number
	// Type is the wire type of the current field.
	Type protowire.Type

	src    []byte // the whole message
	off    int    // first byte behind the current field
	start  int    // first byte of the current field, its tag
	scalar uint64 // value of a varint, fixed32 or fixed64 field, else stale
	bytes  []byte // value of a length-delimited field, else stale
	err    error
}

// Scan returns a scan of msg that stands before its first field.
func Scan(msg []byte) Fields { return Fields{src: msg} }

// Next moves to the next field. It returns false at the end of the message
// and at the first malformed byte; Err tells which.
func (f *Fields) Next() bool {
	if f.err != nil || f.off >= len(f.src) {
		return false
	}
	f.start = f.off
	rest := f.src[f.off:]
	// Nearly every OTLP tag is one byte, and so is the length behind it.
	if len(rest) >= 2 && rest[0] < 0x80 && rest[0] >= 8 {
		f.Num, f.Type = protowire.Number(rest[0]>>3), protowire.Type(rest[0]&7)
		switch n := int(rest[1]); {
		case f.Type == protowire.BytesType && n < 0x80 && 2+n <= len(rest):
			f.bytes, f.off = rest[2:2+n:2+n], f.off+2+n
			return true
		case f.Type == protowire.Fixed64Type && len(rest) >= 9:
			f.scalar, f.off = binary.LittleEndian.Uint64(rest[1:]), f.off+9
			return true
		case f.Type == protowire.VarintType && n < 0x80:
			f.scalar, f.off = uint64(n), f.off+2
			return true
		}
	}
	return f.nextOther(rest)
}

// nextOther is Next for the fields that it has no short way for.
func (f *Fields) nextOther(rest []byte) bool {
	var n, m int
	if f.Num, f.Type, n = protowire.ConsumeTag(rest); n < 0 {
		return f.fail(protowire.ParseError(n))
	}
	rest = rest[n:]
	switch f.Type {
	case protowire.VarintType:
		f.scalar, m = protowire.ConsumeVarint(rest)
	case protowire.Fixed64Type:
		f.scalar, m = protowire.ConsumeFixed64(rest)
	case protowire.Fixed32Type:
		var v uint32
		v, m = protowire.ConsumeFixed32(rest)
		f.scalar = uint64(v)
	case protowire.BytesType:
		f.bytes, m = protowire.ConsumeBytes(rest)
	default:
		// Groups are not used by OTLP; step over them as over any field
		// that is unknown.
		m = protowire.ConsumeFieldValue(f.Num, f.Type, rest)
	}
	if m < 0 {
		return f.fail(protowire.ParseError(m))
	}
	f.off += n + m
	return true
}

// Bytes returns the value of a length-delimited field.
func (f *Fields) Bytes() []byte {
	f.want(protowire.BytesType)
	return f.bytes
}

// Varint returns the value of a varint field.
func (f *Fields) Varint() uint64 {
	f.want(protowire.VarintType)
	return f.scalar
}

// Fixed64 returns the value of a fixed64, sfixed64 or double field, as its bits.
func (f *Fields) Fixed64() uint64 {
	f.want(protowire.Fixed64Type)
	return f.scalar
}

// Fixed32 returns the value of a fixed32 field.
func (f *Fields) Fixed32() uint32 {
	f.want(protowire.Fixed32Type)
	return uint32(f.scalar)
}

// Raw returns the bytes of the current field, tag and length included.
func (f *Fields) Raw() []byte { return f.src[f.start:f.off] }

// Offset returns where in the message the current field begins, in bytes.
func (f *Fields) Offset() int { return f.start }

// Err returns what ended the scan, nil at the end of the message.
func (f *Fields) Err() error { return f.err }

func (f *Fields) want(t protowire.Type) {
	if f.Type != t && f.err == nil {
		f.fail(fmt.Errorf("wire type %d, want %d", f.Type, t))
	}
}

func (f *Fields) fail(err error) bool {
	f.scalar, f.bytes = 0, nil
	f.err = fmt.Errorf("%w: field %d at byte %d: %w", ErrMalformed, f.Num, f.start, err)
	return false
}
