package query_test

import (
	"log/slog"
	"testing"

	"github.com/ttlog/ttlog/internal/capturetest"
	"github.com/ttlog/ttlog/storage"
)

// emptyStore opens a store that merges nothing by itself, until the test ends.
func emptyStore(t *testing.T) *storage.Store {
	t.Helper()
	s, err := storage.Open(t.TempDir(), storage.Options{NoBackgroundCompaction: true, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// capturedSpans opens a store with the spans of some requests of the capture. Each
// time so many of them are flushed; what is left stays in memory.
func capturedSpans(t *testing.T, requests, flushEach int) *storage.Store {
	t.Helper()
	s := emptyStore(t)
	for i, r := range capturetest.Messages(t, "hotrod.traces.binpb.zst", requests) {
		if _, err := s.Append(t.Context(), storage.Traces, r, 0); err != nil {
			t.Fatal(err)
		}
		if (i+1)%flushEach == 0 {
			if err := s.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	return s
}
