package receiver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// The content encodings that are taken, and what Accept-Encoding says.
const (
	encodingGzip    = "gzip"
	encodingZstd    = "zstd"
	acceptEncodings = "gzip, zstd, identity"
)

var gzipReaders = sync.Pool{New: func() any { return new(gzip.Reader) }}

var zstdReaders = sync.Pool{New: func() any {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindowBytes))
	if err != nil {
		panic("receiver: options of the zstd decoder: " + err.Error()) // they are constant
	}
	return d
}}

// decompress returns the decompressed body, valid until the lease ends. The
// whole compressed body is there already, so that a decoder is never held by a
// slow client.
func (r *Receiver) decompress(ctx context.Context, encoding string, body []byte, l *lease) ([]byte, error) {
	select {
	case r.decoders <- struct{}{}:
		defer func() { <-r.decoders }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	src := bytes.NewReader(body)
	if encoding == encodingZstd {
		return r.unzstd(src, l)
	}
	return r.gunzip(src, l)
}

func (r *Receiver) gunzip(src io.Reader, l *lease) ([]byte, error) {
	z := gzipReaders.Get().(*gzip.Reader)
	defer gzipReaders.Put(z)
	if err := z.Reset(src); err != nil {
		return nil, fmt.Errorf("gzip: %w", unexpected(err))
	}
	out, err := l.readAll(z, r.opts.MaxBodyBytes, -1)
	if err != nil {
		return nil, fmt.Errorf("gzip: %w", err)
	}
	return out, nil
}

func (r *Receiver) unzstd(src io.Reader, l *lease) ([]byte, error) {
	z := zstdReaders.Get().(*zstd.Decoder)
	defer func() {
		if z.Reset(nil) == nil { // lets go of the body
			zstdReaders.Put(z)
		}
	}()
	if err := z.Reset(src); err != nil {
		return nil, fmt.Errorf("zstd: %w", unexpected(err))
	}
	out, err := l.readAll(z, r.opts.MaxBodyBytes, -1)
	if err != nil {
		return nil, fmt.Errorf("zstd: %w", err)
	}
	return out, nil
}

// unexpected says that an end of the input was not expected.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
