// Package grpctest gives the gRPC clients of tests a compressor that gRPC for
// Go lacks: importing it registers zstd.
package grpctest

import (
	"io"

	"github.com/klauspost/compress/zstd"
	"google.golang.org/grpc/encoding"
)

func init() { encoding.RegisterCompressor(compressor{}) }

type compressor struct{}

func (compressor) Name() string { return "zstd" }

func (compressor) Compress(w io.Writer) (io.WriteCloser, error) {
	return zstd.NewWriter(w, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest))
}

func (compressor) Decompress(r io.Reader) (io.Reader, error) {
	z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	return z.IOReadCloser(), nil
}
