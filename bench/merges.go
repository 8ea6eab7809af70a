package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/ttlog/ttlog/internal/capturetest"
	"github.com/ttlog/ttlog/internal/otlpfile"
	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/storage"
)

// What the store of a daemon flushes after, whichever comes first: the
// defaults of storage.Options with a ring.
const (
	flushAfter = 10 * time.Second
	flushBytes = 20 << 20
)

// Merges stores what comes at a rate in a long time, as fast as it can: without
// a ring, and flushed as often as it would be then. It shows what merges cost in
// the long run.
func Merges(ctx context.Context, o WritesOptions) (r WritesResult, err error) {
	capture := capturetest.Find(hotrod)
	if capture == "" {
		return r, fmt.Errorf("no %s in $TTLOG_CAPTURES or ../shared/data", hotrod)
	}
	dir, err := os.MkdirTemp(o.Dir, "ttlog-merges")
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	data := filepath.Join(dir, "data")
	s, err := storage.Open(data, storage.Options{FlushInterval: -1})
	if err != nil {
		return r, err
	}
	start := cpuTime()
	err = r.store(ctx, o, capture, s)
	for merges := int64(-1); err == nil && merges != s.Status().Counters.Compactions; time.Sleep(2 * time.Second) {
		merges = s.Status().Counters.Compactions
	}
	r.CPU = (cpuTime() - start).Seconds()
	r.Seconds = o.For.Seconds()
	c := s.Status().Counters
	r.Flushed, r.Merged = float64(c.FlushedBytes), float64(c.CompactedBytes)
	r.Process = r.Flushed + r.Merged
	if err := errors.Join(err, s.Close()); err != nil {
		return r, err
	}
	r.Kept, err = kept(ctx, data)
	return r, err
}

// store appends and flushes.
func (r *WritesResult) store(ctx context.Context, o WritesOptions, capture string, s *storage.Store) error {
	var fresh refresher
	var rows, size float64 // since the last flush
	total := float64(o.Rate) * o.For.Seconds()
	for r.Spans < total {
		if err := fresh.renew(); err != nil {
			return err
		}
		in, err := otlpfile.Open(capture, otlpwire.Traces)
		if err != nil {
			return err
		}
		for r.Spans < total {
			msg, err := in.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return err
			}
			if _, err := fresh.request(msg, time.Now()); err != nil {
				return err
			}
			n, err := s.Append(ctx, otlpwire.Traces, msg, 0)
			if err != nil {
				return err
			}
			r.Spans += float64(n)
			r.Received += float64(len(msg))
			rows += float64(n)
			size += float64(len(msg))
			if rows < float64(o.Rate)*flushAfter.Seconds() && size < flushBytes {
				continue
			}
			rows, size = 0, 0
			if err := s.Flush(ctx); err != nil {
				return err
			}
		}
		if err := in.Close(); err != nil {
			return err
		}
	}
	return s.Flush(ctx)
}
