package encoding

import (
	"sync"

	"github.com/klauspost/compress/zstd"
)

const (
	// maxBlob bounds what one zstd frame may decode to, whatever a caller's
	// limits say.
	maxBlob = 1 << 30
	// minZstd is the size below which a frame's own header and tables eat
	// what it could win.
	minZstd = 48
)

// The coders are shared by all goroutines: EncodeAll and DecodeAll take a
// worker from a pool inside. They are made when first needed, because the
// tables of the best level take tens of megabytes.
var (
	fastZstd = sync.OnceValue(func() *zstd.Encoder { return newZstdEncoder(zstd.SpeedDefault) })
	bestZstd = sync.OnceValue(func() *zstd.Encoder { return newZstdEncoder(zstd.SpeedBestCompression) })
	unZstd   = sync.OnceValue(newZstdDecoder)
)

func newZstdEncoder(level zstd.EncoderLevel) *zstd.Encoder {
	// The part has its own checksums. Bytes without matches are what the integer
	// codecs leave; the lower levels would not even compress their entropy.
	// Errors come only from bad options.
	e, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(level), zstd.WithEncoderCRC(false),
		zstd.WithSingleSegment(true), zstd.WithAllLitEntropyCompression(true))
	if err != nil {
		panic("encoding: zstd encoder options: " + err.Error())
	}
	return e
}

func newZstdDecoder() *zstd.Decoder {
	// The capacity limit makes a frame that claims or yields more than the
	// caller made room for an error instead of an allocation.
	d, err := zstd.NewReader(nil, zstd.WithDecoderMaxMemory(maxBlob), zstd.WithDecoderConcurrency(0),
		zstd.WithDecodeAllCapLimit(true), zstd.IgnoreChecksum(true))
	if err != nil {
		panic("encoding: zstd decoder options: " + err.Error())
	}
	return d
}

func (e Encoder) zstd() *zstd.Encoder {
	if e.Level >= Best {
		return bestZstd()
	}
	return fastZstd()
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
		dst = e.zstd().EncodeAll(b, dst)
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
	// Zstandard turns 128 KiB into 4 bytes at best, so that a short frame
	// cannot ask for more than this and memory stays in proportion to disk.
	if size/(128<<10) > len(b) {
		r.fail("frame of %d bytes cannot hold %d", len(b), size)
		return nil
	}
	out, err := unZstd().DecodeAll(b, make([]byte, 0, size))
	if err != nil {
		r.fail("zstd: %v", err)
		return nil
	}
	return out
}
