package storage

import (
	"log/slog"
	"path/filepath"
	"testing"

	"github.com/ttlog/ttlog/internal/capturetest"
)

// captured returns the requests of a file of captured telemetry and their
// size, and skips the benchmark or test where there is none.
func captured(tb testing.TB, name string) (requests [][]byte, size int64) {
	tb.Helper()
	requests = capturetest.Messages(tb, name, 0)
	for _, r := range requests {
		size += int64(len(r))
	}
	return requests, size
}

// BenchmarkStore_AppendFlush stores captured telemetry durably, from OTLP
// bytes to parts, then merges the parts.
func BenchmarkStore_AppendFlush(b *testing.B) {
	for _, c := range []struct {
		name, file string
		signal     Signal
	}{
		{"spans", "hotrod.traces.binpb.zst", Traces},
		{"logs", "loghub.logs.binpb.zst", Logs},
		{"points", "node.metrics.binpb.zst", Metrics},
	} {
		b.Run("signal="+c.name, func(b *testing.B) {
			requests, size := captured(b, c.file)
			b.SetBytes(size)
			b.ReportAllocs()
			var rows, flushed, merged int64
			for b.Loop() {
				s, err := Open(filepath.Join(b.TempDir(), "data"), Options{NoBackgroundCompaction: true, Logger: slog.New(slog.DiscardHandler)})
				if err != nil {
					b.Fatal(err)
				}
				for _, r := range requests {
					if _, err := s.Append(b.Context(), c.signal, r, 0); err != nil {
						b.Fatal(err)
					}
				}
				if err := s.Flush(b.Context()); err != nil {
					b.Fatal(err)
				}
				b.StopTimer()
				st := s.Status()
				rows, flushed = st.Signals[c.signal].Rows, st.Signals[c.signal].Bytes
				if err := s.Compact(b.Context()); err != nil {
					b.Fatal(err)
				}
				merged = s.Status().Signals[c.signal].Bytes
				if err := s.Close(); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
			}
			b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
			b.ReportMetric(float64(flushed)/float64(rows), "B/row-flushed")
			b.ReportMetric(float64(merged)/float64(rows), "B/row-merged")
		})
	}
}

// BenchmarkStore_Trace reads every captured trace once, in no order.
func BenchmarkStore_Trace(b *testing.B) {
	requests, _ := captured(b, "hotrod.traces.binpb.zst")
	s, err := Open(filepath.Join(b.TempDir(), "data"), Options{NoBackgroundCompaction: true, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	traces := map[[16]byte]map[string]int{}
	for _, r := range requests {
		if _, err := s.Append(b.Context(), Traces, r, 0); err != nil {
			b.Fatal(err)
		}
		spansByTrace(b, r, traces)
	}
	if err := s.Flush(b.Context()); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		for id := range traces {
			if _, err := s.Trace(b.Context(), id); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(len(traces))*float64(b.N)/b.Elapsed().Seconds(), "traces/s")
	b.ReportMetric(float64(s.files.traces.Bytes())/(1<<20), "MiB-cached")
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
}
