package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/ttlog/ttlog/bench/internal/clickhouse"
	"github.com/ttlog/ttlog/storage"
)

// targets are what part of ClickHouse's time ttlog may take for the queries of
// corpus/targets.sql: one in that many.
var targets = map[string]int{
	"query.slow": 2, "query.count": 30, "query.p99": 2, "query.attr": 4, "query.services": 4, "query.newest": 4,
	"query.word": 5, "query.regex": 2, "query.phrase": 5, "query.series": 4, "query.join": 2,
}

// interfaces are the files of the corpus.
var interfaces = []string{"jaeger.sql", "tempo.sql", "signoz.sql", "victorialogs.sql"}

// corpusPrefix begins the ids of what is of the corpus.
const corpusPrefix = "corpus."

// queries measures the figures query.* and the corpus beside ClickHouse, over the
// same records and in one process. An answer that differs is an error, after
// everything has been measured.
func queries(ctx context.Context, log io.Writer, o Options) (figures []Figure, err error) {
	if !o.wantsQueries() {
		return nil, nil
	}
	_, noLibrary := clickhouse.Library()
	if err := errors.Join(captured(), noLibrary); err != nil {
		fmt.Fprintf(log, "query.*: skipped, %v\n", err)
		return nil, nil
	}
	d, remove, err := o.dataset("standard", standardLaps)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, remove()) }()
	db, err := openClickHouse(d.clickhouse())
	if err != nil {
		return nil, err
	}
	defer db.Close()
	if err := d.make(ctx, log, db); err != nil {
		return nil, err
	}
	engine, err := openTTLog(d.ttlog(), storage.Options{NoBackgroundCompaction: true, FlushInterval: -1})
	if err != nil {
		return nil, err
	}
	m := &queryRun{log: log, o: o, data: d, engines: engines{engine, db}}
	figures, err = m.measure(ctx)
	return figures, errors.Join(err, engine.store.Close())
}

// wantsQueries reports whether any figure is wanted that [queries] measures.
func (o Options) wantsQueries() bool {
	ids := append(slices.Collect(maps.Keys(targets)), "query.trace", "query.refresh")
	return o.wantsOf(corpusPrefix) || slices.ContainsFunc(ids, o.wants)
}

// queryRun is one run of [queries].
type queryRun struct {
	log     io.Writer
	o       Options
	data    dataset
	engines engines
	// differences are the questions that were answered differently.
	differences []error
}

func (m *queryRun) measure(ctx context.Context) (figures []Figure, err error) {
	questions, err := m.questions("targets.sql", "")
	if err != nil {
		return nil, err
	}
	if m.o.wants("query.trace") {
		f, err := m.trace(ctx)
		if err != nil {
			return nil, err
		}
		figures = append(figures, f)
	}
	for _, q := range questions {
		f, err := m.ask(ctx, q)
		if err != nil {
			return nil, err
		}
		n := targets[q.name]
		figures = append(figures, f.ratioAtMost(1/float64(n), fmt.Sprintf("ratio <= 1/%d", n)))
	}
	if m.o.wants("query.refresh") {
		f, err := m.refresh(ctx)
		if err != nil {
			return nil, err
		}
		figures = append(figures, f)
	}
	corpus, err := m.corpus(ctx)
	return append(figures, corpus...), errors.Join(err, errors.Join(m.differences...))
}

// corpus measures what interfaces ask, and which of it is the worst.
func (m *queryRun) corpus(ctx context.Context) (figures []Figure, err error) {
	worst := Figure{ID: "query.worst", Unit: "ms"}
	for _, name := range interfaces {
		questions, err := m.questions(name, corpusPrefix)
		if err != nil {
			return nil, err
		}
		for _, q := range questions {
			f, err := m.ask(ctx, q)
			if err != nil {
				return nil, err
			}
			figures = append(figures, f.ratioAtMost(1, "ratio <= 1"))
			if f.Ratio != nil && (worst.Ratio == nil || *f.Ratio > *worst.Ratio) {
				worst = Figure{ID: worst.ID, Unit: worst.Unit, TTLog: f.TTLog}.withPeer("ClickHouse, "+q.name, *f.Peer)
			}
		}
	}
	if len(figures) == 0 {
		return nil, nil
	}
	return append([]Figure{worst.ratioAtMost(1, "ratio <= 1")}, figures...), nil
}

// questions returns those of a file that are wanted, ready to be asked.
func (m *queryRun) questions(file, prefix string) (list []question, err error) {
	all, err := readCorpus(file)
	if err != nil {
		return nil, err
	}
	values, err := m.values()
	if err != nil {
		return nil, err
	}
	for _, q := range all {
		q.name = prefix + q.name
		if m.o.wants(q.name) {
			list = append(list, q.fill(values))
		}
	}
	return list, nil
}

// values are what stands for the names in the corpus: ids of the data, and a
// time range of a third of it.
func (m *queryRun) values() (*strings.Replacer, error) {
	list := []string{"{from}", "2026-11-22 22:12:00", "{to}", "2026-11-22 22:16:00"}
	for _, v := range []struct{ name, sql string }{
		{"{trace}", "SELECT TraceId FROM otel_traces_trace_id_ts ORDER BY TraceId LIMIT 1 OFFSET 20000"},
		{"{traces}", "SELECT arrayStringConcat(groupArray('''' || TraceId || ''''), ', ') FROM (SELECT TraceId FROM otel_traces_trace_id_ts ORDER BY TraceId LIMIT 20 OFFSET 30000)"},
		{"{failed}", "SELECT TraceId FROM otel_logs WHERE TraceId != '' ORDER BY TraceId LIMIT 1 OFFSET 20000"},
		{"{driver}", "SELECT SpanAttributes['param.driverID'] AS v FROM otel_traces WHERE v != '' GROUP BY v HAVING count() = 20 ORDER BY v LIMIT 1"},
	} {
		text, err := m.engines.clickhouse.Query(v.sql, "TSVRaw")
		if err != nil {
			return nil, err
		}
		list = append(list, v.name, string(bytes.TrimSpace(text)))
	}
	return strings.NewReplacer(list...), nil
}

// ask compares the answers to a question, and measures it. What ttlog cannot be
// asked yet is a figure that says so.
func (m *queryRun) ask(ctx context.Context, q question) (Figure, error) {
	f := Figure{ID: q.name, Unit: "ms"}
	mine := func() error { _, err := m.engines.ttlog.query(ctx, q.ttlog); return err }
	peer := func() error { _, err := m.engines.clickhouse.Query(q.clickhouse, chFormat); return err }
	if err := mine(); err != nil {
		fmt.Fprintf(m.log, "%s: %v\n", q.name, err)
		f.Missing = true
		if m.o.Answers {
			return f, nil
		}
		_, theirs, err := race(func() error { return nil }, peer)
		return f.withPeer("ClickHouse", theirs.ms), err
	}
	if err := m.engines.compare(ctx, q); err != nil {
		fmt.Fprintf(m.log, "%s: %v\n", q.name, err)
		m.differences = append(m.differences, fmt.Errorf("%s: %w", q.name, err))
	}
	if m.o.Answers {
		return f, nil
	}
	ours, theirs, err := race(mine, peer)
	if err != nil {
		return f, fmt.Errorf("%s: %w", q.name, err)
	}
	f.TTLog = ours.ms
	fmt.Fprintf(m.log, "%s: %s, ClickHouse %s\n", q.name, ours, theirs)
	return f.withPeer("ClickHouse", theirs.ms), m.o.profile(q.name, mine)
}
