package ttlogsql

import (
	"context"
	"errors"
	"slices"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/semconv/v1.43.0/dbconv"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/ttlog/ttlog/instrument/internal/attrtext"
	"github.com/ttlog/ttlog/instrument/internal/gate"
	"github.com/ttlog/ttlog/instrument/internal/setcache"
	"github.com/ttlog/ttlog/instrument/internal/sqltext"
	"github.com/ttlog/ttlog/instrument/internal/version"
	"github.com/ttlog/ttlog/internal/guard"
)

// maxDescriptionBytes bounds a status description; a server's message may
// repeat a whole query.
const maxDescriptionBytes = 1024

// durationBuckets are the convention's for db.client.operation.duration, in
// seconds.
var durationBuckets = []float64{0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10}

var clientKind = trace.WithSpanKind(trace.SpanKindClient)

// instrument is what all connections to one database share. It is immutable but
// for its cache, and safe for concurrent use.
type instrument struct {
	cfg      config
	tracer   trace.Tracer
	tracers  gate.Tracers
	duration metric.Float64Histogram
	rows     metric.Int64Histogram
	pool     pool
	system   string
	dialect  sqltext.Dialect
	attrs    []attribute.KeyValue // of every span and measurement
	queries  sqltext.Cache[*query]
	steps    map[string]*query // what is done without a query, by name; never changed
}

// The steps that are not queries, by the name of their span.
const (
	stepConnect     = "CONNECT"
	stepPing        = "PING"
	stepBegin       = "BEGIN"
	stepCommit      = "COMMIT"
	stepRollback    = "ROLLBACK"
	stepTransaction = "TRANSACTION"
)

func newInstrument(cfg config) *instrument {
	in := &instrument{cfg: cfg, system: cfg.system, dialect: dialectOf(cfg.system), tracers: gate.OfTracers(cfg.tracers)}
	in.tracer = cfg.tracers.Tracer(ScopeName,
		trace.WithInstrumentationVersion(version.Version), trace.WithSchemaURL(semconv.SchemaURL))
	meter := cfg.meter()
	// On an error the instrument records nothing; telemetry must not stop the
	// program.
	duration, _ := dbconv.NewClientOperationDuration(meter, metric.WithExplicitBucketBoundaries(durationBuckets...))
	rows, _ := dbconv.NewClientResponseReturnedRows(meter)
	in.duration, in.rows = duration.Inst(), rows.Inst()
	at := parseDSN(cfg.system, cfg.dsn)
	in.pool = newPool(meter, cfg.poolName, cfg.system, at)
	in.attrs = append(in.attrs, semconv.DBSystemNameKey.String(cfg.system))
	in.attrs = append(in.attrs, at.attributes()...)
	in.attrs = append(in.attrs, cfg.attrs...)
	in.steps = map[string]*query{}
	for _, name := range []string{stepConnect, stepPing, stepBegin, stepCommit, stepRollback, stepTransaction} {
		in.steps[name] = in.newQuery(name, sqltext.Statement{Operation: name, Summary: name})
	}
	return in
}

// off reports whether nobody listens to the operations, so that nothing needs
// to be known of a query.
func (in *instrument) off(ctx context.Context) bool {
	return in.tracers.Closed() && !in.duration.Enabled(ctx) && !in.rows.Enabled(ctx)
}

// query is what is known of one query text, ready to be used.
type query struct {
	name  string
	attrs []attribute.KeyValue // of the measurements
	// The options of a span, without and with arguments.
	literal, parameterized []trace.SpanStartOption
	measure                []metric.RecordOption // of a success
}

func (in *instrument) query(text string) *query { return in.queries.Get(text, in.analyze) }

func (in *instrument) analyze(text string) *query {
	return in.newQuery(text, sqltext.Analyze(text, in.dialect))
}

func (in *instrument) newQuery(text string, st sqltext.Statement) *query {
	q := &query{name: st.Summary}
	if q.name == "" {
		q.name = in.system
	}
	if in.cfg.spanName != nil {
		q.name = in.cfg.spanName(text, st.Summary)
	}
	attrs := slices.Clip(in.attrs)
	for _, a := range []attribute.KeyValue{
		semconv.DBQuerySummary(st.Summary), semconv.DBOperationName(st.Operation), semconv.DBCollectionName(st.Collection),
	} {
		if a.Value.AsString() != "" {
			attrs = append(attrs, a)
		}
	}
	q.attrs = attrs
	q.measure = setcache.NewSet(append([]attribute.KeyValue(nil), attrs...)...).Record
	q.literal = in.startOptions(attrs, st.Text)
	q.parameterized = q.literal
	if in.cfg.text == QueryTextSafe && st.Raw != st.Text {
		q.parameterized = in.startOptions(attrs, st.Raw)
	}
	return q
}

func (in *instrument) startOptions(attrs []attribute.KeyValue, text string) []trace.SpanStartOption {
	if in.cfg.text != QueryTextOff && text != "" {
		attrs = append(slices.Clip(attrs), semconv.DBQueryText(text))
	}
	return []trace.SpanStartOption{clientKind, trace.WithAttributes(attrs...)}
}

// operation is one span on its way; it is used by one goroutine at a time, the
// one that has the connection. The zero operation, of a query that is left out,
// does nothing.
type operation struct {
	in    *instrument
	q     *query
	ctx   context.Context // carries the span
	span  trace.Span
	start time.Time
	extra []attribute.KeyValue // of this one's measurements
}

// start begins the operation of a query. The returned context carries its span.
func (in *instrument) start(ctx context.Context, c Call) (context.Context, operation) {
	if in.off(ctx) || in.cfg.filter != nil && !in.cfg.filter(ctx, c.Query) {
		return ctx, operation{}
	}
	q := in.query(c.Query)
	opts := q.literal
	if len(c.Args) > 0 {
		opts = q.parameterized
	}
	return in.begin(ctx, q, c, time.Now(), opts)
}

// startStep begins the operation of a step.
func (in *instrument) startStep(ctx context.Context, step string) (context.Context, operation) {
	if in.off(ctx) || in.cfg.filter != nil && !in.cfg.filter(ctx, step) {
		return ctx, operation{}
	}
	q := in.steps[step]
	return in.begin(ctx, q, Call{Method: step}, time.Now(), q.literal)
}

// failedQuery records a query that has a span only because it failed.
func (in *instrument) failedQuery(ctx context.Context, c Call, start time.Time, err error) {
	if !in.off(ctx) && (in.cfg.filter == nil || in.cfg.filter(ctx, c.Query)) {
		in.failed(ctx, in.query(c.Query), c, start, err)
	}
}

// failedStep records a step that has a span only because it failed.
func (in *instrument) failedStep(ctx context.Context, step string, start time.Time, err error) {
	if !in.off(ctx) && (in.cfg.filter == nil || in.cfg.filter(ctx, step)) {
		in.failed(ctx, in.steps[step], Call{Method: step}, start, err)
	}
}

func (in *instrument) failed(ctx context.Context, q *query, c Call, start time.Time, err error) {
	opts := append(slices.Clip(q.literal), trace.WithTimestamp(start))
	_, op := in.begin(ctx, q, c, start, opts)
	op.end(err)
}

func (in *instrument) begin(ctx context.Context, q *query, c Call, start time.Time, opts []trace.SpanStartOption) (context.Context, operation) {
	op := operation{in: in, q: q, start: start}
	if in.cfg.measured != nil {
		op.extra = in.cfg.measured(ctx, c)
	}
	// A pool that fills itself connects for nobody; with the server down each
	// of its tries would be a trace.
	needed := in.cfg.parentRequired || c.Method == stepConnect
	if needed && !trace.SpanContextFromContext(ctx).IsValid() || in.cfg.spanFilter != nil && !in.cfg.spanFilter(ctx, c) {
		op.ctx, op.span = ctx, noop.Span{}
		return ctx, op
	}
	name := q.name
	if in.cfg.callName != nil {
		name = in.cfg.callName(ctx, c)
	}
	if in.cfg.spanAttrs != nil {
		if attrs := in.cfg.spanAttrs(ctx, c); len(attrs) > 0 {
			opts = append(slices.Clip(opts), trace.WithAttributes(attrs...))
		}
	}
	op.ctx, op.span = in.tracer.Start(ctx, name, opts...)
	return op.ctx, op
}

// canceled is the error.type of what the caller did not wait for.
const canceled = "context.Canceled"

// interrupted are the codes of servers that were told to stop: PostgreSQL,
// MySQL, SQLite.
var interrupted = map[string]bool{"57014": true, "1317": true, "9": true}

// isCanceled reports whether an operation failed because its caller did not want
// to wait, which is no error of the database.
func isCanceled(ctx context.Context, err error, status string) bool {
	return errors.Is(ctx.Err(), context.Canceled) && (guard.Is(err, context.Canceled) || interrupted[status])
}

// end ends the span and records the measurements; a second call does nothing.
func (op *operation) end(err error) { op.endRows(err, -1) }

// endRows is end with the number of rows that were read, negative when it was no
// query.
func (op *operation) endRows(err error, rows int64) {
	if op.in == nil {
		return
	}
	set := op.q.measure
	if err != nil {
		set = op.fail(err)
	} else if len(op.extra) > 0 {
		set = setcache.NewSet(append(slices.Clip(op.q.attrs), op.extra...)...).Record
	}
	op.span.End()
	if op.in.duration.Enabled(op.ctx) {
		op.in.duration.Record(op.ctx, time.Since(op.start).Seconds(), set...)
	}
	if rows >= 0 && op.in.rows.Enabled(op.ctx) {
		op.in.rows.Record(op.ctx, rows, set...)
	}
	op.in = nil
}

// isError reports whether err is one of a span.
func (in *instrument) isError(err error) bool {
	return in.cfg.errorFilter == nil || in.cfg.errorFilter(err)
}

// fail notes an error at the span, and returns the attributes of the
// measurements.
func (op *operation) fail(err error) []metric.RecordOption {
	status := statusOf(err)
	var attrs []attribute.KeyValue
	if isCanceled(op.ctx, err, status) {
		attrs = append(attrs, semconv.ErrorTypeKey.String(canceled))
	} else {
		attrs = append(attrs, semconv.ErrorTypeKey.String(errorType(err, status)))
		if status != "" {
			attrs = append(attrs, semconv.DBResponseStatusCode(status))
		}
		if op.span.IsRecording() && op.in.isError(err) {
			op.span.SetStatus(codes.Error, attrtext.Clean(guard.Error(err), maxDescriptionBytes))
		}
	}
	if op.in.cfg.errorAttrs != nil {
		op.span.SetAttributes(op.in.cfg.errorAttrs(err)...)
	}
	if op.in.isError(err) {
		op.span.SetAttributes(attrs...)
	}
	all := slices.Concat(op.q.attrs, op.extra, attrs)
	if op.in.cfg.measuredError != nil {
		all = append(all, op.in.cfg.measuredError(err)...)
	}
	return setcache.NewSet(all...).Record
}
