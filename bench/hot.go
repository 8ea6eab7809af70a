package bench

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/ttlog/ttlog/internal/datadir"
	"github.com/ttlog/ttlog/processor"
	"github.com/ttlog/ttlog/storage"
)

// peerSDK is the official SDK's pipeline.
const peerSDK = "BatchSpanProcessor + otlptracehttp"

// burst is how many spans are ended between two flushes when OnEnd alone is
// measured, and warm how many before them, unmeasured, because a flush leaves
// cold caches behind. Together they are fewer than the batch processor exports
// at once, so that neither side's background work falls into the measured time.
const (
	burst = 400
	warm  = 100
)

// spanPipeline is one side of a comparison: a processor, and what waits until
// everything it got is where it should be.
type spanPipeline struct {
	sdktrace.SpanProcessor
	flush func(context.Context) error
	close func(context.Context) error
}

// newPeer builds the official pipeline to a discarding server. With blocking
// it drops nothing and waits instead, so that all its work is seen.
func newPeer(ctx context.Context, addr string, blocking bool) (spanPipeline, error) {
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpoint(addr), otlptracehttp.WithInsecure())
	if err != nil {
		return spanPipeline{}, err
	}
	var opts []sdktrace.BatchSpanProcessorOption
	if blocking {
		opts = append(opts, sdktrace.WithBlocking())
	}
	p := sdktrace.NewBatchSpanProcessor(exporter, opts...)
	return spanPipeline{p, p.ForceFlush, p.Shutdown}, nil
}

// newTTLog builds ttlog's pipeline: a ring file, and a store whose parts are
// synced to disk.
func newTTLog(dir string, blocking bool) (spanPipeline, error) {
	d, err := datadir.Open(dir, datadir.Options{Store: storage.Options{FlushInterval: time.Hour}})
	if err != nil {
		return spanPipeline{}, err
	}
	var opts []processor.Option
	if blocking {
		opts = append(opts, processor.WithBlock(time.Minute))
	}
	p := processor.NewSpanProcessor(d.Ring, opts...)
	return spanPipeline{p, d.Pipeline.Drain, func(ctx context.Context) error {
		if err := p.Shutdown(ctx); err != nil {
			return err
		}
		return d.Close(ctx)
	}}, nil
}

// onEnd measures OnEnd of a span with five attributes: nanoseconds and
// allocations.
func onEnd(ctx context.Context, log io.Writer) ([]Figure, error) {
	spans, err := snapshots(warm + burst)
	if err != nil {
		return nil, err
	}
	addr, stop, err := startDiscard(ctx)
	if err != nil {
		return nil, err
	}
	defer stop()
	peer, err := newPeer(ctx, addr, false)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "ttlog-bench")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	ours, err := newTTLog(filepath.Join(dir, "data"), false)
	if err != nil {
		return nil, err
	}
	const bursts = 200
	var ns, allocs [2][]float64
	for round := range Rounds {
		for side, p := range []spanPipeline{ours, peer} {
			n, a, err := burstCost(ctx, p, spans, bursts)
			if err != nil {
				return nil, err
			}
			ns[side], allocs[side] = append(ns[side], n), append(allocs[side], a)
		}
		fmt.Fprintf(log, "hot.onend5 round %d: ttlog %.0f ns, peer %.0f ns\n", round+1, ns[0][round], ns[1][round])
	}
	if err := ours.close(ctx); err != nil {
		return nil, err
	}
	if err := peer.close(ctx); err != nil {
		return nil, err
	}
	return []Figure{
		Figure{ID: "hot.onend5", Unit: "ns", TTLog: median(ns[0])}.
			withPeer(peerSDK, median(ns[1])).atMost(100, "<= 100 ns"),
		Figure{ID: "hot.onend5.allocs", Unit: "allocs", TTLog: median(allocs[0])}.
			withPeer(peerSDK, median(allocs[1])).atMost(0, "0"),
	}, nil
}

// burstCost returns the nanoseconds and the allocations of one OnEnd, the
// medians over the bursts.
func burstCost(ctx context.Context, p spanPipeline, spans []sdktrace.ReadOnlySpan, bursts int) (ns, allocs float64, err error) {
	var before, after runtime.MemStats
	var times, mallocs []float64
	for range bursts {
		if err := p.ForceFlush(ctx); err != nil {
			return 0, 0, err
		}
		runtime.ReadMemStats(&before)
		for _, s := range spans[:warm] {
			p.OnEnd(s)
		}
		start := time.Now()
		for _, s := range spans[warm:] {
			p.OnEnd(s)
		}
		elapsed := time.Since(start)
		runtime.ReadMemStats(&after)
		times = append(times, float64(elapsed.Nanoseconds())/burst)
		mallocs = append(mallocs, float64(after.Mallocs-before.Mallocs)/float64(len(spans)))
	}
	return median(times), float64(int(median(mallocs)*10+0.5)) / 10, nil
}

// pipeline measures the processor time of one span with five attributes from
// OnEnd until its bytes are durable (ttlog) or with the server (the peer), when
// nothing may be dropped.
func pipeline(ctx context.Context, log io.Writer) ([]Figure, error) {
	const n = 100_000
	spans, err := snapshots(n)
	if err != nil {
		return nil, err
	}
	addr, stop, err := startDiscard(ctx)
	if err != nil {
		return nil, err
	}
	defer stop()
	var ours, theirs []float64
	for round := range Rounds {
		dir, err := os.MkdirTemp("", "ttlog-bench")
		if err != nil {
			return nil, err
		}
		p, err := newTTLog(filepath.Join(dir, "data"), true)
		if err != nil {
			return nil, err
		}
		cost, err := wholeCost(ctx, p, spans)
		if err != nil {
			return nil, err
		}
		ours = append(ours, cost)
		if err := os.RemoveAll(dir); err != nil {
			return nil, err
		}
		if p, err = newPeer(ctx, addr, true); err != nil {
			return nil, err
		}
		if cost, err = wholeCost(ctx, p, spans); err != nil {
			return nil, err
		}
		theirs = append(theirs, cost)
		fmt.Fprintf(log, "hot.pipeline5 round %d: ttlog %.0f ns, peer %.0f ns\n", round+1, ours[round], theirs[round])
	}
	return []Figure{
		Figure{ID: "hot.pipeline5", Unit: "CPU ns/span", TTLog: median(ours)}.
			withPeer(peerSDK, median(theirs)).ratioAtMost(0.5, "ratio <= 0.5"),
	}, nil
}

// wholeCost ends all spans through p, waits until they have arrived, and
// returns the processor time of one in nanoseconds.
func wholeCost(ctx context.Context, p spanPipeline, spans []sdktrace.ReadOnlySpan) (float64, error) {
	runtime.GC()
	start := cpuTime()
	for _, s := range spans {
		p.OnEnd(s)
	}
	if err := p.flush(ctx); err != nil {
		return 0, err
	}
	cost := cpuTime() - start
	return float64(cost.Nanoseconds()) / float64(len(spans)), p.close(ctx)
}
