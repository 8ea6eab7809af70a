package tracer

import (
	"context"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/log"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/ttlog/ttlog/internal/otlpsdk"
	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/internal/recorder"
	"github.com/ttlog/ttlog/internal/sdkguard"
	"github.com/ttlog/ttlog/processor"
)

// LoggerProvider is a [log.LoggerProvider] with the methods of the SDK's.
type LoggerProvider struct {
	// LoggerProvider is the SDK's, guarded against errors whose methods panic.
	sdkguard.LoggerProvider
	recorder *recorder.Recorder // nil where records are the SDK's
	resource *resource.Resource
	limits   valueLimits
	loggers  sync.Map // by the SDK's
}

// NewLoggerProvider returns a provider of log records of r, which are recorded for
// p; nil is for a signal that goes nowhere. Shutdown shuts p down, too.
//
// A record with an error, a nested attribute or body, a key that it has twice, or
// more than fits its limits goes through the SDK; any other is put together in
// memory and copied into the ring.
func NewLoggerProvider(p *processor.LogProcessor, r *resource.Resource) *LoggerProvider {
	opts := []sdklog.LoggerProviderOption{sdklog.WithResource(r)}
	lp := &LoggerProvider{limits: limitsOf(-1, -1)}
	if p != nil {
		opts = append(opts, sdklog.WithProcessor(p))
		if !experimental() && os.Getenv("OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT") == "" && os.Getenv("OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT") == "" {
			lp.recorder = p.Recorder()
		}
	}
	lp.LoggerProvider = sdkguard.Loggers(sdklog.NewLoggerProvider(opts...))
	// What the SDK makes of the resource is seen in a record of its own.
	lp.resource = resourceOf(sdklog.WithResource(r))
	return lp
}

// resourceOf returns the resource that the SDK gives to records.
func resourceOf(opt sdklog.LoggerProviderOption) *resource.Resource {
	var seen witness
	sdklog.NewLoggerProvider(opt, sdklog.WithProcessor(&seen)).Logger("ttlog").Emit(context.Background(), log.Record{})
	return seen.resource
}

// witness is a processor that keeps what a record is of.
type witness struct {
	resource *resource.Resource
	scope    instrumentation.Scope
}

func (w *witness) OnEmit(_ context.Context, r *sdklog.Record) error {
	w.resource, w.scope = r.Resource(), r.InstrumentationScope()
	return nil
}
func (*witness) Enabled(context.Context, sdklog.EnabledParameters) bool { return true }
func (*witness) Shutdown(context.Context) error                         { return nil }
func (*witness) ForceFlush(context.Context) error                       { return nil }

// Logger implements [log.LoggerProvider].
func (p *LoggerProvider) Logger(name string, opts ...log.LoggerOption) log.Logger {
	full := p.LoggerProvider.Logger(name, opts...)
	if p.recorder == nil {
		return full
	}
	if l, ok := p.loggers.Load(full); ok {
		return l.(*logger)
	}
	var seen witness
	sdklog.NewLoggerProvider(sdklog.WithProcessor(&seen)).Logger(name, opts...).Emit(context.Background(), log.Record{})
	l, _ := p.loggers.LoadOrStore(full, &logger{Logger: full, provider: p, scope: seen.scope})
	return l.(*logger)
}

// logger is immutable, but for the id.
type logger struct {
	log.Logger // the SDK's
	provider   *LoggerProvider
	scope      instrumentation.Scope
	// id is the scope's in the ring's catalog, once it is known.
	id atomic.Uint32
}

// Enabled implements [log.Logger].
func (l *logger) Enabled(context.Context, log.EnabledParameters) bool {
	return !l.provider.recorder.Stopped()
}

// Emit implements [log.Logger].
func (l *logger) Emit(ctx context.Context, r log.Record) {
	if id := l.scopeID(); id == 0 || !l.emit(ctx, id, &r) {
		l.Logger.Emit(ctx, r)
	}
}

// scopeID returns the scope's id in the ring's catalog, or 0 for the SDK to see
// what it can do.
func (l *logger) scopeID() uint32 {
	id := l.id.Load()
	if id == 0 {
		id, _ = l.provider.recorder.ScopeID(l.provider.resource, &l.scope)
		l.id.Store(id)
	}
	return id
}

// line is a record under way.
type line struct {
	b          []byte
	attributes attributes
	limits     *valueLimits
	plain      bool
}

var lines = sync.Pool{New: func() any { return new(line) }}

// maxLine bounds the memory that waits in the pool.
const maxLine = 64 << 10

// emit records r, or returns false where that is for the SDK to do.
func (l *logger) emit(ctx context.Context, id uint32, r *log.Record) bool {
	body := r.Body()
	if r.Err() != nil || r.AttributesLen() > maxAttributes || !l.provider.limits.allowBody(&body) {
		return false
	}
	n := lines.Get().(*line)
	defer func() {
		if cap(n.b) <= maxLine && cap(n.attributes.b) <= maxLine {
			lines.Put(n)
		}
	}()
	n.attributes.reset()
	n.plain, n.limits = true, &l.provider.limits
	// The attributes first, which tell whether the record is a plain one.
	r.WalkAttributes(func(kv attribute.KeyValue) bool {
		n.plain = n.attributes.add(otlpwire.LogRecordAttributes, &kv, n.limits)
		return n.plain
	})
	if !n.plain {
		return false
	}
	n.put(ctx, id, r, &body)
	c := l.provider.recorder
	c.Enter()
	if !c.Refuses() {
		c.Write(n.b, nil)
	}
	return true
}

// put puts the record together.
func (n *line) put(ctx context.Context, id uint32, r *log.Record, body *attribute.Value) {
	var ref [otlpwire.RefSize]byte
	otlpwire.PutRef(ref[:], id)
	b := append(n.b[:0], ref[:]...)
	b = appendTime(b, otlpwire.LogRecordTimeUnixNano, r.Timestamp())
	// The API's severities and OTLP's have the same numbers.
	if s := r.Severity(); s >= log.SeverityTrace1 && s <= log.SeverityFatal4 {
		b = append(b, byte(otlpwire.LogRecordSeverityNumber)<<3|byte(protowire.VarintType), byte(s))
	}
	if text := r.SeverityText(); text != "" {
		b = otlpwire.AppendString(b, otlpwire.LogRecordSeverityText, valid(text))
	}
	if body.Type() != attribute.EMPTY {
		b = otlpsdk.AppendPlainValue(b, otlpwire.LogRecordBody, body)
	}
	b = append(b, n.attributes.b...)
	if sc := trace.SpanContextFromContext(ctx); sc.HasTraceID() || sc.HasSpanID() || sc.TraceFlags() != 0 {
		b = appendContext(b, sc)
	}
	observed := r.ObservedTimestamp()
	if at := r.Timestamp(); observed.IsZero() && !at.IsZero() {
		observed = at.Add(time.Since(at)) // now, by the cheaper of the clocks where at has it
	} else if observed.IsZero() {
		observed = time.Now()
	}
	b = appendTime(b, otlpwire.LogRecordObservedTimeUnixNano, observed)
	if name := r.EventName(); name != "" {
		b = otlpwire.AppendString(b, otlpwire.LogRecordEventName, valid(name))
	}
	n.b = b
}

func appendContext(b []byte, sc trace.SpanContext) []byte {
	if f := sc.TraceFlags(); f != 0 {
		b = otlpwire.AppendFixed32(b, otlpwire.LogRecordFlags, uint32(f))
	}
	if id := sc.TraceID(); id.IsValid() {
		b = otlpwire.AppendBytes(b, otlpwire.LogRecordTraceID, id[:])
	}
	if id := sc.SpanID(); id.IsValid() {
		b = otlpwire.AppendBytes(b, otlpwire.LogRecordSpanID, id[:])
	}
	return b
}

// allowBody tells whether a body is a scalar one, and valid.
func (l *valueLimits) allowBody(v *attribute.Value) bool {
	if v.Type() == attribute.EMPTY {
		return true
	}
	return l.allow(&attribute.KeyValue{Key: "body", Value: *v})
}
