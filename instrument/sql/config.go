package ttlogsql

import (
	"context"
	"slices"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/ttlog/ttlog/instrument/internal/version"
)

// ScopeName is the name of the instrumentation scope.
const ScopeName = "github.com/ttlog/ttlog/instrument/sql"

// Option configures a wrapped driver or database.
type Option interface{ apply(config) config }

type optionFunc func(config) config

func (f optionFunc) apply(c config) config { return f(c) }

// QueryText says what db.query.text holds.
type QueryText uint8

const (
	// QueryTextSafe is the default: the query as it is when it came with
	// arguments, and without its literals when it did not.
	QueryTextSafe QueryText = iota
	// QueryTextSanitized never shows a literal.
	QueryTextSanitized
	// QueryTextOff leaves the attribute out.
	QueryTextOff
)

type config struct {
	tracers        trace.TracerProvider
	meters         metric.MeterProvider
	system         string // db.system.name
	driverName     string
	dsn            string
	attrs          []attribute.KeyValue
	text           QueryText
	filter         func(ctx context.Context, query string) bool
	spanName       func(query, summary string) string
	transactions   bool
	returnedRows   bool
	parentRequired bool
	poolName       string
	pings          bool
	poolLeft       bool
	rowEvents      bool
	spanFilter     func(context.Context, Call) bool
	errorFilter    func(error) bool
	callName       func(context.Context, Call) string
	spanAttrs      func(context.Context, Call) []attribute.KeyValue
	measured       func(context.Context, Call) []attribute.KeyValue
	errorAttrs     func(error) []attribute.KeyValue
	measuredError  func(error) []attribute.KeyValue
	commenter      propagation.TextMapPropagator
}

func (c config) meter() metric.Meter {
	return c.meters.Meter(ScopeName, metric.WithInstrumentationVersion(version.Version), metric.WithSchemaURL(semconv.SchemaURL))
}

func newConfig(opts []Option) config {
	c := config{tracers: otel.GetTracerProvider(), meters: otel.GetMeterProvider()}
	for _, o := range opts {
		if o != nil {
			c = o.apply(c)
		}
	}
	return c
}

// WithTracerProvider sets where spans come from. The default, also for nil, is
// the global provider.
func WithTracerProvider(p trace.TracerProvider) Option {
	return optionFunc(func(c config) config {
		if p != nil {
			c.tracers = p
		}
		return c
	})
}

// WithMeterProvider sets where metrics go. The default, also for nil, is the
// global provider.
func WithMeterProvider(p metric.MeterProvider) Option {
	return optionFunc(func(c config) config {
		if p != nil {
			c.meters = p
		}
		return c
	})
}

// WithSystem sets db.system.name, such as "mariadb" or "cockroachdb", where it
// differs from what the driver's name suggests. It also decides how a query's
// quotes are read.
func WithSystem(name string) Option {
	return optionFunc(func(c config) config {
		c.system = name
		return c
	})
}

// WithDSN gives [OpenDB] the data source name that its connector was made from.
// Only the server's address and the database's name are taken from it.
func WithDSN(dsn string) Option {
	return optionFunc(func(c config) config {
		c.dsn = dsn
		return c
	})
}

// WithAttributes adds attributes to every span and measurement. They come after
// the ones derived from the driver and win over them.
func WithAttributes(attrs ...attribute.KeyValue) Option {
	return optionFunc(func(c config) config {
		c.attrs = append(slices.Clip(c.attrs), attrs...)
		return c
	})
}

// WithQueryText sets what db.query.text holds.
func WithQueryText(q QueryText) Option {
	return optionFunc(func(c config) config {
		c.text = q
		return c
	})
}

// WithFilter leaves out queries for which keep returns false: they get no span
// and no metric. For a commit, a rollback, a ping or a connection the query is
// "COMMIT", "ROLLBACK", "BEGIN", "PING" or "CONNECT", for the span of a whole
// transaction "TRANSACTION".
func WithFilter(keep func(ctx context.Context, query string) bool) Option {
	return optionFunc(func(c config) config {
		c.filter = keep
		return c
	})
}

// WithSpanNameFormatter sets the span's name from the query and its summary.
// Its answer is remembered for the query.
func WithSpanNameFormatter(name func(query, summary string) string) Option {
	return optionFunc(func(c config) config {
		c.spanName = name
		return c
	})
}

// WithTransactionSpans adds a span from BEGIN to the end of each transaction.
// The statements in it become its children when they are called with the
// context of BeginTx, or one with the same span.
func WithTransactionSpans() Option {
	return optionFunc(func(c config) config {
		c.transactions = true
		return c
	})
}

// WithReturnedRows adds db.response.returned_rows, the number of rows that were
// read, to the spans of queries.
func WithReturnedRows() Option {
	return optionFunc(func(c config) config {
		c.returnedRows = true
		return c
	})
}

// WithParentRequired leaves out the spans of queries whose context carries no
// span: each would be the root of a trace of its own, which tells nobody what it
// was for. They are measured all the same.
func WithParentRequired() Option {
	return optionFunc(func(c config) config {
		c.parentRequired = true
		return c
	})
}
