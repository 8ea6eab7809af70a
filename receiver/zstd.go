package receiver

import (
	"fmt"
	"io"
	"sync"

	"github.com/klauspost/compress/zstd"
	"google.golang.org/grpc/encoding"
)

func init() { encoding.RegisterCompressor(&zstdCompressor{}) }

// zstdCompressor is gRPC's compressor of the name zstd. Answers are empty
// messages, so that only Decompress matters for servers; Compress serves
// clients in the same process.
type zstdCompressor struct{ writers sync.Pool }

func (*zstdCompressor) Name() string { return encodingZstd }

func (c *zstdCompressor) Compress(w io.Writer) (io.WriteCloser, error) {
	z, ok := c.writers.Get().(*zstd.Encoder)
	if ok {
		z.Reset(w)
		return &zstdWriter{Encoder: z, pool: &c.writers}, nil
	}
	z, err := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithWindowSize(1<<20))
	if err != nil {
		return nil, fmt.Errorf("receiver: zstd: %w", err)
	}
	return &zstdWriter{Encoder: z, pool: &c.writers}, nil
}

func (c *zstdCompressor) Decompress(r io.Reader) (io.Reader, error) {
	z := zstdReaders.Get().(*zstd.Decoder)
	if err := z.Reset(r); err != nil {
		zstdReaders.Put(z)
		return nil, fmt.Errorf("receiver: zstd: %w", err)
	}
	return &zstdReader{z: z}, nil
}

type zstdWriter struct {
	*zstd.Encoder
	pool *sync.Pool
}

func (w *zstdWriter) Close() error {
	err := w.Encoder.Close()
	w.pool.Put(w.Encoder)
	return err
}

// zstdReader gives its decoder back at Close, or when the stream is over.
type zstdReader struct {
	z   *zstd.Decoder // nil when given back
	err error         // what ended the stream
}

func (r *zstdReader) Read(p []byte) (int, error) {
	if r.z == nil {
		return 0, r.err
	}
	n, err := r.z.Read(p)
	if err != nil {
		r.end(err)
	}
	return n, err
}

// Close is called by gRPC when it has read all it wants.
func (r *zstdReader) Close() error {
	r.end(io.EOF)
	return nil
}

func (r *zstdReader) end(err error) {
	if r.z == nil {
		return
	}
	if r.z.Reset(nil) == nil {
		zstdReaders.Put(r.z)
	}
	r.z, r.err = nil, err
}
