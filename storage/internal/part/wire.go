package part

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// ErrCorrupt is wrapped by every error about a part whose bytes are wrong.
var ErrCorrupt = errors.New("part is corrupt")

func corruptf(format string, args ...any) error {
	return fmt.Errorf("part: %s: %w", fmt.Sprintf(format, args...), ErrCorrupt)
}

// reader takes values off the front of bytes. Its error is sticky, and after it
// every value is zero: a loop over a count must look at err.
type reader struct {
	src []byte
	off int
	err error
}

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = corruptf("at byte %d: %s", r.off, fmt.Sprintf(format, args...))
	}
}

func (r *reader) uvarint() uint64 {
	if r.err != nil {
		return 0
	}
	v, n := binary.Uvarint(r.src[r.off:])
	if n <= 0 {
		r.fail("bad number")
		return 0
	}
	r.off += n
	return v
}

func (r *reader) varint() int64 {
	u := r.uvarint()
	return int64(u>>1) ^ -int64(u&1)
}

// count reads a number that may be at most limit.
func (r *reader) count(what string, limit int) int {
	v := r.uvarint()
	if v > uint64(limit) {
		r.fail("%d %s, at most %d possible", v, what, limit)
		return 0
	}
	return int(v)
}

func (r *reader) bytes(n int) []byte {
	if r.err != nil {
		return nil
	}
	if n < 0 || n > len(r.src)-r.off {
		r.fail("%d bytes wanted, %d left", n, len(r.src)-r.off)
		return nil
	}
	b := r.src[r.off : r.off+n : r.off+n]
	r.off += n
	return b
}

// section returns the next bytes, whose length stands before them.
func (r *reader) section() []byte { return r.bytes(r.count("bytes", len(r.src))) }

func (r *reader) string() string { return string(r.section()) }

func (r *reader) uint64() uint64 {
	if b := r.bytes(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

func (r *reader) end() error {
	if r.err == nil && r.off != len(r.src) {
		r.fail("%d bytes left over", len(r.src)-r.off)
	}
	return r.err
}

// appendSection appends b with its length before it.
func appendSection(dst, b []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(b))), b...)
}

func appendString(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}
