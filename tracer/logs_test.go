package tracer_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/log"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	"go.opentelemetry.io/otel/trace"

	"github.com/ttlog/ttlog/internal/sdktest"
	"github.com/ttlog/ttlog/processor"
	"github.com/ttlog/ttlog/ringbuffer"
	"github.com/ttlog/ttlog/tracer"
)

// recordedLogs is a provider and what it has recorded.
type recordedLogs struct {
	log.LoggerProvider
	ring    *ringbuffer.Ring
	reader  *ringbuffer.Reader
	records *processor.LogProcessor
}

func loggers(t testing.TB, newProvider func(*processor.LogProcessor) log.LoggerProvider) *recordedLogs {
	t.Helper()
	ring, reader := sdktest.NewRing(t, 1<<20)
	p := processor.NewLogProcessor(ring)
	return &recordedLogs{newProvider(p), ring, reader, p}
}

func ourLoggers(t testing.TB) *recordedLogs {
	return loggers(t, func(p *processor.LogProcessor) log.LoggerProvider { return tracer.NewLoggerProvider(p, shop) })
}

func sdkLoggers(t testing.TB) *recordedLogs {
	return loggers(t, func(p *processor.LogProcessor) log.LoggerProvider {
		return sdklog.NewLoggerProvider(sdklog.WithProcessor(p), sdklog.WithResource(shop))
	})
}

func (r *recordedLogs) text(t testing.TB) string {
	t.Helper()
	b, err := new(plog.JSONMarshaler).MarshalLogs(sdktest.DrainAll(t, r.ring, r.reader).Logs)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// randomRecord returns a record as programs make them, and some that they should not.
func randomRecord(r *rand.Rand) (rec log.Record) {
	rec.SetObservedTimestamp(start)
	if r.IntN(2) == 0 {
		rec.SetTimestamp(start)
	}
	rec.SetSeverity(log.Severity(r.IntN(30) - 2))
	rec.SetSeverityText([]string{"", "INFO", "\xff"}[r.IntN(3)])
	rec.SetEventName([]string{"", "", "started", "\xff"}[r.IntN(4)])
	rec.SetBody([]attribute.Value{
		{},
		attribute.StringValue("hello"), attribute.StringValue("hello"), attribute.StringValue("\xfe"), attribute.IntValue(7), attribute.BoolValue(true),
		attribute.MapValue(attribute.Int("twice", 1), attribute.Int("twice", 2)), attribute.StringSliceValue([]string{"a"}),
	}[r.IntN(8)])
	for range r.IntN(3) {
		rec.AddAttributes(randomAttributes(r)...)
	}
	if r.IntN(8) == 0 {
		rec.SetErr(fmt.Errorf("wrapped: %w", errors.New("failed")))
	}
	return rec
}

// TestLoggerProvider_RecordsWhatTheSDKDoes emits the same records through the
// SDK's provider and ours, and compares them as OTLP.
func TestLoggerProvider_RecordsWhatTheSDKDoes(t *testing.T) {
	for _, env := range [][2]string{{}, {"OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT", "2"}, {"OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT", "3"}} {
		t.Run(env[0], func(t *testing.T) {
			if env[0] != "" {
				t.Setenv(env[0], env[1])
			}
			ours, theirs := ourLoggers(t), sdkLoggers(t)
			for seed := range uint64(500) {
				emit := func(p log.LoggerProvider) {
					r := rand.New(rand.NewPCG(seed, 2))
					ctx := context.Background()
					if n := r.IntN(3); n > 0 {
						ctx = trace.ContextWithRemoteSpanContext(ctx, remote(n > 1))
					}
					l := p.Logger([]string{"", "scope"}[seed%2], log.WithInstrumentationVersion("v1"), log.WithSchemaURL("url"), log.WithInstrumentationAttributes(attribute.Int("i", r.IntN(2))))
					if !l.Enabled(ctx, log.EnabledParameters{}) {
						t.Error("not enabled")
					}
					l.Emit(ctx, randomRecord(r))
				}
				emit(ours)
				emit(theirs)
				if a, b := ours.text(t), theirs.text(t); a != b {
					t.Fatalf("seed %d:\ngot  %s\nwant %s", seed, a, b)
				}
			}
			if a, b := ours.records.Stats(), theirs.records.Stats(); a != b || a.Written != 500 {
				t.Errorf("got %+v, want %+v", a, b)
			}
		})
	}
}

// TestLogger_Shutdown: what comes later is recorded nowhere.
func TestLogger_Shutdown(t *testing.T) {
	p := ourLoggers(t)
	l := p.Logger("test")
	var rec log.Record
	rec.SetErr(faulty{})
	l.Emit(t.Context(), rec)
	if err := p.LoggerProvider.(*tracer.LoggerProvider).Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if l.Enabled(t.Context(), log.EnabledParameters{}) {
		t.Error("enabled after Shutdown")
	}
	l.Emit(t.Context(), log.Record{})
	if got := p.records.Stats(); got.Written != 1 {
		t.Errorf("got %+v, want the record of the error that panics, and no later one", got)
	}
}

// TestLogger_ConcurrentSafe: each record is its own, whoever else emits.
func TestLogger_ConcurrentSafe(t *testing.T) {
	p := ourLoggers(t)
	var wg sync.WaitGroup
	const workers, rounds = 8, 200
	for w := range workers {
		wg.Go(func() {
			for i := range rounds {
				var rec log.Record
				rec.SetBody(attribute.StringValue(fmt.Sprint(w)))
				rec.AddAttributes(attribute.Int("worker", w), attribute.Int("round", i))
				p.Logger("test").Emit(context.Background(), rec)
			}
		})
	}
	wg.Wait()
	seen := map[string]bool{}
	for _, rl := range sdktest.DrainAll(t, p.ring, p.reader).Logs.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, rec := range sl.LogRecords().All() {
				worker, _ := rec.Attributes().Get("worker")
				round, _ := rec.Attributes().Get("round")
				if rec.Body().AsString() != worker.AsString() {
					t.Errorf("worker %s recorded %s", worker.AsString(), rec.Body().AsString())
				}
				seen[worker.AsString()+"/"+round.AsString()] = true
			}
		}
	}
	if len(seen) != workers*rounds {
		t.Errorf("got %d records, want %d", len(seen), workers*rounds)
	}
}

func TestLogger_NoAllocations(t *testing.T) { // not parallel: counts allocations
	p := ourLoggers(t)
	l, ctx := p.Logger("test"), t.Context()
	kvs := []attribute.KeyValue{attribute.String("a", "b"), attribute.Int("c", 1), attribute.Bool("d", true), attribute.Float64("e", 1), attribute.String("f", "g")}
	if n := testing.AllocsPerRun(500, func() {
		var rec log.Record
		rec.SetBody(attribute.StringValue("order taken"))
		rec.SetSeverity(log.SeverityInfo)
		rec.AddAttributes(kvs...)
		l.Emit(ctx, rec)
	}); n > 0 && !raceEnabled {
		t.Errorf("%v allocations, want none", n)
	}
}
