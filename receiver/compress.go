package receiver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"

	"github.com/ttlog/ttlog/internal/freelist"
)

// encodings are what is taken, as Accept-Encoding says it: what OpenTelemetry's
// SDKs and the Collector's exporters send, under the names that they use.
var encodings = []string{"gzip", "zstd", "deflate", "zlib", "snappy", "x-snappy-framed", "lz4", "x-gzip"}

var (
	acceptEncodings = strings.Join(encodings, ", ") + ", identity"
	// grpcEncodings is what Grpc-Accept-Encoding says.
	grpcEncodings = "identity," + strings.Join(encodings, ",")
)

// encodingOf returns the one encoding of a request, or "" for none, from the
// values of its header. Encodings on top of each other are not taken: nobody
// sends them but to make a few bytes into many.
func encodingOf(header []string) (string, *refusal) {
	if len(header) == 0 {
		return "", nil
	}
	var given []string
	for name := range strings.SplitSeq(strings.ToLower(strings.Join(header, ",")), ",") {
		if name = strings.TrimSpace(name); name != "" && name != "identity" {
			given = append(given, name)
		}
	}
	switch {
	case len(given) == 0:
		return "", nil
	case len(given) > 1:
		return "", refuse(unsupported, "%d encodings on top of each other: want one of %s", len(given), acceptEncodings)
	case !slices.Contains(encodings, given[0]):
		return "", refuse(unsupported, "encoding %.100q: want one of %s", given[0], acceptEncodings)
	}
	return given[0], nil
}

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
	if len(body) == 0 {
		return nil, fmt.Errorf("%s: %w", encoding, io.ErrUnexpectedEOF)
	}
	var out []byte
	var err error
	switch encoding {
	case "zstd":
		out, err = r.unzstd(body, l)
	case "gzip", "x-gzip":
		out, err = inflate(r, gzipReaders, func(z *gzip.Reader) error { return z.Reset(bytes.NewReader(body)) }, l)
	case "deflate", "zlib":
		out, err = r.undeflate(body, l)
	case "snappy", "x-snappy-framed":
		out, err = r.unsnappy(body, l)
	default:
		out, err = inflate(r, lz4Readers, func(z *lz4.Reader) error { z.Reset(bytes.NewReader(body)); return nil }, l)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", encoding, err)
	}
	return out, nil
}

// idleDecoders is how many decoders of an encoding are kept. They hold on to the
// last body they read until the next one.
const idleDecoders = 2

var (
	gzipReaders   = freelist.New(idleDecoders, func() *gzip.Reader { return new(gzip.Reader) })
	zlibReaders   = freelist.New(idleDecoders, func() *zlibReader { return new(zlibReader) })
	flateReaders  = freelist.New(idleDecoders, func() io.ReadCloser { return flate.NewReader(bytes.NewReader(nil)) })
	snappyReaders = freelist.New(idleDecoders, func() *s2.Reader { return s2.NewReader(nil, s2.ReaderMaxBlockSize(maxSnappyBlock)) })
	lz4Readers    = freelist.New(idleDecoders, func() *lz4.Reader { return lz4.NewReader(nil) })
	zstdReaders   = freelist.New(idleDecoders, func() *zstd.Decoder {
		d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindowBytes))
		if err != nil {
			panic("receiver: options of the zstd decoder: " + err.Error()) // they are constant
		}
		return d
	})
)

// maxSnappyBlock is the largest block of framed Snappy.
const maxSnappyBlock = 64 << 10

// inflate reads a body to its end with a decoder of a list.
func inflate[D io.Reader](r *Receiver, list freelist.List[D], reset func(D) error, l *lease) ([]byte, error) {
	z := list.Take()
	defer list.Give(z)
	if err := reset(z); err != nil {
		return nil, unexpected(err)
	}
	return l.readAll(z, r.opts.MaxBodyBytes, -1)
}

func (r *Receiver) unzstd(body []byte, l *lease) ([]byte, error) {
	z := zstdReaders.Take()
	defer func() {
		if z.Reset(nil) == nil { // lets go of the body
			zstdReaders.Give(z)
		}
	}()
	if err := z.Reset(bytes.NewReader(body)); err != nil {
		return nil, unexpected(err)
	}
	return l.readAll(z, r.opts.MaxBodyBytes, -1)
}

// zlibReader is a zlib reader that can be made before there is anything to read.
type zlibReader struct{ io.ReadCloser }

func (z *zlibReader) reset(src io.Reader) (err error) {
	if z.ReadCloser != nil {
		return z.ReadCloser.(zlib.Resetter).Reset(src, nil)
	}
	z.ReadCloser, err = zlib.NewReader(src)
	return err
}

// undeflate reads what HTTP calls deflate: by its definition a zlib stream, by
// some clients a bare one, which has no such head.
func (r *Receiver) undeflate(body []byte, l *lease) ([]byte, error) {
	if len(body) >= 2 && body[0]&0x0f == 8 && (int(body[0])<<8|int(body[1]))%31 == 0 {
		return inflate(r, zlibReaders, func(z *zlibReader) error { return z.reset(bytes.NewReader(body)) }, l)
	}
	return inflate(r, flateReaders, func(z io.ReadCloser) error {
		return z.(flate.Resetter).Reset(bytes.NewReader(body), nil)
	}, l)
}

// snappyMagic begins what is framed Snappy.
var snappyMagic = []byte("\xff\x06\x00\x00sNaPpY")

// unsnappy reads both forms of Snappy: gRPC's clients and newer HTTP ones send
// it framed, others one block.
func (r *Receiver) unsnappy(body []byte, l *lease) ([]byte, error) {
	if bytes.HasPrefix(body, snappyMagic) {
		return inflate(r, snappyReaders, func(z *s2.Reader) error { z.Reset(bytes.NewReader(body)); return nil }, l)
	}
	size, err := s2.DecodedLen(body)
	switch {
	case err != nil:
		return nil, err
	case size > r.opts.MaxBodyBytes:
		return nil, errTooLarge
	case !l.take(size):
		return nil, errNoBudget
	}
	return s2.Decode(make([]byte, size), body)
}

// unexpected says that an end of the input was not expected.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
