package otelsql

import (
	"context"
	"database/sql/driver"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	ttlogsql "github.com/ttlog/ttlog/instrument/sql"
)

// Option configures a wrapped driver or database.
type Option interface{ Apply(cfg *config) }

// OptionFunc is an Option.
type OptionFunc func(*config)

// Apply implements [Option].
func (f OptionFunc) Apply(c *config) { f(c) }

type config struct {
	opts        []ttlogsql.Option
	attrs       []attribute.KeyValue
	spans       SpanOptions
	commenter   bool
	propagators propagation.TextMapPropagator
	spanError   SpanErrorAttributesGetter
	metricError InstrumentErrorAttributesGetter
}

func newConfig(options []Option) config {
	var c config
	for _, o := range options {
		o.Apply(&c)
	}
	return c
}

func translate(options []Option) []ttlogsql.Option { return newConfig(options).translated() }

// translated returns the options of ttlogsql. The pool is left to
// RegisterDBStatsMetrics, which a program calls besides.
func (c config) translated() []ttlogsql.Option {
	opts := append(c.opts, ttlogsql.WithoutPoolMetrics(), ttlogsql.WithAttributes(c.attrs...))
	if c.spanError != nil || c.metricError != nil {
		opts = append(opts, ttlogsql.WithErrorAttributes(c.spanError, c.metricError))
	}
	if c.commenter {
		p := c.propagators
		if p == nil {
			p = otel.GetTextMapPropagator()
		}
		opts = append(opts, ttlogsql.WithSQLCommenter(p))
	}
	return append(opts, c.spans.options()...)
}

func option(o ttlogsql.Option) Option {
	return OptionFunc(func(c *config) { c.opts = append(c.opts, o) })
}

// SpanOptions says which spans there are. The default of every field is false.
type SpanOptions struct {
	// Ping makes a span of every ping.
	Ping bool
	// RowsNext makes an event of each row.
	RowsNext bool
	// DisableErrSkip does nothing: driver.ErrSkip never is an error.
	DisableErrSkip bool
	// DisableQuery leaves db.query.text out.
	DisableQuery bool
	// RecordError decides which errors are one of the span; nil means all.
	RecordError func(err error) bool
	// OmitConnResetSession does nothing: there is no such span.
	OmitConnResetSession bool
	// OmitConnPrepare does nothing: there is no such span, unless it fails.
	OmitConnPrepare bool
	// OmitConnQuery leaves out the spans of queries that are not prepared.
	OmitConnQuery bool
	// OmitRows does nothing: the span of a query lasts until its rows are closed.
	OmitRows bool
	// RowsChildOfQuery does nothing, for the same reason.
	RowsChildOfQuery bool
	// OmitConnectorConnect leaves out the spans of failed connections.
	OmitConnectorConnect bool
	// SpanFilter reports whether a call has a span; nil means all.
	SpanFilter SpanFilter
}

func (o SpanOptions) options() (opts []ttlogsql.Option) {
	if o.Ping {
		opts = append(opts, ttlogsql.WithPingSpans())
	}
	if o.RowsNext {
		opts = append(opts, ttlogsql.WithRowEvents())
	}
	if o.DisableQuery {
		opts = append(opts, ttlogsql.WithQueryText(ttlogsql.QueryTextOff))
	}
	if o.RecordError != nil {
		opts = append(opts, ttlogsql.WithErrorFilter(o.RecordError))
	}
	if o.OmitConnQuery || o.OmitConnectorConnect || o.SpanFilter != nil {
		opts = append(opts, ttlogsql.WithSpanFilter(o.keep))
	}
	return opts
}

func (o SpanOptions) keep(ctx context.Context, c ttlogsql.Call) bool {
	switch method := methodOf(c); {
	case o.OmitConnQuery && method == MethodConnQuery, o.OmitConnectorConnect && method == MethodConnectorConnect:
		return false
	default:
		return o.SpanFilter == nil || o.SpanFilter(ctx, method, c.Query, c.Args)
	}
}

// WithTracerProvider is [ttlogsql.WithTracerProvider].
func WithTracerProvider(provider trace.TracerProvider) Option {
	return option(ttlogsql.WithTracerProvider(provider))
}

// WithMeterProvider is [ttlogsql.WithMeterProvider].
func WithMeterProvider(provider metric.MeterProvider) Option {
	return option(ttlogsql.WithMeterProvider(provider))
}

// WithAttributes is [ttlogsql.WithAttributes].
func WithAttributes(attributes ...attribute.KeyValue) Option {
	return OptionFunc(func(c *config) { c.attrs = append(c.attrs, attributes...) })
}

// WithSpanNameFormatter is [ttlogsql.WithCallNameFormatter].
func WithSpanNameFormatter(spanNameFormatter SpanNameFormatter) Option {
	return option(ttlogsql.WithCallNameFormatter(func(ctx context.Context, c ttlogsql.Call) string {
		return spanNameFormatter(ctx, methodOf(c), c.Query)
	}))
}

// WithSpanOptions says which spans there are.
func WithSpanOptions(opts SpanOptions) Option {
	return OptionFunc(func(c *config) { c.spans = opts })
}

// WithSQLCommenter is [ttlogsql.WithSQLCommenter], with the propagator of
// [WithTextMapPropagator].
func WithSQLCommenter(enabled bool) Option {
	return OptionFunc(func(c *config) { c.commenter = enabled })
}

// WithTextMapPropagator sets what the comment of a query is made with. The
// default is the global one.
func WithTextMapPropagator(propagator propagation.TextMapPropagator) Option {
	return OptionFunc(func(c *config) { c.propagators = propagator })
}

// WithAttributesGetter is [ttlogsql.WithSpanAttributes].
func WithAttributesGetter(attributesGetter AttributesGetter) Option {
	return option(ttlogsql.WithSpanAttributes(perCall(attributesGetter)))
}

// WithInstrumentAttributesGetter is [ttlogsql.WithMetricAttributes].
func WithInstrumentAttributesGetter(instrumentAttributesGetter InstrumentAttributesGetter) Option {
	return option(ttlogsql.WithMetricAttributes(perCall(instrumentAttributesGetter)))
}

func perCall(get func(context.Context, Method, string, []driver.NamedValue) []attribute.KeyValue) func(context.Context, ttlogsql.Call) []attribute.KeyValue {
	return func(ctx context.Context, c ttlogsql.Call) []attribute.KeyValue {
		return get(ctx, methodOf(c), c.Query, c.Args)
	}
}

// WithInstrumentErrorAttributesGetter adds attributes for an error to the
// measurements.
func WithInstrumentErrorAttributesGetter(instrumentErrorAttributesGetter InstrumentErrorAttributesGetter) Option {
	return OptionFunc(func(c *config) { c.metricError = instrumentErrorAttributesGetter })
}

// WithSpanErrorAttributesGetter adds attributes for an error to the span.
func WithSpanErrorAttributesGetter(spanErrorAttributesGetter SpanErrorAttributesGetter) Option {
	return OptionFunc(func(c *config) { c.spanError = spanErrorAttributesGetter })
}

// WithDisableSkipErrMeasurement does nothing: driver.ErrSkip never is an error.
func WithDisableSkipErrMeasurement(bool) Option { return OptionFunc(func(*config) {}) }
