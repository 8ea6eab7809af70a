package encoding

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// ErrCorrupt is wrapped by every error of a decoder. The error's text names the
// codec and the offset, in bytes from the start of the column, where decoding
// stopped.
var ErrCorrupt = errors.New("encoded column is corrupt")

// reader walks the bytes of one encoded column. Its error is sticky: after the
// first failure every method returns zero, so that a decoder may read a whole
// header and check once, before it allocates or loops.
type reader struct {
	src   []byte
	off   int
	base  int    // offset of src within the outermost column, for messages
	codec string // named in errors
	err   error
}

func (r *reader) fail(format string, args ...any) {
	if r.err != nil {
		return
	}
	name := r.codec
	if name == "" {
		name = "unknown"
	}
	r.err = fmt.Errorf("encoding: %s codec at byte %d: %s: %w",
		name, r.base+r.off, fmt.Sprintf(format, args...), ErrCorrupt)
}

func (r *reader) byte() byte {
	if r.err != nil {
		return 0
	}
	if r.off >= len(r.src) {
		r.fail("unexpected end")
		return 0
	}
	b := r.src[r.off]
	r.off++
	return b
}

func (r *reader) uvarint() uint64 {
	if r.err != nil {
		return 0
	}
	v, k := binary.Uvarint(r.src[r.off:])
	if k <= 0 {
		r.fail("bad varint")
		return 0
	}
	r.off += k
	return v
}

func (r *reader) varint() int64 {
	u := r.uvarint()
	return int64(u>>1) ^ -int64(u&1)
}

// count reads a number that must not be above limit.
func (r *reader) count(what string, limit int) int {
	v := r.uvarint()
	if r.err == nil && v > uint64(max(limit, 0)) {
		r.fail("%s is %d, at most %d possible", what, v, limit)
		return 0
	}
	return int(v)
}

// bytes returns the next n bytes, aliasing the source.
func (r *reader) bytes(n int) []byte {
	if r.err != nil {
		return nil
	}
	if n < 0 || n > len(r.src)-r.off {
		r.fail("needs %d bytes, %d left", n, len(r.src)-r.off)
		return nil
	}
	b := r.src[r.off : r.off+n : r.off+n]
	r.off += n
	return b
}

// left returns the number of bytes not read yet.
func (r *reader) left() int { return len(r.src) - r.off }

// section returns a reader of the next part, whose length stands before it.
func (r *reader) section() reader {
	n := r.count("section length", r.left())
	at := r.base + r.off
	return reader{src: r.bytes(n), base: at, codec: r.codec, err: r.err}
}

// tail returns a reader of everything that is left.
func (r *reader) tail() reader {
	at := r.base + r.off
	return reader{src: r.bytes(r.left()), base: at, codec: r.codec, err: r.err}
}

// take adopts the error of a nested reader that must have been read to its end.
func (r *reader) take(nested *reader) {
	nested.end()
	if r.err == nil {
		r.err = nested.err
	}
}

// end reports bytes left over as corruption.
func (r *reader) end() {
	if r.err == nil && r.left() != 0 {
		r.fail("%d bytes left over", r.left())
	}
}

// checkRows refuses row counts no encoder can have been given.
func (r *reader) checkRows(n int) {
	if n < 0 || n > MaxRows {
		r.fail("row count %d is outside 0..%d", n, MaxRows)
	}
}

// appendSection appends what f appends, with its length before it.
func appendSection(dst []byte, f func(dst []byte) []byte) []byte {
	// One byte of room is right for most sections; longer ones are moved.
	start := len(dst)
	dst = append(dst, 0)
	dst = f(dst)
	size := len(dst) - start - 1
	if size < 0x80 {
		dst[start] = byte(size)
		return dst
	}
	var head [binary.MaxVarintLen64]byte
	k := binary.PutUvarint(head[:], uint64(size))
	dst = append(dst, head[1:k]...)
	copy(dst[start+k:], dst[start+1:start+1+size])
	copy(dst[start:], head[:k])
	return dst
}
