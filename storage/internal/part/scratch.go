package part

import (
	"fmt"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// scratch is the buffers that writing a part needs. Flushing rows of many days
// writes hundreds of small parts: they share buffers.
type scratch struct {
	out []byte // chunks since the last flush
	tmp []byte // the chunk that is being encoded
}

// maxScratch is the largest buffer that is kept for the next part, in bytes.
const maxScratch = 1 << 20

var scratches = sync.Pool{New: func() any { return new(scratch) }}

func takeScratch() *scratch { return scratches.Get().(*scratch) }

func (s *scratch) give() {
	if cap(s.out) <= maxScratch && cap(s.tmp) <= maxScratch {
		s.out, s.tmp = s.out[:0], s.tmp[:0]
		scratches.Put(s)
	}
}

// The footer's coders are shared by all goroutines: each call takes a worker
// from a pool inside. A coder of its own for each part cost 8 MB of tables.
var (
	footerZstd   = sync.OnceValue(newFooterEncoder)
	footerUnzstd = sync.OnceValue(newFooterDecoder)
)

func newFooterEncoder() *zstd.Encoder {
	e, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBetterCompression), zstd.WithEncoderCRC(false), zstd.WithSingleSegment(true))
	if err != nil { // only from bad options
		panic("part: zstd encoder options: " + err.Error())
	}
	return e
}

func newFooterDecoder() *zstd.Decoder {
	// The capacity limit makes a frame that claims or yields more than the
	// caller made room for an error instead of an allocation.
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(maxFooterBytes), zstd.WithDecodeAllCapLimit(true))
	if err != nil { // only from bad options
		panic("part: zstd decoder options: " + err.Error())
	}
	return d
}

// pack appends a footer to dst, compressed.
func pack(raw, dst []byte) []byte { return footerZstd().EncodeAll(raw, dst) }

// unpack decompresses a footer of n bytes.
func unpack(src []byte, n int) ([]byte, error) {
	// Zstd cannot shrink more than about a thousandfold: believe no more.
	if n > 64+2048*len(src) {
		return nil, fmt.Errorf("%d bytes out of %d", n, len(src))
	}
	out, err := footerUnzstd().DecodeAll(src, make([]byte, 0, n))
	if err == nil && len(out) != n {
		err = fmt.Errorf("%d bytes, not %d", len(out), n)
	}
	return out, err
}
