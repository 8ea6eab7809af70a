package ttlogsql

import (
	"context"
	"database/sql/driver"
	"net/url"
	"slices"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
)

// The methods of a [Call]: those with a query first.
const (
	MethodExec     = "EXEC"
	MethodQuery    = "QUERY"
	MethodPrepare  = "PREPARE"
	MethodConnect  = stepConnect
	MethodPing     = stepPing
	MethodBegin    = stepBegin
	MethodCommit   = stepCommit
	MethodRollback = stepRollback
	// MethodTransaction is the whole of one, see [WithTransactionSpans].
	MethodTransaction = stepTransaction
)

// Call is what a driver is asked for. Its arguments belong to database/sql and
// hold secrets.
type Call struct {
	Method string
	Query  string // "" for a step such as COMMIT
	Args   []driver.NamedValue
	// Prepared says that the query is that of a prepared statement.
	Prepared bool
}

// WithCallNameFormatter sets the span's name from the whole call. It goes before
// [WithSpanNameFormatter], whose answers are remembered, and is called each time.
func WithCallNameFormatter(name func(ctx context.Context, c Call) string) Option {
	return optionFunc(func(c config) config {
		c.callName = name
		return c
	})
}

// WithSpanAttributes adds attributes to the span of each call.
func WithSpanAttributes(of func(ctx context.Context, c Call) []attribute.KeyValue) Option {
	return optionFunc(func(c config) config {
		c.spanAttrs = of
		return c
	})
}

// WithMetricAttributes adds attributes to the measurements of each call. What it
// returns must have few different values.
func WithMetricAttributes(of func(ctx context.Context, c Call) []attribute.KeyValue) Option {
	return optionFunc(func(c config) config {
		c.measured = of
		return c
	})
}

// WithErrorAttributes adds attributes for an error, to the span and to the
// measurements; either function may be nil.
func WithErrorAttributes(span, measured func(err error) []attribute.KeyValue) Option {
	return optionFunc(func(c config) config {
		c.errorAttrs, c.measuredError = span, measured
		return c
	})
}

// WithPingSpans makes a span of every ping, not only of those that fail.
func WithPingSpans() Option {
	return optionFunc(func(c config) config {
		c.pings = true
		return c
	})
}

// WithSpanFilter leaves out the spans of calls for which keep returns false. They
// are measured all the same, unlike those that [WithFilter] leaves out.
func WithSpanFilter(keep func(ctx context.Context, c Call) bool) Option {
	return optionFunc(func(c config) config {
		c.spanFilter = keep
		return c
	})
}

// WithErrorFilter decides which errors are one of the span. For others it has no
// error status and no error.type; the measurement has.
func WithErrorFilter(isError func(err error) bool) Option {
	return optionFunc(func(c config) config {
		c.errorFilter = isError
		return c
	})
}

// WithRowEvents makes an event of each row that is read. They may be many.
func WithRowEvents() Option {
	return optionFunc(func(c config) config {
		c.rowEvents = true
		return c
	})
}

// WithoutPoolMetrics leaves the pool of [Open] and [OpenDB] to be observed by
// [RegisterPoolMetrics].
func WithoutPoolMetrics() Option {
	return optionFunc(func(c config) config {
		c.poolLeft = true
		return c
	})
}

// AttributesFromDSN returns what a data source name tells of the server's address
// and the database's name. The system is db.system.name, by which it is read
// where it is no URL.
func AttributesFromDSN(system, dsn string) []attribute.KeyValue {
	return parseDSN(system, dsn).attributes()
}

// WithPoolName sets db.client.connection.pool.name, which is the server's
// address and the database's name else.
func WithPoolName(name string) Option {
	return optionFunc(func(c config) config {
		c.poolName = name
		return c
	})
}

// WithSQLCommenter appends a comment with the trace context to queries, where a
// server's own tools find it. Each query then is another text, which a server
// that keeps plans by their text keeps for nothing.
func WithSQLCommenter(p propagation.TextMapPropagator) Option {
	return optionFunc(func(c config) config {
		c.commenter = p
		return c
	})
}

// commented returns the query with the comment of the span that ctx carries.
func (in *instrument) commented(ctx context.Context, query string) string {
	if in.cfg.commenter == nil {
		return query
	}
	carrier := propagation.MapCarrier{}
	in.cfg.commenter.Inject(ctx, carrier)
	if len(carrier) == 0 {
		return query
	}
	pairs := make([]string, 0, len(carrier))
	for k, v := range carrier {
		// A value can neither end the string nor the comment.
		pairs = append(pairs, escape(k)+"='"+escape(v)+"'")
	}
	slices.Sort(pairs)
	return query + " /*" + strings.Join(pairs, ",") + "*/"
}

func escape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }
