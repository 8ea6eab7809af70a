package encoding

import (
	"fmt"
	"runtime"
	"sync"

	"github.com/klauspost/compress/zstd"

	"github.com/ttlog/ttlog/internal/freelist"
)

const (
	// maxBlob bounds what one zstd frame may decode to, whatever a caller's
	// limits say.
	maxBlob = 1 << 30
	// minZstd is the size below which a frame's own header and tables eat
	// what it could win.
	minZstd = 48
)

// Coder holds the tables of zstd that encoding needs: 2.4 MB at level Fast and
// 5.5 MB more at level Best. Whoever writes columns takes one for as long as
// that goes on, so that there are as many as writers, however many cores there
// are. It may be used by several goroutines, one after the other.
type Coder struct{ fast, best *zstd.Encoder }

// Coders are the coders of those who write side by side: it keeps what nobody
// uses at present, a few. It is safe for concurrent use.
type Coders struct{ fast, best freelist.List[*zstd.Encoder] }

// NewCoders returns coders that are made when first needed. At level Best
// there is one merge at a time; two flushes at a time are common.
//
// zstd's best level instead of its better one saves 0.5 to 1.2 % more of real
// telemetry, and costs 32 MB of tables and half of a merge's time again.
func NewCoders() *Coders {
	return &Coders{
		fast: freelist.New(2, func() *zstd.Encoder { return newZstdEncoder(zstd.SpeedDefault) }),
		best: freelist.New(1, func() *zstd.Encoder { return newZstdEncoder(zstd.SpeedBetterCompression) }),
	}
}

// shared are the coders of encoders that have none.
var shared = NewCoders()

// Take returns a coder for columns of the given level. The caller gives it back.
func (c *Coders) Take(l Level) Coder {
	out := Coder{fast: c.fast.Take()} // what level Best tries out is encoded at level Fast
	if l >= Best {
		out.best = c.best.Take()
	}
	return out
}

// Give gives a coder back. It must not be used any more.
func (c *Coders) Give(out Coder) {
	c.fast.Give(out.fast)
	if out.best != nil {
		c.best.Give(out.best)
	}
}

// window is how far back matches are looked for. A column chunk is small: 8 MiB
// found nothing that 1 MiB does not, and keep 16 MiB of history.
const window = 1 << 20

func newZstdEncoder(level zstd.EncoderLevel) *zstd.Encoder {
	// The part has its own checksums. Bytes without matches are what the integer
	// codecs leave; the lower levels would not even compress their entropy.
	// Errors come only from bad options.
	e, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(level), zstd.WithEncoderCRC(false),
		zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(window), zstd.WithLowerEncoderMem(true),
		zstd.WithSingleSegment(true), zstd.WithAllLitEntropyCompression(true))
	if err != nil {
		panic("encoding: zstd encoder options: " + err.Error())
	}
	return e
}

// maxDecoders is how many frames are decoded at a time: each worker keeps half
// a megabyte.
const maxDecoders = 8

// unZstd is shared by all goroutines: DecodeAll takes a worker from a pool inside.
var unZstd = sync.OnceValue(newZstdDecoder)

func newZstdDecoder() *zstd.Decoder {
	// The capacity limit makes a frame that claims or yields more than the
	// caller made room for an error instead of an allocation.
	d, err := zstd.NewReader(nil, zstd.WithDecoderMaxMemory(maxBlob), zstd.WithDecoderConcurrency(min(runtime.GOMAXPROCS(0), maxDecoders)),
		zstd.WithDecodeAllCapLimit(true), zstd.IgnoreChecksum(true))
	if err != nil {
		panic("encoding: zstd decoder options: " + err.Error())
	}
	return d
}

// AppendFrame appends a zstd frame of b.
func (e Encoder) AppendFrame(dst, b []byte) []byte {
	c := e.Coder
	if c.fast == nil {
		c = shared.Take(e.Level)
		defer func() { shared.Give(c) }()
	}
	if e.Level >= Best {
		return c.best.EncodeAll(b, dst)
	}
	return c.fast.EncodeAll(b, dst)
}

// The storage modes of a blob; part of the format, never renumber.
const (
	blobRaw  = 0 // the bytes
	blobZstd = 1 // one zstd frame
)

// appendBlob appends b, compressed where that saves at least a thirty-second:
//
//	+---------+-------------------+
//	| mode u8 | bytes or a frame  |   to the end of the section
//	+---------+-------------------+
func (e Encoder) appendBlob(dst, b []byte) []byte {
	start := len(dst)
	if len(b) >= minZstd {
		dst = append(dst, blobZstd)
		dst = e.AppendFrame(dst, b)
		if len(dst)-start-1 <= len(b)-len(b)/32 {
			return dst
		}
		dst = dst[:start]
	}
	return append(append(dst, blobRaw), b...)
}

// blob reads a blob that fills the rest of r and has exactly size bytes. The
// result may alias the source.
func (r *reader) blob(size int) []byte {
	b, _ := r.ownBlob(size)
	return b
}

// text reads a blob as a string of its own.
func (r *reader) text(size int) string {
	b, own := r.ownBlob(size)
	if own {
		return view(b)
	}
	return string(b)
}

// ownBlob is blob, and tells whether the result is memory of its own.
func (r *reader) ownBlob(size int) (b []byte, own bool) {
	mode := r.byte()
	b = r.bytes(r.left())
	if r.err != nil {
		return nil, false
	}
	switch {
	case mode == blobRaw:
	case mode == blobZstd && size > 0 && size <= maxBlob:
		b = r.frame(b, size)
	default:
		r.fail("blob mode %d of %d bytes", mode, size)
	}
	if r.err == nil && len(b) != size {
		r.fail("blob has %d bytes, expected %d", len(b), size)
	}
	if r.err != nil {
		return nil, false
	}
	return b, mode == blobZstd
}

// frame decodes one zstd frame of exactly size bytes.
func (r *reader) frame(b []byte, size int) []byte {
	out, err := Frame(b, size)
	if err != nil {
		r.fail("%v", err)
	}
	return out
}

// Frame decodes one zstd frame, which has at most size bytes. What was decoded
// does not alias src.
func Frame(src []byte, size int) ([]byte, error) {
	// Zstandard turns 128 KiB into 4 bytes at best, so that a short frame
	// cannot ask for more than this and memory stays in proportion to disk.
	if size/(128<<10) > len(src) {
		return nil, fmt.Errorf("frame of %d bytes cannot hold %d", len(src), size)
	}
	out, err := unZstd().DecodeAll(src, make([]byte, 0, size))
	if err != nil {
		return nil, fmt.Errorf("zstd: %w", err)
	}
	return out, nil
}
