package bench

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/log"
	otelmetric "go.opentelemetry.io/otel/metric"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/ttlog/ttlog"
	ttlogslog "github.com/ttlog/ttlog/instrument/slog"
	"github.com/ttlog/ttlog/processor"
	"github.com/ttlog/ttlog/ringbuffer"
	"github.com/ttlog/ttlog/tracer"
)

// What one call costs its caller is measured as processor time of the process, the
// collector's and the peer's background work included, because on a busy machine
// the clock says more about the neighbors.

// hotCalls is how many calls are measured at a time: they fit into the ring.
const hotCalls = 40_000

// call is one side: what is called n times, and what makes room for the next n.
type call struct {
	run   func(n int)
	after func()
}

// hotResource is what the records are of.
var hotResource = resource.NewSchemaless(attribute.String("service.name", "bench"), attribute.String("service.version", "1.2.3"))

// hotRing is a file-backed ring that is emptied between two measurements.
type hotRing struct {
	*ringbuffer.Ring
	reader *ringbuffer.Reader
	close  func()
}

func newHotRing() (*hotRing, error) {
	dir, err := os.MkdirTemp("", "ttlog-bench")
	if err != nil {
		return nil, err
	}
	ring, err := ringbuffer.Open(filepath.Join(dir, "ring"), ringbuffer.Options{Size: 16 << 20})
	if err != nil {
		return nil, err
	}
	reader, err := ring.Reader("bench")
	if err != nil {
		return nil, err
	}
	return &hotRing{ring, reader, func() { _ = ring.Close(); _ = os.RemoveAll(dir) }}, nil
}

// empty reads everything.
func (r *hotRing) empty() {
	var end uint64
	for rec, ok := r.reader.Next(); ok; rec, ok = r.reader.Next() {
		end = rec.End
	}
	r.reader.Release(end)
}

// compareCalls measures calls in turn, and returns the medians of the processor
// time of one call of each in nanoseconds, and of its allocations.
func compareCalls(log io.Writer, id string, n int, calls ...call) (ns, allocs []float64) {
	times, mallocs := make([][]float64, len(calls)), make([][]float64, len(calls))
	var before, after runtime.MemStats
	for round := range Rounds + 1 {
		for i, c := range calls {
			runtime.GC()
			runtime.ReadMemStats(&before)
			start := cpuTime()
			c.run(n)
			cost := cpuTime() - start
			runtime.ReadMemStats(&after)
			if c.after != nil {
				c.after()
			}
			if round == 0 {
				continue // memory is touched for the first time
			}
			times[i] = append(times[i], float64(cost.Nanoseconds())/float64(n))
			mallocs[i] = append(mallocs[i], float64(after.Mallocs-before.Mallocs)/float64(n))
		}
	}
	for i := range calls {
		ns, allocs = append(ns, median(times[i])), append(allocs, float64(int(median(mallocs[i])*10+0.5))/10)
	}
	fmt.Fprintf(log, "%s: %.0f ns, %.1f allocations\n", id, ns, allocs)
	return ns, allocs
}

// gcPercents are the settings of the collector under which calls are measured: the
// default, and one of services with memory to spare.
var gcPercents = []struct {
	percent int
	suffix  string
}{{100, ""}, {800, ".gogc800"}}

// hotSpan is a span's work, as an instrumentation does it.
func hotSpan(ctx context.Context, t trace.Tracer, kvs []attribute.KeyValue) {
	_, span := t.Start(ctx, "GET /orders/{id}")
	span.SetAttributes(kvs...)
	span.End()
}

// hotAttributes are five strings, of which an instrumentation makes new ones for
// each request; here they are made once, to see what is done with them.
var hotAttributes = []attribute.KeyValue{
	attribute.String("http.request.method", "GET"), attribute.String("http.route", "/orders/{id}"), attribute.String("url.path", "/orders/1234567"),
	attribute.String("client.address", "10.20.30.40"), attribute.String("url.scheme", "https"),
}

// discardSpans is an exporter that counts.
type discardSpans struct{ n atomic.Int64 }

func (d *discardSpans) ExportSpans(_ context.Context, spans []sdktrace.ReadOnlySpan) error {
	d.n.Add(int64(len(spans)))
	return nil
}
func (*discardSpans) Shutdown(context.Context) error { return nil }

// spanCalls measures Start, SetAttributes and End, and End alone.
func spanCalls(ctx context.Context, log io.Writer) (figures []Figure, err error) {
	ring, err := newHotRing()
	if err != nil {
		return nil, err
	}
	defer ring.close()
	spans := processor.NewSpanProcessor(ring.Ring)
	ours := tracer.NewProvider(spans, tracer.WithResource(hotResource)).Tracer("bench")
	var kept discardSpans
	batch := sdktrace.NewBatchSpanProcessor(&kept)
	theirs := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(batch), sdktrace.WithResource(hotResource)).Tracer("bench")
	defer func() { _ = batch.Shutdown(ctx) }()
	run := func(t trace.Tracer) func(int) {
		return func(n int) {
			for range n {
				hotSpan(ctx, t, hotAttributes)
			}
		}
	}
	const n = hotCalls
	const peer = "SDK + BatchSpanProcessor + discard"
	for _, gc := range gcPercents {
		before := debug.SetGCPercent(gc.percent)
		kept.n.Store(0)
		ns, allocs := compareCalls(log, "hot.span5"+gc.suffix, n, call{run(ours), ring.empty}, call{run(theirs), func() { _ = batch.ForceFlush(ctx) }})
		debug.SetGCPercent(before)
		figures = append(figures,
			Figure{ID: "hot.span5" + gc.suffix, Unit: "CPU ns", TTLog: ns[0]}.withPeer(peer, ns[1]).ratioAtMost(1.0/6, "ratio <= 1/6"),
			Figure{ID: "hot.span5.allocs" + gc.suffix, Unit: "allocs", TTLog: allocs[0]}.withPeer(peer, allocs[1]).atMost(2, "<= 2"))
		if gc.suffix == "" {
			s := spans.Stats()
			figures = append(figures, Figure{ID: "hot.span5.dropped", Unit: "% of spans", TTLog: 100 * float64(s.Dropped()) / float64(s.Dropped()+s.Written)}.
				withPeer(peer, 100*(1-float64(kept.n.Load())/float64((Rounds+1)*n))).atMost(0, "0"))
		}
	}
	end, err := endCalls(ctx, log, ring, ours, theirs)
	return append(figures, end), err
}

// endCalls measures End alone, of spans that were started before, in the time of
// the thread that calls it.
func endCalls(ctx context.Context, log io.Writer, ring *hotRing, tracers ...trace.Tracer) (Figure, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	const rounds = 150
	medians := make([]float64, len(tracers))
	for i, t := range tracers {
		var times []float64
		started := make([]trace.Span, warm+burst)
		for range rounds {
			for j := range started {
				_, started[j] = t.Start(ctx, "GET /orders/{id}")
				started[j].SetAttributes(hotAttributes...)
			}
			for _, s := range started[:warm] {
				s.End()
			}
			begin := threadTime()
			for _, s := range started[warm:] {
				s.End()
			}
			times = append(times, float64((threadTime()-begin).Nanoseconds())/burst)
			ring.empty()
		}
		medians[i] = median(times)
	}
	fmt.Fprintf(log, "hot.end5: %.0f ns\n", medians)
	return Figure{ID: "hot.end5", Unit: "CPU ns", TTLog: medians[0]}.withPeer("SDK + BatchSpanProcessor", medians[1]).atMost(150, "<= 150 ns"), nil
}

// writes measures a record of 200 bytes into the file-backed ring, with its pages
// warm, and right after the ring was opened.
func writes(_ context.Context, log io.Writer) ([]Figure, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	payload := make([]byte, 200)
	const n = hotCalls
	var warmed, cold []float64
	for range Rounds {
		ring, err := newHotRing()
		if err != nil {
			return nil, err
		}
		for lap := range 4 {
			runtime.GC()
			begin := threadTime()
			for range n {
				if _, err := ring.Write(1, payload); err != nil {
					return nil, err
				}
			}
			cost := float64((threadTime() - begin).Nanoseconds()) / n
			ring.empty()
			switch lap {
			case 0:
				cold = append(cold, cost)
			case 3: // the third was the first over pages that were touched
				warmed = append(warmed, cost)
			}
		}
		ring.close()
	}
	fmt.Fprintf(log, "hot.write: warm %.0f ns, cold %.0f ns\n", warmed, cold)
	return []Figure{
		Figure{ID: "hot.write", Unit: "CPU ns", TTLog: median(warmed)}.atMost(60, "<= 60 ns"),
		Figure{ID: "hot.write.cold", Unit: "CPU ns", TTLog: median(cold)}.atMost(100, "<= 100 ns"),
	}, nil
}

// discardRecords is an exporter of log records that drops them.
type discardRecords struct{}

func (discardRecords) Export(context.Context, []sdklog.Record) error { return nil }
func (discardRecords) Shutdown(context.Context) error                { return nil }
func (discardRecords) ForceFlush(context.Context) error              { return nil }

// logCalls measures a log record with five attributes, through the logs API and
// through slog.
func logCalls(ctx context.Context, w io.Writer) (figures []Figure, err error) {
	ring, err := newHotRing()
	if err != nil {
		return nil, err
	}
	defer ring.close()
	lp := tracer.NewLoggerProvider(processor.NewLogProcessor(ring.Ring), hotResource)
	sdk := sdklog.NewLoggerProvider(sdklog.WithProcessor(sdklog.NewBatchProcessor(discardRecords{})), sdklog.WithResource(hotResource))
	defer func() { _ = sdk.Shutdown(ctx) }()
	emit := func(p log.LoggerProvider) func(int) {
		l := p.Logger("bench")
		return func(n int) {
			for range n {
				var r log.Record
				r.SetTimestamp(time.Now())
				r.SetSeverity(log.SeverityInfo)
				r.SetBody(attribute.StringValue("order taken"))
				r.AddAttributes(hotAttributes...)
				l.Emit(ctx, r)
			}
		}
	}
	ours := slog.New(ttlogslog.NewHandler(nil, ttlogslog.WithLoggerProvider(lp)))
	json := slog.New(slog.NewJSONHandler(io.Discard, nil)) //nolint:sloglint // the encoding is what is measured
	zero := zerolog.New(io.Discard).With().Timestamp().Logger()
	logAttrs := func(l *slog.Logger) func(int) {
		return func(n int) {
			for range n {
				l.LogAttrs(ctx, slog.LevelInfo, "order taken", slog.String("http.request.method", "GET"), slog.String("http.route", "/orders/{id}"),
					slog.String("url.path", "/orders/1234567"), slog.String("client.address", "10.20.30.40"), slog.String("url.scheme", "https"))
			}
		}
	}
	zerologs := func(n int) {
		for range n {
			zero.Info().Str("http.request.method", "GET").Str("http.route", "/orders/{id}").
				Str("url.path", "/orders/1234567").Str("client.address", "10.20.30.40").Str("url.scheme", "https").Msg("order taken")
		}
	}
	for _, gc := range gcPercents {
		before := debug.SetGCPercent(gc.percent)
		ns, allocs := compareCalls(w, "hot.log5"+gc.suffix, hotCalls,
			call{emit(lp), ring.empty}, call{logAttrs(ours), ring.empty}, call{run: zerologs}, call{run: emit(sdk)}, call{run: logAttrs(json)})
		debug.SetGCPercent(before)
		const zerologName, sdkName, jsonName = "zerolog, JSON to io.Discard", "sdk/log + BatchProcessor + discard", "slog JSON to io.Discard"
		figures = append(figures,
			Figure{ID: "hot.log5" + gc.suffix, Unit: "CPU ns", TTLog: ns[0]}.withPeer(zerologName, ns[2]).ratioAtMost(1, "ratio <= 1"),
			Figure{ID: "hot.log5.sdk" + gc.suffix, Unit: "CPU ns", TTLog: ns[0]}.withPeer(sdkName, ns[3]).ratioAtMost(1, "ratio <= 1"),
			Figure{ID: "hot.slog5" + gc.suffix, Unit: "CPU ns", TTLog: ns[1]}.withPeer(zerologName, ns[2]).ratioAtMost(1, "ratio <= 1"),
			Figure{ID: "hot.slog5.json" + gc.suffix, Unit: "CPU ns", TTLog: ns[1]}.withPeer(jsonName, ns[4]).ratioAtMost(1, "ratio <= 1"),
			Figure{ID: "hot.slog5.allocs" + gc.suffix, Unit: "allocs", TTLog: allocs[1]}.withPeer(zerologName, allocs[2]).atMost(0, "0"))
	}
	return figures, nil
}

// counterCalls measures adding to a counter with five attributes that are built for
// each call, and the SDK's own with a set that was made before.
func counterCalls(ctx context.Context, log io.Writer) (figures []Figure, err error) {
	mp := metric.NewMeterProvider(metric.WithReader(metric.NewManualReader()), metric.WithResource(hotResource))
	before := otel.GetMeterProvider()
	otel.SetMeterProvider(mp)
	defer otel.SetMeterProvider(before)
	ours := ttlog.Counter("bench.ours")
	theirs, err := mp.Meter("bench").Int64Counter("bench.theirs")
	if err != nil {
		return nil, err
	}
	set := otelmetric.WithAttributeSet(attribute.NewSet(hotAttributes...))
	add := func(ctx context.Context, kvs ...attribute.KeyValue) {
		theirs.Add(ctx, 1, otelmetric.WithAttributes(kvs...))
	}
	for _, gc := range gcPercents {
		percent := debug.SetGCPercent(gc.percent)
		ns, allocs := compareCalls(log, "hot.counter5"+gc.suffix, hotCalls,
			call{run: func(n int) {
				for range n {
					ours.Add(ctx, 1, attribute.String("http.request.method", "GET"), attribute.String("http.route", "/orders/{id}"),
						attribute.String("url.path", "/orders/1234567"), attribute.String("client.address", "10.20.30.40"), attribute.String("url.scheme", "https"))
				}
			}},
			call{run: func(n int) {
				for range n {
					add(ctx, attribute.String("http.request.method", "GET"), attribute.String("http.route", "/orders/{id}"),
						attribute.String("url.path", "/orders/1234567"), attribute.String("client.address", "10.20.30.40"), attribute.String("url.scheme", "https"))
				}
			}},
			call{run: func(n int) {
				for range n {
					theirs.Add(ctx, 1, set)
				}
			}})
		debug.SetGCPercent(percent)
		figures = append(figures,
			Figure{ID: "hot.counter5" + gc.suffix, Unit: "CPU ns", TTLog: ns[0]}.withPeer("SDK, set built per call", ns[1]).ratioAtMost(0.25, "ratio <= 1/4"),
			Figure{ID: "hot.counter5.set" + gc.suffix, Unit: "CPU ns", TTLog: ns[0]}.withPeer("SDK, set made before", ns[2]).ratioAtMost(2, "ratio <= 2"),
			Figure{ID: "hot.counter5.allocs" + gc.suffix, Unit: "allocs", TTLog: allocs[0]}.withPeer("SDK, set built per call", allocs[1]).atMost(0, "0"))
	}
	return figures, nil
}
