package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/ttlog/ttlog/exporter/otlp"
	"github.com/ttlog/ttlog/internal/datadir"
	pipelines "github.com/ttlog/ttlog/internal/pipeline"
	"github.com/ttlog/ttlog/processor"
	"github.com/ttlog/ttlog/ringbuffer"
	"github.com/ttlog/ttlog/storage"
	"github.com/ttlog/ttlog/tracer"
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

// spanPipeline is one side of a comparison: a processor, and what ends it.
type spanPipeline struct {
	sdktrace.SpanProcessor
	close func(context.Context) error
}

// newPeer builds the official pipeline to a discarding server.
func newPeer(ctx context.Context, addr string) (spanPipeline, error) {
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpoint(addr), otlptracehttp.WithInsecure())
	if err != nil {
		return spanPipeline{}, err
	}
	p := sdktrace.NewBatchSpanProcessor(exporter)
	return spanPipeline{p, p.Shutdown}, nil
}

// newTTLog builds ttlog's pipeline: a ring file, and a store whose parts are
// synced to disk.
func newTTLog(dir string) (spanPipeline, error) {
	d, err := datadir.Open(dir, datadir.Options{Store: storage.Options{FlushInterval: time.Hour}})
	if err != nil {
		return spanPipeline{}, err
	}
	p := processor.NewSpanProcessor(d.Ring, processor.WithFlush(d.Pipeline.Drain))
	return spanPipeline{p, func(ctx context.Context) error {
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
	addr, stop, err := startDiscard(ctx, discardArg)
	if err != nil {
		return nil, err
	}
	defer stop()
	peer, err := newPeer(ctx, addr)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "ttlog-bench")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	ours, err := newTTLog(filepath.Join(dir, "data"))
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

// pipeline measures the processor time of one span with five attributes from Start
// until it is durable (ttlog), or with a server in another process that discards it
// (the peer, and ttlog where it forwards), when nothing may be dropped.
func pipeline(ctx context.Context, log io.Writer) ([]Figure, error) {
	addr, stop, err := startDiscard(ctx, discardGRPCArg)
	if err != nil {
		return nil, err
	}
	defer stop()
	sides := []func(dir string) (traced, error){
		func(dir string) (traced, error) { return newOwn(dir) },
		func(dir string) (traced, error) { return newForwarding(dir, addr) },
		func(string) (traced, error) { return newPeerGRPC(ctx, addr) },
	}
	costs := make([][]float64, len(sides))
	for round := range Rounds {
		for i, open := range sides {
			cost, err := wholeCost(ctx, open)
			if err != nil {
				return nil, err
			}
			costs[i] = append(costs[i], cost)
		}
		fmt.Fprintf(log, "hot.pipeline5 round %d: stored %.0f ns, forwarded %.0f ns, peer %.0f ns\n", round+1, costs[0][round], costs[1][round], costs[2][round])
	}
	return []Figure{
		Figure{ID: "hot.pipeline5", Unit: "CPU ns/span", TTLog: median(costs[0])}.withPeer(peerGRPC, median(costs[2])).ratioAtMost(0.1, "ratio <= 1/10"),
		Figure{ID: "hot.pipeline5.forward", Unit: "CPU ns/span", TTLog: median(costs[1])}.withPeer(peerGRPC, median(costs[2])).ratioAtMost(0.2, "ratio <= 1/5"),
	}, nil
}

// peerGRPC is the official SDK, which waits where it would drop.
const peerGRPC = "SDK + blocking BatchSpanProcessor + otlptracegrpc"

// traced is a tracer, what waits until its spans are where they should be, and what
// ends it.
type traced struct {
	trace.Tracer
	flush func(context.Context) error
	close func(context.Context) error
}

// linger is how long records wait for more of them, as in an application.
const linger = 25 * time.Millisecond

// newOwn is ttlog's provider over a ring file, and a store whose parts are synced.
func newOwn(dir string) (traced, error) {
	d, err := datadir.Open(dir, datadir.Options{Store: storage.Options{FlushInterval: time.Hour}, Linger: linger})
	if err != nil {
		return traced{}, err
	}
	p := processor.NewSpanProcessor(d.Ring, processor.WithBlock(time.Minute))
	return traced{tracer.NewProvider(p, tracer.WithResource(hotResource)).Tracer("bench"), d.Pipeline.Drain, func(ctx context.Context) error {
		return errors.Join(p.Shutdown(ctx), d.Close(ctx))
	}}, nil
}

// newForwarding is ttlog's provider over a ring file, and a forwarder, which sends what
// the peer sends: uncompressed.
func newForwarding(dir, addr string) (traced, error) {
	ring, err := ringbuffer.Open(dir, ringbuffer.Options{Size: 64 << 20})
	if err != nil {
		return traced{}, err
	}
	client, err := otlp.New(otlp.Options{Target: otlp.Target{Endpoint: "grpc://" + addr, Compression: otlp.CompressionNone}})
	if err != nil {
		return traced{}, err
	}
	pipe, err := pipelines.New(ring, pipelines.Options{ForwardLinger: linger, Forwarders: []pipelines.NamedForwarder{{Name: "bench", Forwarder: client}}})
	if err != nil {
		return traced{}, err
	}
	if err := pipe.Start(); err != nil {
		return traced{}, err
	}
	p := processor.NewSpanProcessor(ring, processor.WithBlock(time.Minute))
	return traced{tracer.NewProvider(p, tracer.WithResource(hotResource)).Tracer("bench"), pipe.Drain, func(ctx context.Context) error {
		return errors.Join(p.Shutdown(ctx), pipe.Close(), client.Close(), ring.Close())
	}}, nil
}

func newPeerGRPC(ctx context.Context, addr string) (traced, error) {
	exporter, err := otlptracegrpc.New(ctx, otlptracegrpc.WithEndpoint(addr), otlptracegrpc.WithInsecure())
	if err != nil {
		return traced{}, err
	}
	tp := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter, sdktrace.WithBlocking()), sdktrace.WithResource(hotResource))
	return traced{tp.Tracer("bench"), tp.ForceFlush, tp.Shutdown}, nil
}

// wholeCost records spans, waits until they have arrived, and returns the processor
// time of one in nanoseconds.
func wholeCost(ctx context.Context, open func(dir string) (traced, error)) (float64, error) {
	const n = 100_000
	dir, err := os.MkdirTemp("", "ttlog-bench")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	t, err := open(filepath.Join(dir, "data"))
	if err != nil {
		return 0, err
	}
	runtime.GC()
	start := cpuTime()
	for i := range n {
		_, span := t.Start(ctx, "GET /orders/{id}", trace.WithSpanKind(trace.SpanKindServer))
		span.SetAttributes(
			attribute.String("http.request.method", "GET"), attribute.String("http.route", "/orders/{id}"), attribute.String("url.path", "/orders/"+strconv.Itoa(i)),
			attribute.Int("http.response.status_code", 200), attribute.Int("shop.items", i%17),
		)
		span.End()
	}
	if err := t.flush(ctx); err != nil {
		return 0, err
	}
	cost := cpuTime() - start
	return float64(cost.Nanoseconds()) / n, t.close(ctx)
}
