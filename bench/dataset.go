package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/ttlog/ttlog/bench/internal/clickhouse"
	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/storage"
)

// dataset is the same telemetry in a data directory of ttlog and in a database of
// ClickHouse, merged in both.
type dataset struct {
	dir  string
	laps laps
}

// dataset returns the directory for a set of data, and what removes it again. Where the
// options name one it stays; what an earlier run did not complete goes first.
func (o Options) dataset(name string, l laps) (dataset, func() error, error) {
	if o.Data == "" {
		dir, err := os.MkdirTemp("", "ttlog-bench")
		return dataset{dir, l}, func() error { return os.RemoveAll(dir) }, err
	}
	d := dataset{filepath.Join(o.Data, name), l}
	var err error
	if !d.complete() {
		err = os.RemoveAll(d.dir)
	}
	return d, func() error { return nil }, errors.Join(err, os.MkdirAll(d.dir, 0o700))
}

// The folders and the file of a dataset.
func (d dataset) ttlog() string      { return filepath.Join(d.dir, "ttlog") }
func (d dataset) clickhouse() string { return filepath.Join(d.dir, "clickhouse") }
func (d dataset) marker() string     { return filepath.Join(d.dir, "complete.json") }

// complete reports whether all of it is there from an earlier run.
func (d dataset) complete() bool {
	text, err := os.ReadFile(d.marker())
	return err == nil && string(text) == d.contents()
}

// contents is what the marker says once all of it is there.
func (d dataset) contents() string {
	return fmt.Sprintf(`{"laps":{"traces":%d,"logs":%d,"metrics":%d}}`, d.laps.traces, d.laps.logs, d.laps.metrics)
}

// make fills the directory, unless it is complete. Without a database it is
// ttlog's side alone.
func (d dataset) make(ctx context.Context, log io.Writer, db *clickhouse.DB) error {
	if d.complete() {
		fmt.Fprintf(log, "query.*: the data of %s\n", d.dir)
		return nil
	}
	fmt.Fprintf(log, "query.*: storing %d laps of spans, %d of log records, %d of points\n", d.laps.traces, d.laps.logs, d.laps.metrics)
	if err := d.makeTTLog(ctx); err != nil {
		return err
	}
	if db != nil {
		loader := &chLoader{db: db}
		if err := loader.load(ctx, d.laps); err != nil {
			return err
		}
	}
	return os.WriteFile(d.marker(), []byte(d.contents()), 0o600)
}

func (d dataset) makeTTLog(ctx context.Context) error {
	s, err := storage.Open(d.ttlog(), storage.Options{NoBackgroundCompaction: true})
	if err != nil {
		return err
	}
	err = d.laps.each(ctx, func(signal otlpwire.Signal, msg []byte) error {
		_, err := s.Append(ctx, signal, msg, 0)
		return err
	})
	if err == nil {
		err = errors.Join(s.Flush(ctx), s.Compact(ctx))
	}
	return errors.Join(err, s.Close())
}
