package ttlogredis

import (
	"context"
	"errors"
	"net"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/semconv/v1.43.0/dbconv"
	"go.opentelemetry.io/otel/trace"
	tracenoop "go.opentelemetry.io/otel/trace/noop"

	"github.com/ttlog/ttlog/instrument/internal/gate"
	"github.com/ttlog/ttlog/instrument/internal/scratch"
	"github.com/ttlog/ttlog/instrument/internal/setcache"
	"github.com/ttlog/ttlog/instrument/internal/version"
)

// maxDescriptionBytes bounds a status description.
const maxDescriptionBytes = 1024

// durationBuckets are the convention's for db.client.operation.duration, in
// seconds.
var durationBuckets = []float64{0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10}

var clientKind = trace.WithSpanKind(trace.SpanKindClient)

// hook sees what a client is asked to do. It is immutable but for its cache.
type hook struct {
	cfg      config
	traces   bool
	measures bool
	tracer   trace.Tracer
	tracers  gate.Tracers
	duration metric.Float64Histogram
	create   metric.Float64Histogram
	attrs    []attribute.KeyValue // of every span and measurement
	pool     *setcache.Set        // of the measurements of connections
	sets     *setcache.Cache[setKey, *setcache.Set]
	marker   markerKey
}

type setKey struct {
	operation, errorType, status string
	node                         *nodeHook // that served it, nil where there is one server only
}

// markerKey marks the context of an operation. What go-redis sends with it is
// part of the operation. The hook for spans and the one for metrics have marks
// of their own, since one runs inside the other.
type markerKey struct{ traces bool }

func newHook(cfg config, attrs []attribute.KeyValue, traces, measures bool) *hook {
	h := &hook{
		cfg: cfg, traces: traces, measures: measures, marker: markerKey{traces},
		tracer: tracenoop.Tracer{}, tracers: gate.OfTracers(tracenoop.NewTracerProvider()),
		duration: noop.Float64Histogram{}, create: noop.Float64Histogram{},
	}
	h.sets = setcache.New(h.measureAttributes)
	if traces {
		h.tracers = gate.OfTracers(cfg.tracers)
		h.tracer = cfg.tracers.Tracer(ScopeName,
			trace.WithInstrumentationVersion(version.Version), trace.WithSchemaURL(semconv.SchemaURL))
	}
	if measures {
		// On an error the instrument records nothing; telemetry must not
		// stop the program.
		d, _ := dbconv.NewClientOperationDuration(cfg.meter(), metric.WithExplicitBucketBoundaries(durationBuckets...))
		c, _ := dbconv.NewClientConnectionCreateTime(cfg.meter(), metric.WithExplicitBucketBoundaries(durationBuckets...))
		h.duration, h.create = d.Inst(), c.Inst()
	}
	h.attrs = append(h.attrs, semconv.DBSystemNameRedis)
	h.attrs = append(h.attrs, attrs...)
	h.attrs = append(h.attrs, cfg.attrs...)
	h.pool = setcache.NewSet(semconv.DBClientConnectionPoolName(poolName(cfg, attrs)))
	return h
}

// off reports whether nobody listens to what is done with this context.
func (h *hook) off(ctx context.Context) bool {
	return h.tracers.Closed() && !h.duration.Enabled(ctx)
}

// operation is one command or pipeline on its way. It is the context that the
// command goes on with, so that there is one allocation of all.
type operation struct {
	context.Context // carries the span
	h               *hook
	span            trace.Span // nil without one
	name            string
	start           time.Time
	// Of a cluster or a ring: the node that was asked last, and how many were.
	// The tries of one command come one after the other.
	node  *nodeHook
	tries int
}

// Value implements [context.Context]: the operation is what its marker marks.
func (op *operation) Value(key any) any {
	if k, ok := key.(markerKey); ok && k == op.h.marker {
		return op
	}
	return op.Context.Value(key)
}

// operationOf returns the operation of this hook that ctx is part of, or nil.
func (h *hook) operationOf(ctx context.Context) *operation {
	op, _ := ctx.Value(h.marker).(*operation)
	return op
}

// begin begins an operation; of its span, where it has one, describe appends the
// attributes.
func (h *hook) begin(ctx context.Context, name string, describe func(attrs []attribute.KeyValue) []attribute.KeyValue) *operation {
	op := &operation{Context: ctx, h: h, name: name, start: time.Now()}
	if h.spans(ctx) {
		s := scratch.Get()
		defer s.Release()
		attrs := append(append(s.Attributes(), h.attrs...), semconv.DBOperationName(name))
		op.Context, op.span = h.tracer.Start(ctx, name, s.Options(clientKind, describe(attrs))...)
	}
	return op
}

// spans tells whether an operation with this context has a span.
func (h *hook) spans(ctx context.Context) bool {
	return h.traces && (!h.cfg.parentRequired || trace.SpanContextFromContext(ctx).IsValid())
}

// canceled is the error.type of what the caller did not wait for, which is no
// error of the server.
const canceled = "context.Canceled"

func (op *operation) end(err error) {
	key := setKey{operation: op.name, node: op.node}
	if err != nil {
		key.status = statusOf(err)
		key.errorType = errorType(err, key.status)
	}
	if op.span != nil {
		if op.tries > 1 {
			op.span.SetAttributes(attribute.Int("ttlog.redis.tries", op.tries))
		}
		if err != nil && op.span.IsRecording() {
			op.span.SetAttributes(key.errorAttributes()...)
			if key.errorType != canceled || !errors.Is(op.Err(), context.Canceled) {
				op.span.SetStatus(codes.Error, description(err))
			}
		}
		op.span.End()
	}
	if op.h.duration.Enabled(op) {
		op.h.duration.Record(op, time.Since(op.start).Seconds(), op.h.sets.Get(key).Record...)
	}
}

func (k setKey) errorAttributes() []attribute.KeyValue {
	attrs := []attribute.KeyValue{semconv.ErrorTypeKey.String(k.errorType)}
	if k.status != "" {
		attrs = append(attrs, semconv.DBResponseStatusCode(k.status))
	}
	return attrs
}

func (h *hook) measureAttributes(k setKey) []attribute.KeyValue {
	attrs := append(slices.Clip(h.attrs), semconv.DBOperationName(k.operation))
	if k.node != nil {
		attrs = append(attrs, k.node.server...)
	}
	if k.errorType != "" {
		attrs = append(attrs, k.errorAttributes()...)
	}
	return attrs
}

// ProcessHook implements [redis.Hook].
func (h *hook) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if h.off(ctx) || h.operationOf(ctx) != nil || handshake(cmd) || (h.cfg.filter != nil && !h.cfg.filter(cmd)) {
			return next(ctx, cmd)
		}
		name := operationName(cmd)
		op := h.begin(ctx, name, func(attrs []attribute.KeyValue) []attribute.KeyValue {
			if h.cfg.noText {
				return attrs
			}
			var buf [256]byte
			return append(attrs, semconv.DBQueryText(string(appendText(buf[:0], name, cmd.Args()))))
		})
		err := next(op, cmd)
		op.end(failure(err))
		return err
	}
}

// ProcessPipelineHook implements [redis.Hook].
func (h *hook) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		if len(cmds) == 0 || h.off(ctx) || h.operationOf(ctx) != nil || allHandshake(cmds) || !h.keepAny(cmds) {
			return next(ctx, cmds)
		}
		b := newBatch(cmds)
		op := h.begin(ctx, b.name, func(attrs []attribute.KeyValue) []attribute.KeyValue {
			attrs = append(attrs, semconv.DBQuerySummary(b.name))
			if len(b.cmds) != 1 { // a batch of one is no batch, says the convention
				attrs = append(attrs, semconv.DBOperationBatchSize(len(b.cmds)))
			}
			if !h.cfg.noText {
				attrs = append(attrs, semconv.DBQueryText(pipelineText(b.cmds)))
			}
			return attrs
		})
		err := next(op, cmds)
		op.end(pipelineFailure(err, cmds))
		return err
	}
}

func (h *hook) keepAny(cmds []redis.Cmder) bool {
	switch {
	case h.cfg.pipelines != nil:
		return h.cfg.pipelines(cmds)
	case h.cfg.filter == nil:
		return true
	}
	return slices.ContainsFunc(cmds, h.cfg.filter)
}

// DialHook implements [redis.Hook]. With the server down the pool dials again and
// again, for nobody: a span is made of that only for those who ask.
func (h *hook) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		start := time.Now()
		conn, err := next(ctx, network, addr)
		if err == nil && h.create.Enabled(ctx) {
			h.create.Record(ctx, time.Since(start).Seconds(), h.pool.Record...)
		}
		if h.cfg.dials && h.spans(ctx) {
			_, span := h.tracer.Start(ctx, "CONNECT", clientKind, trace.WithTimestamp(start),
				trace.WithAttributes(h.attrs...), trace.WithAttributes(semconv.DBOperationName("CONNECT")))
			if err != nil {
				span.SetAttributes(semconv.ErrorTypeKey.String(errorType(err, "")))
				span.SetStatus(codes.Error, description(err))
			}
			span.End()
		}
		return conn, err
	}
}
