package bench

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/storage"
)

// trace measures reading a whole trace, without a time, with nothing decoded or
// kept by the engines: each time another trace, from a store that was just
// opened. The pages of the files are in the memory of the system on both sides.
func (m *queryRun) trace(ctx context.Context) (Figure, error) {
	text, err := m.engines.clickhouse.Query(fmt.Sprintf("SELECT TraceId FROM otel_traces_trace_id_ts ORDER BY cityHash64(TraceId) LIMIT %d", Rounds), "TSVRaw")
	if err != nil {
		return Figure{}, err
	}
	var mine, theirs lapse
	for id := range strings.FieldsSeq(string(text)) {
		cold, err := openTTLog(m.data.ttlog(), storage.Options{ReadOnly: true})
		if err != nil {
			return Figure{}, err
		}
		err = mine.measure(func() error {
			_, err := cold.call(ctx, http.MethodGet, "/api/v1/traces/"+id, "")
			return err
		})
		if err := errors.Join(err, cold.store.Close(), m.engines.clickhouse.Exec(
			"SYSTEM DROP MARK CACHE", "SYSTEM DROP INDEX MARK CACHE", "SYSTEM DROP UNCOMPRESSED CACHE",
			"SYSTEM DROP INDEX UNCOMPRESSED CACHE", "SYSTEM DROP PRIMARY INDEX CACHE", "SYSTEM DROP QUERY CONDITION CACHE")); err != nil {
			return Figure{}, err
		}
		err = theirs.measure(func() error {
			_, err := m.engines.clickhouse.Query(strings.ReplaceAll(chTrace, "{trace}", id), chFormat)
			return err
		})
		if err != nil {
			return Figure{}, err
		}
	}
	ours, peer := mine.medians(), theirs.medians()
	fmt.Fprintf(m.log, "query.trace: %s, ClickHouse %s\n", ours, peer)
	return Figure{ID: "query.trace", Unit: "ms", TTLog: ours.ms}.withPeer("ClickHouse", peer.ms).ratioAtMost(1./30, "ratio <= 1/30"), nil
}

// chTrace is how the documentation of the exporter asks for a trace.
const chTrace = `WITH (SELECT min(Start) FROM otel_traces_trace_id_ts WHERE TraceId = '{trace}') AS start,
  (SELECT max(End) + 1 FROM otel_traces_trace_id_ts WHERE TraceId = '{trace}') AS end
SELECT * FROM otel_traces WHERE TraceId = '{trace}' AND Timestamp >= start AND Timestamp <= end ORDER BY Timestamp`

// refresh measures query.p99 again after one percent more spans: what of the
// first answer is kept, as a dashboard needs it.
func (m *queryRun) refresh(ctx context.Context) (f Figure, err error) {
	dir, err := os.MkdirTemp(m.o.Data, "ttlog-refresh")
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	data := filepath.Join(dir, "data")
	if err := os.CopyFS(data, os.DirFS(m.data.ttlog())); err != nil {
		return f, err
	}
	questions, err := readCorpus("targets.sql")
	if err != nil {
		return f, err
	}
	var sql string
	for _, q := range questions {
		if q.name == "query.p99" {
			sql = q.ttlog
		}
	}
	spans, err := messages(hotrod, otlpwire.Traces)
	if err != nil {
		return f, err
	}
	var first, again lapse
	for round := range Rounds {
		// A tenth of a lap is a hundredth of the ten that are there.
		part := spans[:len(spans)/10]
		if err := refreshOnce(ctx, data, sql, part, lapOf(100+round, traceLap), &first, &again); err != nil {
			return f, err
		}
	}
	ours, peer := again.medians(), first.medians()
	fmt.Fprintf(m.log, "query.refresh: %s, the first run %s\n", ours, peer)
	return Figure{ID: "query.refresh", Unit: "ms", TTLog: ours.ms}.withPeer("its first run", peer.ms).ratioAtMost(1./10, "ratio <= 1/10"), nil
}

// refreshOnce opens the store, runs the query, stores more and runs it again.
func refreshOnce(ctx context.Context, dir, sql string, more [][]byte, lap *refresher, first, again *lapse) (err error) {
	e, err := openTTLog(dir, storage.Options{NoBackgroundCompaction: true, FlushInterval: -1})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.store.Close()) }()
	ask := func() error { _, err := e.query(ctx, sql); return err }
	if err := first.measure(ask); err != nil {
		return err
	}
	err = eachOfLap(ctx, otlpwire.Traces, more, lap, func(signal otlpwire.Signal, msg []byte) error {
		_, err := e.store.Append(ctx, signal, msg, 0)
		return err
	})
	if err == nil {
		err = e.store.Flush(ctx)
	}
	if err != nil {
		return err
	}
	return again.measure(ask)
}
