package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/ttlog/ttlog/bench/internal/clickhouse"
	"github.com/ttlog/ttlog/internal/datadir"
	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/ringbuffer"
)

// What store.span_cpu stores, and how often: a round of both sides takes a quarter
// of a minute.
const (
	ingestLaps   = 5
	ingestRounds = 3
)

// spanCPU measures what it costs to store spans: from OTLP in the ring to merged
// parts, and of ClickHouse from its Native format to merged parts.
func spanCPU(ctx context.Context, log io.Writer) (figures []Figure, err error) {
	spans, err := lappedSpans(ctx, ingestLaps)
	if err != nil {
		fmt.Fprintf(log, "store.span_cpu: skipped, %v\n", err)
		return nil, nil
	}
	dir, err := os.MkdirTemp("", "ttlog-bench")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	peer, err := newNativeSpans(dir, spans)
	if err != nil {
		fmt.Fprintf(log, "store.span_cpu: without the peer, %v\n", err)
	} else {
		defer peer.db.Close()
	}
	var mine, theirs []float64
	for round := range ingestRounds {
		r, err := ingest(ctx, filepath.Join(dir, fmt.Sprint("ttlog-", round)), spans)
		if err != nil {
			return nil, err
		}
		mine = append(mine, r.cpuSeconds/r.rows*1e6)
		if peer != nil {
			seconds, err := peer.store()
			if err != nil {
				return nil, err
			}
			theirs = append(theirs, seconds/r.rows*1e6)
		}
		fmt.Fprintf(log, "store.span_cpu round %d: %.2f s, %.2f bytes a span; peer %.2f s\n", round+1, mine[round], r.bytes/r.rows, theirs)
	}
	f := Figure{ID: "store.span_cpu", Unit: "CPU s/million spans", TTLog: median(mine)}
	if peer != nil {
		f = f.withPeer("ClickHouse, from Native", median(theirs))
	}
	return []Figure{f.ratioAtMost(1.0/3, "ratio <= 1/3")}, nil
}

// lappedSpans returns some laps of the captured spans as requests.
func lappedSpans(ctx context.Context, n int) (list [][]byte, err error) {
	if err := captured(); err != nil {
		return nil, err
	}
	spans, err := messages(hotrod, otlpwire.Traces)
	for lap := 0; lap < n && err == nil; lap++ {
		err = eachOfLap(ctx, otlpwire.Traces, spans, lapOf(lap, traceLap), func(_ otlpwire.Signal, msg []byte) error {
			list = append(list, append([]byte(nil), msg...))
			return nil
		})
	}
	return list, err
}

// ingested is what storing requests cost.
type ingested struct{ rows, bytes, cpuSeconds float64 }

// ingest puts requests of spans into the ring of a new data directory, as a
// receiver that costs nothing would, until their rows are in merged parts.
func ingest(ctx context.Context, dir string, requests [][]byte) (r ingested, err error) {
	d, err := datadir.Open(dir, datadir.Options{})
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, d.Close(ctx)) }()
	runtime.GC()
	start := cpuTime()
	for _, msg := range requests {
		for {
			_, err := d.Ring.Write(otlpwire.RequestKind(otlpwire.Traces), msg)
			if err == nil {
				break
			}
			if !errors.Is(err, ringbuffer.ErrFull) {
				return r, err
			}
			time.Sleep(time.Millisecond)
		}
	}
	if err := errors.Join(d.Pipeline.Drain(ctx), d.Store.Compact(ctx)); err != nil {
		return r, err
	}
	r.cpuSeconds = (cpuTime() - start).Seconds()
	for _, s := range d.Store.Status().Signals {
		r.rows += float64(s.Rows)
		r.bytes += float64(s.Bytes)
	}
	return r, nil
}

// nativeSpans stores spans in ClickHouse from a file in its Native format: blocks of
// columns, as its servers send them to each other.
type nativeSpans struct {
	db   *clickhouse.DB
	file string
}

// newNativeSpans writes the file, in the order of time.
func newNativeSpans(dir string, requests [][]byte) (n *nativeSpans, err error) {
	db, err := openClickHouse(filepath.Join(dir, "clickhouse"))
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			db.Close()
		}
	}()
	l := &chLoader{db: db}
	if err := db.Exec(chSpans.create(), chTraceTimes.create(), chTraceView); err != nil {
		return nil, err
	}
	for _, msg := range requests {
		if err := l.addSpans(msg); err != nil {
			return nil, err
		}
	}
	if err := l.insert(1); err != nil {
		return nil, err
	}
	n = &nativeSpans{db, filepath.Join(dir, "spans.native")}
	return n, db.Exec(fmt.Sprintf("INSERT INTO FUNCTION file('%s', Native) SELECT * FROM %s ORDER BY Timestamp", n.file, chSpans.name))
}

// store fills the emptied tables from the file, merges all parts, and returns the
// processor time in seconds.
func (n *nativeSpans) store() (seconds float64, err error) {
	tables := []string{chSpans.name, chTraceTimes.name}
	for _, t := range tables {
		if err := n.db.Exec("TRUNCATE TABLE " + t); err != nil {
			return 0, err
		}
	}
	start := cpuTime()
	err = n.db.Exec(fmt.Sprintf("INSERT INTO %s SELECT * FROM file('%s', Native) SETTINGS max_partitions_per_insert_block = 0", chSpans.name, n.file))
	for _, t := range tables {
		if err == nil {
			err = n.db.Exec("OPTIMIZE TABLE " + t + " FINAL")
		}
	}
	return (cpuTime() - start).Seconds(), err
}
