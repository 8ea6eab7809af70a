package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/ttlog/ttlog/internal/capturetest"
	"github.com/ttlog/ttlog/internal/otlpfile"
	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/storage"
)

// hotrod is the captured application that the store is measured on: spans of
// Jaeger's HotROD demo, sent by the official Go SDK.
const hotrod = "hotrod.traces.binpb.zst"

// store measures the import of captured spans: speed and size.
func store(ctx context.Context, log io.Writer) ([]Figure, error) {
	path := capturetest.Find(hotrod)
	if path == "" {
		fmt.Fprintf(log, "store.*: skipped, no %s in $TTLOG_CAPTURES or ../shared/data\n", hotrod)
		return nil, nil
	}
	compressed, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	var rates []float64
	var spans, otlpBytes, diskBytes float64
	for round := range Rounds {
		r, err := importOnce(ctx, path)
		if err != nil {
			return nil, err
		}
		rates = append(rates, r.spans/r.cpuSeconds)
		spans, otlpBytes, diskBytes = r.spans, r.otlpBytes, r.diskBytes
		fmt.Fprintf(log, "store.span_rate round %d: %.0f spans per second of a core\n", round+1, rates[round])
	}
	return []Figure{
		Figure{ID: "store.span_rate", Unit: "spans/s per core", TTLog: median(rates)}.
			atLeast(4e5, ">= 400,000"),
		Figure{ID: "store.span_bytes", Unit: "bytes/span", TTLog: diskBytes / spans}.
			withPeer("zstd -19 of the OTLP stream", float64(compressed.Size())/spans).atMost(52.4, "<= 52.4 (best peer's store)"),
		Figure{ID: "store.ratio", Unit: "bytes/OTLP byte", TTLog: diskBytes / otlpBytes}.
			withPeer("zstd -19 of the OTLP stream", float64(compressed.Size())/otlpBytes).atMost(0.1, "<= 0.1"),
	}, nil
}

// generatedRates measures how fast small records are stored.
func generatedRates(ctx context.Context, log io.Writer) (figures []Figure, err error) {
	for _, g := range []struct {
		id     string
		signal otlpwire.Signal
		make   func() ([][]byte, error)
	}{
		{"store.span_rate.narrow", otlpwire.Traces, narrowSpans},
		{"store.span_rate.logs", otlpwire.Logs, fieldLogs},
	} {
		requests, err := g.make()
		if err != nil {
			return nil, err
		}
		var rates []float64
		for range ingestRounds {
			r, err := storeOnce(ctx, g.signal, requests)
			if err != nil {
				return nil, err
			}
			rates = append(rates, r.spans/r.cpuSeconds)
		}
		fmt.Fprintf(log, "%s: %.0f records per second of a core\n", g.id, rates)
		figures = append(figures, Figure{ID: g.id, Unit: "records/s per core", TTLog: median(rates)}.atLeast(1e6, ">= 1,000,000"))
	}
	return figures, nil
}

// storeOnce stores requests in a new directory and tells the processor time.
func storeOnce(ctx context.Context, signal otlpwire.Signal, requests [][]byte) (r importResult, err error) {
	dir, err := os.MkdirTemp("", "ttlog-bench")
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	s, err := storage.Open(filepath.Join(dir, "data"), storage.Options{NoBackgroundCompaction: true})
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	runtime.GC()
	start := cpuTime()
	for _, msg := range requests {
		n, err := s.Append(ctx, signal, msg, 0)
		if err != nil {
			return r, err
		}
		r.spans += float64(n)
	}
	err = s.Flush(ctx)
	r.cpuSeconds = (cpuTime() - start).Seconds()
	return r, err
}

type importResult struct{ spans, otlpBytes, diskBytes, cpuSeconds float64 }

// importOnce stores the file in a new directory as `ttlog import` does, and
// compacts it. The processor time is that of reading the file and making its
// rows durable, without the compaction.
func importOnce(ctx context.Context, path string) (r importResult, err error) {
	dir, err := os.MkdirTemp("", "ttlog-bench")
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	in, err := otlpfile.Open(path, otlpwire.Traces)
	if err != nil {
		return r, err
	}
	defer in.Close()
	s, err := storage.Open(filepath.Join(dir, "data"), storage.Options{NoBackgroundCompaction: true})
	if err != nil {
		return r, err
	}
	runtime.GC()
	start := cpuTime()
	for {
		msg, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return r, err
		}
		n, err := s.Append(ctx, otlpwire.Traces, msg, 0)
		if err != nil {
			return r, err
		}
		r.spans += float64(n)
		r.otlpBytes += float64(4 + len(msg)) // the stream's length prefix is part of it
	}
	if err := s.Flush(ctx); err != nil {
		return r, err
	}
	r.cpuSeconds = (cpuTime() - start).Seconds()
	if err := errors.Join(s.Compact(ctx), s.Close()); err != nil {
		return r, err
	}
	r.diskBytes, err = treeBytes(dir)
	return r, err
}

// treeBytes adds up the sizes of all files below dir.
func treeBytes(dir string) (float64, error) {
	var total int64
	err := filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		if err == nil {
			total += info.Size()
		}
		return err
	})
	return float64(total), err
}
