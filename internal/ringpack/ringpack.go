// Package ringpack keeps whole requests compressed in the ring, for as long as
// the processor time is to be had: at a usual load most of what a store writes
// to disk would else be the ring. A producer has one [Writer] for its ring;
// who reads records calls [Request].
package ringpack

import (
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/internal/ringio"
	"github.com/ttlog/ttlog/ringbuffer"
)

const (
	// calmBytes is the rate, per second, up to which requests are compressed:
	// some 4 % of a core, and twice what 10,000 spans a second are. A sender
	// at full speed gets all of the processor.
	calmBytes = 8 << 20
	// minBytes is the smallest request that may be worth it.
	minBytes = 256
	// maxRequest bounds a request that is unpacked; no ring takes a larger one.
	maxRequest = 64 << 20
	// windowBytes is how far back the compression looks, and most of its memory.
	windowBytes = 512 << 10
)

// Writer writes requests to a ring. It may be used by several goroutines.
type Writer struct {
	// Immutable after NewWriter.
	ring *ringbuffer.Ring
	file bool // a ring in memory is never written to disk

	load meter
}

// NewWriter returns a writer for the ring.
func NewWriter(ring *ringbuffer.Ring) *Writer {
	return &Writer{ring: ring, file: ring.Stats().FileBacked, load: meter{start: time.Now()}}
}

// Write writes one request as [ringio.Write] does. It is not kept.
func (w *Writer) Write(s otlpwire.Signal, request []byte, wait time.Duration, done <-chan struct{}) (end uint64, err error) {
	if !w.file || !w.load.calm(len(request)) || len(request) < minBytes || len(request) > w.ring.MaxRecord() {
		return w.raw(s, request, wait, done)
	}
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	z := encoders.Get().(*zstd.Encoder)
	*buf = z.EncodeAll(request, (*buf)[:0])
	encoders.Put(z)
	// What is saved has to be worth unpacking it.
	if len(*buf) > len(request)-len(request)/8 {
		return w.raw(s, request, wait, done)
	}
	return ringio.Write(w.ring, otlpwire.ZstdKind(s), *buf, wait, done)
}

func (w *Writer) raw(s otlpwire.Signal, request []byte, wait time.Duration, done <-chan struct{}) (uint64, error) {
	return ringio.Write(w.ring, otlpwire.RequestKind(s), request, wait, done)
}

// Request returns the signal and the bytes of a record that holds a whole
// request: data itself, or appended to dst what it was before it was compressed.
// It returns 0 and nil for a record of another kind.
func Request(kind otlpwire.Kind, data, dst []byte) (s otlpwire.Signal, request []byte, err error) {
	s, ok := otlpwire.SignalOf(kind)
	switch {
	case !ok:
		return 0, nil, nil
	case kind == otlpwire.RequestKind(s):
		return s, data, nil
	case kind != otlpwire.ZstdKind(s):
		return 0, nil, nil
	}
	z := decoders.Get().(*zstd.Decoder)
	defer decoders.Put(z)
	out, err := z.DecodeAll(data, dst)
	if err == nil && len(out) == len(dst) {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return s, nil, fmt.Errorf("ringpack: unpack %s of %d bytes: %w", s, len(data), err)
	}
	return s, out[len(dst):], nil
}

// What is kept between two requests, and goes when nothing comes.
var (
	buffers  = sync.Pool{New: func() any { return new([]byte) }}
	encoders = sync.Pool{New: func() any {
		z, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1),
			zstd.WithWindowSize(windowBytes), zstd.WithLowerEncoderMem(true),
			zstd.WithEncoderCRC(false)) // the ring has checksums of its own
		if err != nil {
			panic("ringpack: options of the encoder: " + err.Error()) // they are constant
		}
		return z
	}}
	decoders = sync.Pool{New: func() any {
		z, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxMemory(maxRequest))
		if err != nil {
			panic("ringpack: options of the decoder: " + err.Error()) // they are constant
		}
		return z
	}}
)

// meter tells whether what comes stays below calmBytes a second. It is a leaky
// bucket that holds what comes in a second, kept as the time at which it will be
// empty.
type meter struct {
	start time.Time
	empty atomic.Int64 // nanoseconds after start
}

// calm counts n bytes, compressed or not, and tells whether there was room for
// them. A bucket that is full stays full while they come faster than it leaks.
func (m *meter) calm(n int) bool {
	cost := int64(float64(n) / calmBytes * float64(time.Second))
	for {
		now, old := int64(time.Since(m.start)), m.empty.Load()
		next := max(old, now) + cost
		full := now + int64(time.Second)
		if m.empty.CompareAndSwap(old, min(next, full)) {
			return next < full
		}
	}
}
