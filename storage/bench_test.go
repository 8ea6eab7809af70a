package storage

import (
	"encoding/binary"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// captured returns the requests of a file of captured telemetry, and skips the
// benchmark or test where there is none.
func captured(tb testing.TB, name string) (requests [][]byte, size int64) {
	tb.Helper()
	dirs := []string{os.Getenv("TTLOG_CAPTURES"), "../../shared/data", "../../../shared/data"}
	for _, dir := range dirs {
		if dir == "" {
			continue
		}
		f, err := os.Open(filepath.Join(dir, name))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			tb.Fatal(err)
		}
		defer func() { _ = f.Close() }()
		z, err := zstd.NewReader(f)
		if err != nil {
			tb.Fatal(err)
		}
		defer z.Close()
		for {
			var head [4]byte
			if _, err := io.ReadFull(z, head[:]); errors.Is(err, io.EOF) {
				return requests, size
			} else if err != nil {
				tb.Fatal(err)
			}
			msg := make([]byte, binary.BigEndian.Uint32(head[:]))
			if _, err := io.ReadFull(z, msg); err != nil {
				tb.Fatal(err)
			}
			requests = append(requests, msg)
			size += int64(len(msg))
		}
	}
	tb.Skipf("%s is not here; set TTLOG_CAPTURES to the folder that has it", name)
	return nil, 0
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
