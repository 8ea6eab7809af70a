package pipeline_test

import (
	"context"
	"errors"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/internal/pipeline"
	"github.com/ttlog/ttlog/ringbuffer"
)

// discard is a store that keeps nothing but the position.
type discard struct{ end atomic.Uint64 }

func (d *discard) Append(_ context.Context, _ otlpwire.Signal, _ []byte, end uint64) (int, error) {
	d.end.Store(max(end, d.end.Load()))
	return 0, nil
}
func (d *discard) Flush(context.Context) error { return nil }
func (d *discard) Durable() uint64             { return d.end.Load() }
func (d *discard) Watermark() uint64           { return 0 }

// BenchmarkPipeline is the way of a span of 300 bytes from Write to the store's
// Append: what the pipeline itself costs.
func BenchmarkPipeline(b *testing.B) {
	ring, err := ringbuffer.New(64 << 20)
	if err != nil {
		b.Fatal(err)
	}
	defer ring.Close()
	p, err := pipeline.New(ring, pipeline.Options{Store: &discard{}, Logger: quiet})
	if err != nil {
		b.Fatal(err)
	}
	defer p.Close()
	if err := p.Start(); err != nil {
		b.Fatal(err)
	}
	scope := producer{b, ring}.scope("a", "x")
	record := make([]byte, otlpwire.RefSize+300)
	otlpwire.PutRef(record, scope)
	b.SetBytes(300)
	b.ReportAllocs()
	for b.Loop() {
		for {
			_, err := ring.Write(otlpwire.KindSpan, record)
			if err == nil {
				break
			}
			if !errors.Is(err, ringbuffer.ErrFull) {
				b.Fatal(err)
			}
			runtime.Gosched()
		}
	}
	if err := p.Drain(b.Context()); err != nil {
		b.Fatal(err)
	}
}
