package queryapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/ttlog/ttlog/internal/membudget"
	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/query"
	"github.com/ttlog/ttlog/storage"
	"github.com/ttlog/ttlog/storage/column"
)

// keepAlive is how often a quiet tail sends a comment, so that proxies keep
// the connection and we notice that the client went away.
const keepAlive = 15 * time.Second

// tailReserve is the memory that a query over one arriving request takes at first.
const tailReserve = 1 << 20

// tailTables are the tables by the signal parameter.
var tailTables = map[string]struct {
	signal otlpwire.Signal
	table  string
}{
	"":        {otlpwire.Logs, "logs"},
	"logs":    {otlpwire.Logs, "logs"},
	"spans":   {otlpwire.Traces, "spans"},
	"traces":  {otlpwire.Traces, "spans"},
	"metrics": {otlpwire.Metrics, "metrics"},
}

// levels are what the level parameter may be, in any case or by other names
// that queries know.
const levels = "TRACE, DEBUG, INFO, WARN, ERROR, FATAL"

// tail sends rows as they arrive, as server-sent events. Each request that the
// store takes is queried by itself, so a condition means here what it means
// in SQL.
func (a *api) tail(w http.ResponseWriter, r *http.Request) {
	shutdown := a.shutdowns.of(r)
	params := r.URL.Query()
	t, ok := tailTables[params.Get("signal")]
	if !ok {
		fail(w, http.StatusBadRequest, fmt.Sprintf("signal %q is not one of logs, spans and metrics", params.Get("signal")))
		return
	}
	level := params.Get("level")
	if level != "" {
		name, ok := query.ParseLevel(level)
		switch {
		case t.signal != otlpwire.Logs:
			fail(w, http.StatusBadRequest, "level is for logs; spans and metrics have none")
			return
		case !ok:
			fail(w, http.StatusBadRequest, fmt.Sprintf("level %q is not one of %s", level, levels))
			return
		}
		level = name
	}
	zone, err := decodeZone(params.Get("tz"))
	if err != nil {
		fail(w, http.StatusBadRequest, err.Error())
		return
	}
	sql, args := tailSQL(t.table, params.Get("service"), level, params.Get("where"))
	source := &oneRequest{columns: a.Source, signal: t.signal}
	options := a.Query
	options.ReserveBytes, options.CatchUp = tailReserve, nil
	engine := query.New(source, options)
	if zone != nil {
		engine = engine.In(zone)
	}
	// A faulty condition is found before the first row arrives.
	warnings, err := checkTail(r.Context(), engine, sql, args, t.table, params.Get("where"))
	if err != nil {
		a.failQuery(w, r, err)
		return
	}
	sub := a.Tail.Subscribe(t.signal)
	defer sub.Close()
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-cache")
	if r.Method == http.MethodHead {
		return
	}
	events := &eventWriter{w: newClientWriter(w)}
	ctx := membudget.WithCut(r.Context(), events.w.cut)
	enc := &ndjsonEncoder{w: events, prefix: "event: row\ndata: ", suffix: "\n\n"}
	events.comment("listening")
	for _, warning := range warnings {
		events.send("warning", warning)
	}
	ticker := time.NewTicker(keepAlive)
	defer ticker.Stop()
	for events.err == nil {
		select {
		case <-r.Context().Done():
			return
		case <-sub.Over():
			return
		case <-shutdown:
			return
		case <-ticker.C:
			events.comment("quiet")
		case <-sub.Ready():
			requests, dropped := sub.Take()
			for _, request := range requests {
				var err error
				if source.blocks, err = storage.Blocks(t.signal, request); err == nil {
					_, err = engine.Stream(ctx, sql, args, enc)
				}
				if errors.Is(err, query.ErrBusy) {
					dropped++
					continue
				}
				if err != nil {
					events.problem(a.problemOf(r, err))
					return
				}
			}
			if dropped > 0 {
				_, _ = fmt.Fprintf(events, "event: dropped\ndata: %d\n\n", dropped)
			}
			events.flush()
		}
	}
}

// checkTail puts the query to what is there already, which is nothing, and
// returns its warnings: a name that nobody has sent is waited for. Errors and
// warnings tell the line of the condition: both texts have it from their second
// line on.
func checkTail(ctx context.Context, engine *query.Engine, sql string, args []any, table, where string) (warnings []query.Warning, err error) {
	if where != "" {
		_, err = query.Parse("SELECT * FROM " + table + " WHERE\n" + where)
	}
	if err == nil {
		var r *query.Result
		if r, err = engine.Query(ctx, sql, args...); err == nil {
			warnings = r.Warnings
		}
	}
	for i := range warnings {
		warnings[i].Line--
	}
	if q, ok := errors.AsType[*query.Error](err); ok && q.Line > 1 {
		q.Line--
	}
	return warnings, err
}

// tailSQL builds the query that every arriving request is put to.
func tailSQL(table, service, level, where string) (sql string, args []any) {
	var conditions []string
	add := func(condition, value string) {
		args = append(args, value)
		conditions = append(conditions, fmt.Sprintf(condition, len(args)))
	}
	if where != "" {
		conditions = append(conditions, "(\n"+where+"\n)")
	}
	if service != "" {
		add("service = $%d", service)
	}
	if level != "" {
		add("level >= $%d", level)
	}
	sql = "SELECT * FROM " + table
	if len(conditions) > 0 {
		sql += " WHERE " + strings.Join(conditions, " AND ")
	}
	return sql, args
}

// eventWriter writes to the client and remembers the first error.
type eventWriter struct {
	w   *clientWriter
	err error
}

func (e *eventWriter) Write(b []byte) (int, error) {
	n, err := e.w.Write(b)
	if err != nil && e.err == nil {
		e.err = err
	}
	return n, err
}

func (e *eventWriter) comment(text string) {
	_, _ = io.WriteString(e, ": "+text+"\n\n")
	e.flush()
}

func (e *eventWriter) flush() {
	if err := e.w.Flush(); err != nil && e.err == nil {
		e.err = err
	}
}

// problem sends why the stream ends.
func (e *eventWriter) problem(p problem) { e.send("error", p.complete()) }

// send sends an event whose data is the JSON of v, of strings and integers.
func (e *eventWriter) send(event string, v any) {
	body, _ := json.Marshal(v)
	_, _ = fmt.Fprintf(e, "event: %s\ndata: %s\n\n", event, body)
	e.flush()
}

// oneRequest is a source that holds the rows of one request, and knows the
// columns of everything that is stored: a condition on an attribute that this
// request does not have is no error. One goroutine uses it.
type oneRequest struct {
	columns query.Source
	signal  otlpwire.Signal
	blocks  []column.Block
}

// Scan returns the rows of the request.
func (o *oneRequest) Scan(context.Context, query.ScanRequest) (query.Scan, error) {
	return blocks(o.blocks), nil
}

// Columns returns the stored columns and those of the request.
func (o *oneRequest) Columns(ctx context.Context, signal otlpwire.Signal) ([]column.Ref, error) {
	refs, err := o.columns.Columns(ctx, signal)
	if err != nil || signal != o.signal {
		return refs, err
	}
	known := make(map[column.Ref]bool, len(refs))
	for _, ref := range refs {
		known[ref] = true
	}
	refs = slices.Clone(refs)
	for _, b := range o.blocks {
		for _, ref := range b.Columns() {
			if !known[ref] {
				known[ref] = true
				refs = append(refs, ref)
			}
		}
	}
	return refs, nil
}

// FindColumns implements [query.Finder].
func (o *oneRequest) FindColumns(ctx context.Context, signal otlpwire.Signal, names []string) (refs []column.Ref, err error) {
	if f, ok := o.columns.(query.Finder); ok {
		refs, err = f.FindColumns(ctx, signal, names)
	}
	return refs, err
}

// blocks is a scan over blocks in memory.
type blocks []column.Block

func (b blocks) Blocks() iter.Seq2[column.Block, error] {
	return func(yield func(column.Block, error) bool) {
		for _, block := range b {
			if !yield(block, nil) {
				return
			}
		}
	}
}

func (blocks) Stats() query.ScanStats { return query.ScanStats{} }
func (blocks) Close() error           { return nil }
