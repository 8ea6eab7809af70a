package ttlogsql

import (
	"context"
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
	"github.com/ttlog/ttlog/instrument/internal/sqltext"
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
	duration metric.Float64Histogram
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
	in := &instrument{cfg: cfg, system: cfg.system, dialect: dialectOf(cfg.system)}
	in.tracer = cfg.tracers.Tracer(ScopeName, trace.WithSchemaURL(semconv.SchemaURL))
	meter := cfg.meters.Meter(ScopeName, metric.WithSchemaURL(semconv.SchemaURL))
	// On an error the instrument records nothing; telemetry must not stop the
	// program.
	duration, _ := dbconv.NewClientOperationDuration(meter, metric.WithExplicitBucketBoundaries(durationBuckets...))
	in.duration = duration.Inst()
	in.attrs = append(in.attrs, semconv.DBSystemNameKey.String(cfg.system))
	in.attrs = append(in.attrs, parseDSN(cfg.system, cfg.dsn).attributes()...)
	in.attrs = append(in.attrs, cfg.attrs...)
	in.steps = map[string]*query{}
	for _, name := range []string{stepConnect, stepPing, stepBegin, stepCommit, stepRollback, stepTransaction} {
		in.steps[name] = in.newQuery(name, sqltext.Statement{Operation: name, Summary: name})
	}
	return in
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
	q.measure = []metric.RecordOption{metric.WithAttributeSet(attribute.NewSet(append([]attribute.KeyValue(nil), attrs...)...))}
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
}

// start begins the operation of a query. The returned context carries its span.
func (in *instrument) start(ctx context.Context, text string, parameterized bool) (context.Context, operation) {
	if in.cfg.filter != nil && !in.cfg.filter(ctx, text) {
		return ctx, operation{}
	}
	q := in.query(text)
	opts := q.literal
	if parameterized {
		opts = q.parameterized
	}
	return in.begin(ctx, q, time.Now(), opts)
}

// startStep begins the operation of a step.
func (in *instrument) startStep(ctx context.Context, step string) (context.Context, operation) {
	if in.cfg.filter != nil && !in.cfg.filter(ctx, step) {
		return ctx, operation{}
	}
	q := in.steps[step]
	return in.begin(ctx, q, time.Now(), q.literal)
}

// failedQuery records a query that has a span only because it failed.
func (in *instrument) failedQuery(ctx context.Context, text string, start time.Time, err error) {
	if in.cfg.filter == nil || in.cfg.filter(ctx, text) {
		in.failed(ctx, in.query(text), start, err)
	}
}

// failedStep records a step that has a span only because it failed.
func (in *instrument) failedStep(ctx context.Context, step string, start time.Time, err error) {
	if in.cfg.filter == nil || in.cfg.filter(ctx, step) {
		in.failed(ctx, in.steps[step], start, err)
	}
}

func (in *instrument) failed(ctx context.Context, q *query, start time.Time, err error) {
	opts := append(slices.Clip(q.literal), trace.WithTimestamp(start))
	_, op := in.begin(ctx, q, start, opts)
	op.end(err)
}

func (in *instrument) begin(ctx context.Context, q *query, start time.Time, opts []trace.SpanStartOption) (context.Context, operation) {
	op := operation{in: in, q: q, start: start}
	if in.cfg.parentRequired && !trace.SpanContextFromContext(ctx).IsValid() {
		op.ctx, op.span = ctx, noop.Span{}
		return ctx, op
	}
	op.ctx, op.span = in.tracer.Start(ctx, q.name, opts...)
	return op.ctx, op
}

// end ends the span and records the duration; a second call does nothing.
func (op *operation) end(err error) {
	if op.in == nil {
		return
	}
	if err == nil {
		op.span.End()
		if op.in.duration.Enabled(op.ctx) {
			op.in.duration.Record(op.ctx, time.Since(op.start).Seconds(), op.q.measure...)
		}
		op.in = nil
		return
	}
	status := statusOf(err)
	attrs := []attribute.KeyValue{semconv.ErrorTypeKey.String(errorType(err, status))}
	if status != "" {
		attrs = append(attrs, semconv.DBResponseStatusCode(status))
	}
	if op.span.IsRecording() {
		op.span.SetAttributes(attrs...)
		op.span.SetStatus(codes.Error, attrtext.Clean(guard.Error(err), maxDescriptionBytes))
	}
	op.span.End()
	if op.in.duration.Enabled(op.ctx) {
		all := append(slices.Clip(op.q.attrs), attrs...)
		op.in.duration.Record(op.ctx, time.Since(op.start).Seconds(), metric.WithAttributeSet(attribute.NewSet(all...)))
	}
	op.in = nil
}
