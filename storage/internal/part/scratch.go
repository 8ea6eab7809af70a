package part

import (
	"fmt"

	"github.com/ttlog/ttlog/internal/freelist"
	"github.com/ttlog/ttlog/storage/encoding"
)

// scratch is the buffers that writing a part needs. Flushing rows of many days
// writes hundreds of small parts: they share buffers.
type scratch struct {
	out    []byte   // chunks since the last flush
	tmp    []byte   // the chunk that is being encoded, or its head
	body   []byte   // the pages behind that head
	hashes []uint64 // of the values of a filter
	grams  grams    // of a page of strings
}

// maxScratch is the largest buffer that is kept for the next part, in bytes.
const maxScratch = 1 << 20

var scratches = freelist.New(2, func() *scratch { return new(scratch) })

func (s *scratch) give() {
	if cap(s.out) > maxScratch || cap(s.tmp) > maxScratch || cap(s.body) > maxScratch {
		return
	}
	s.out, s.tmp = s.out[:0], s.tmp[:0]
	scratches.Give(s)
}

// unpack decompresses a footer of n bytes.
func unpack(src []byte, n int) ([]byte, error) {
	// Zstd cannot shrink more than about a thousandfold: believe no more.
	if n > 64+2048*len(src) {
		return nil, fmt.Errorf("%d bytes out of %d", n, len(src))
	}
	out, err := encoding.Frame(src, n)
	if err == nil && len(out) != n {
		err = fmt.Errorf("%d bytes, not %d", len(out), n)
	}
	return out, err
}
