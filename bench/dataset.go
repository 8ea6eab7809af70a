package bench

import (
	"context"
	"encoding/json"
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
	dir string
	// Laps is what is in it, written when all of it is.
	Laps [3]int `json:"laps"`
}

// The folders and the file of a dataset.
func (d dataset) ttlog() string      { return filepath.Join(d.dir, "ttlog") }
func (d dataset) clickhouse() string { return filepath.Join(d.dir, "clickhouse") }
func (d dataset) marker() string     { return filepath.Join(d.dir, "complete.json") }

// has reports whether the directory has that many laps from an earlier run.
func (d dataset) has(l laps) bool {
	text, err := os.ReadFile(d.marker())
	return err == nil && json.Unmarshal(text, &d) == nil && d.Laps == [3]int{l.traces, l.logs, l.metrics}
}

// make fills the directory, unless it has all of it. Without a database it is
// ttlog's side alone.
func (d dataset) make(ctx context.Context, log io.Writer, l laps, db *clickhouse.DB) error {
	if d.has(l) {
		fmt.Fprintf(log, "query.*: the data of %s\n", d.dir)
		return nil
	}
	fmt.Fprintf(log, "query.*: storing %d laps of spans, %d of log records, %d of points\n", l.traces, l.logs, l.metrics)
	if err := d.makeTTLog(ctx, l); err != nil {
		return err
	}
	if db != nil {
		loader := &chLoader{db: db}
		if err := loader.load(ctx, l); err != nil {
			return err
		}
	}
	d.Laps = [3]int{l.traces, l.logs, l.metrics}
	text, err := json.Marshal(d)
	if err != nil {
		return err
	}
	return os.WriteFile(d.marker(), text, 0o600)
}

func (d dataset) makeTTLog(ctx context.Context, l laps) error {
	s, err := storage.Open(d.ttlog(), storage.Options{NoBackgroundCompaction: true})
	if err != nil {
		return err
	}
	err = l.each(ctx, func(signal otlpwire.Signal, msg []byte) error {
		_, err := s.Append(ctx, signal, msg, 0)
		return err
	})
	if err == nil {
		err = errors.Join(s.Flush(ctx), s.Compact(ctx))
	}
	return errors.Join(err, s.Close())
}
