package otlpsdk

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"unicode/utf8"

	"go.opentelemetry.io/otel/attribute"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/ttlog/ttlog/internal/otlpwire"
)

// ErrTooLarge is what the errors about a message beyond the encoder's limit
// wrap.
var ErrTooLarge = errors.New("message too large")

const (
	// firstBytes is the buffer of a new encoder: a span of 10 attributes is
	// some 500 bytes.
	firstBytes = 2 << 10
	// maxPooledBytes bounds the buffers that wait in the pool, so that one
	// huge span does not stay for ever.
	maxPooledBytes = 64 << 10
)

// Encoder builds messages in a buffer of its own, from the end to the front.
// What its methods return stands in that buffer and is valid until the next
// call of any method.
type Encoder struct {
	buf   []byte
	at    int  // the message so far is buf[at:]
	limit int  // of len(buf)-at
	over  bool // the limit was passed: nothing is written any more
	kvs   []attribute.KeyValue
}

var pool = sync.Pool{New: func() any {
	return &Encoder{buf: make([]byte, firstBytes)}
}}

// Get returns an encoder for messages of at most limit bytes.
func Get(limit int) *Encoder {
	e := pool.Get().(*Encoder)
	e.limit = limit
	return e
}

// Release gives the encoder back. It must not be used afterwards.
func (e *Encoder) Release() {
	if len(e.buf) > maxPooledBytes {
		e.buf = make([]byte, firstBytes)
	}
	if cap(e.kvs) > 128 {
		e.kvs = nil
	}
	pool.Put(e)
}

// reset begins a message.
func (e *Encoder) reset() {
	e.at, e.over = len(e.buf), false
}

// finish returns the message.
func (e *Encoder) finish() ([]byte, error) {
	if e.over || e.len() > e.limit {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrTooLarge, e.limit)
	}
	return e.buf[e.at:], nil
}

// len returns the size of the message so far.
func (e *Encoder) len() int { return len(e.buf) - e.at }

// room makes place for n bytes in front of the message. It returns false when
// that would pass the limit; the message is lost then.
func (e *Encoder) room(n int) bool {
	return n <= e.at || e.grow(n)
}

func (e *Encoder) grow(n int) bool {
	have := e.len()
	if e.over || n > e.limit-have {
		// The buffer stays as it is: it need not hold what is not wanted.
		e.over = true
		return false
	}
	grown := make([]byte, max(2*len(e.buf), have+n))
	copy(grown[len(grown)-have:], e.buf[e.at:])
	e.buf, e.at = grown, len(grown)-have
	return true
}

// tagOf returns the tag of field num; the compiler folds it for a constant.
func tagOf(num protowire.Number, t protowire.Type) uint64 {
	return uint64(num)<<3 | uint64(t)
}

// uvarint puts v in front as a bare varint.
func (e *Encoder) uvarint(v uint64) {
	if v < 0x80 {
		if e.room(1) {
			e.at--
			e.buf[e.at] = byte(v)
		}
		return
	}
	n := otlpwire.SizeUvarint(v)
	if !e.room(n) {
		return
	}
	e.at -= n
	dst := e.buf[e.at : e.at+n]
	for i := range dst[:n-1] {
		dst[i] = byte(v) | 0x80
		v >>= 7
	}
	dst[n-1] = byte(v)
}

// varint puts a varint field in front.
func (e *Encoder) varint(num protowire.Number, v uint64) {
	e.uvarint(v)
	e.uvarint(tagOf(num, protowire.VarintType))
}

// bool puts a bool field in front.
func (e *Encoder) bool(num protowire.Number, v bool) {
	e.varint(num, protowire.EncodeBool(v))
}

// bareFixed64 puts 8 bytes in front.
func (e *Encoder) bareFixed64(v uint64) {
	if e.room(8) {
		e.at -= 8
		binary.LittleEndian.PutUint64(e.buf[e.at:], v)
	}
}

// fixed64 puts a fixed64 field in front.
func (e *Encoder) fixed64(num protowire.Number, v uint64) {
	e.bareFixed64(v)
	e.uvarint(tagOf(num, protowire.Fixed64Type))
}

// double puts a double field in front.
func (e *Encoder) double(num protowire.Number, v float64) {
	e.fixed64(num, math.Float64bits(v))
}

// fixed32 puts a fixed32 field in front.
func (e *Encoder) fixed32(num protowire.Number, v uint32) {
	if e.room(4) {
		e.at -= 4
		binary.LittleEndian.PutUint32(e.buf[e.at:], v)
	}
	e.uvarint(tagOf(num, protowire.Fixed32Type))
}

// raw puts s in front, without tag and length.
func (e *Encoder) raw(s string) {
	if e.room(len(s)) {
		e.at -= len(s)
		copy(e.buf[e.at:], s)
	}
}

// bytes puts a bytes field in front.
func (e *Encoder) bytes(num protowire.Number, b []byte) {
	if e.room(len(b)) {
		e.at -= len(b)
		copy(e.buf[e.at:], b)
	}
	e.head(num, len(b))
}

// text puts a string field in front. Protobuf demands UTF-8.
func (e *Encoder) text(num protowire.Number, s string) {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	e.raw(s)
	e.head(num, len(s))
}

// block makes n bytes in front of the message and returns them to be filled, or
// nil when the limit is passed.
func (e *Encoder) block(n int) []byte {
	if !e.room(n) {
		return nil
	}
	e.at -= n
	return e.buf[e.at : e.at+n]
}

// head puts the tag and length of a length-delimited field in front; mostly
// they are a byte each.
func (e *Encoder) head(num protowire.Number, n int) {
	if n < 0x80 && num < 16 && e.at >= 2 {
		e.at -= 2
		b := e.buf[e.at : e.at+2]
		b[0], b[1] = byte(num)<<3|byte(protowire.BytesType), byte(n)
		return
	}
	e.uvarint(uint64(n))
	e.uvarint(tagOf(num, protowire.BytesType))
}

// close makes all that was written since the message was mark bytes long the
// content of the length-delimited field num.
func (e *Encoder) close(num protowire.Number, mark int) {
	e.head(num, e.len()-mark)
}

// The functions below follow proto3 and leave out a zero value.

func (e *Encoder) textIf(num protowire.Number, s string) {
	if s != "" {
		e.text(num, s)
	}
}

func (e *Encoder) varintIf(num protowire.Number, v uint64) {
	if v != 0 {
		e.varint(num, v)
	}
}

func (e *Encoder) fixed64If(num protowire.Number, v uint64) {
	if v != 0 {
		e.fixed64(num, v)
	}
}

// countIf writes one of the SDK's int counters as OTLP's uint32.
func (e *Encoder) countIf(num protowire.Number, n int) {
	if n > 0 {
		e.varint(num, min(uint64(n), math.MaxUint32))
	}
}
