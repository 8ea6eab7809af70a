package otelsql

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"slices"
	"strconv"
	"strings"
	"sync"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/ttlog/ttlog/instrument/internal/sqlsystem"
	"github.com/ttlog/ttlog/instrument/internal/version"
	ttlogsql "github.com/ttlog/ttlog/instrument/sql"
)

// Method is what a driver is asked for.
type Method string

// The methods. Connecting, pinging, preparing and beginning have a span only when
// they fail, resetting and rows have none.
const (
	MethodConnectorConnect Method = "sql.connector.connect"
	MethodConnPing         Method = "sql.conn.ping"
	MethodConnExec         Method = "sql.conn.exec"
	MethodConnQuery        Method = "sql.conn.query"
	MethodConnPrepare      Method = "sql.conn.prepare"
	MethodConnBeginTx      Method = "sql.conn.begin_tx"
	MethodConnResetSession Method = "sql.conn.reset_session"
	MethodTxCommit         Method = "sql.tx.commit"
	MethodTxRollback       Method = "sql.tx.rollback"
	MethodStmtExec         Method = "sql.stmt.exec"
	MethodStmtQuery        Method = "sql.stmt.query"
	MethodRows             Method = "sql.rows"
)

// methodOf returns the method of a call.
func methodOf(c ttlogsql.Call) Method {
	switch c.Method {
	case ttlogsql.MethodExec:
		if c.Prepared {
			return MethodStmtExec
		}
		return MethodConnExec
	case ttlogsql.MethodQuery:
		if c.Prepared {
			return MethodStmtQuery
		}
		return MethodConnQuery
	case ttlogsql.MethodPrepare:
		return MethodConnPrepare
	case ttlogsql.MethodConnect:
		return MethodConnectorConnect
	case ttlogsql.MethodBegin:
		return MethodConnBeginTx
	case ttlogsql.MethodCommit:
		return MethodTxCommit
	case ttlogsql.MethodRollback:
		return MethodTxRollback
	}
	return MethodConnPing
}

// Event is what becomes an event of a span.
type Event string

// EventRowsNext is a row that was read.
const EventRowsNext Event = "sql.rows.next"

// Version returns the version of the instrumentation scope.
func Version() string { return version.Version }

// Open is [ttlogsql.Open].
func Open(driverName, dataSourceName string, options ...Option) (*sql.DB, error) {
	return ttlogsql.Open(driverName, dataSourceName, translate(options)...)
}

// OpenDB is [ttlogsql.OpenDB].
func OpenDB(c driver.Connector, options ...Option) *sql.DB {
	return ttlogsql.OpenDB(c, translate(options)...)
}

// WrapDriver is [ttlogsql.Wrap].
func WrapDriver(dri driver.Driver, options ...Option) driver.Driver {
	return ttlogsql.Wrap(dri, translate(options)...)
}

var registering sync.Mutex

// Register registers an instrumented driver under a name of its own, which it
// returns.
func Register(driverName string, options ...Option) (string, error) {
	db, err := sql.Open(driverName, "")
	if err != nil {
		return "", err
	}
	d := db.Driver()
	if err := db.Close(); err != nil {
		return "", err
	}
	system := ttlogsql.WithSystem(sqlsystem.Of(driverName, d))
	wrapped := ttlogsql.Wrap(d, append([]ttlogsql.Option{system}, translate(options)...)...)
	registering.Lock()
	defer registering.Unlock()
	taken := sql.Drivers()
	for i := 0; ; i++ {
		if name := driverName + "-otelsql-" + strconv.Itoa(i); !slices.Contains(taken, name) {
			sql.Register(name, wrapped)
			return name, nil
		}
	}
}

// RegisterDBStatsMetrics is [ttlogsql.RegisterPoolMetrics].
func RegisterDBStatsMetrics(db *sql.DB, opts ...Option) (metric.Registration, error) {
	c := newConfig(opts)
	name := nameOf(c.attrs)
	if name == "" {
		name = sqlsystem.Of("", db.Driver())
	}
	return ttlogsql.RegisterPoolMetrics(db, append(c.translated(), ttlogsql.WithPoolName(name))...)
}

// nameOf returns the name of a pool by the attributes that a program has given.
func nameOf(attrs []attribute.KeyValue) string {
	var name, namespace string
	for _, a := range attrs {
		switch a.Key {
		case semconv.DBClientConnectionPoolNameKey:
			return a.Value.AsString()
		case semconv.ServerAddressKey:
			name = a.Value.AsString() + name
		case semconv.ServerPortKey:
			name += ":" + a.Value.String()
		case semconv.DBNamespaceKey:
			namespace = "/" + a.Value.AsString()
		}
	}
	return name + namespace
}

// AttributesFromDSN returns the address and the port of the server that a data
// source name names. ttlogsql puts them, and the database's name, on spans and
// measurements by itself where it is given the name.
func AttributesFromDSN(dsn string) []attribute.KeyValue {
	system := "mysql"
	if strings.Contains(dsn, "host=") {
		system = "postgresql"
	}
	return slices.DeleteFunc(ttlogsql.AttributesFromDSN(system, dsn), func(a attribute.KeyValue) bool {
		return a.Key != semconv.ServerAddressKey && a.Key != semconv.ServerPortKey
	})
}

// AttributesGetter returns attributes of a span.
type AttributesGetter func(ctx context.Context, method Method, query string, args []driver.NamedValue) []attribute.KeyValue

// InstrumentAttributesGetter returns attributes of a measurement.
type InstrumentAttributesGetter func(ctx context.Context, method Method, query string, args []driver.NamedValue) []attribute.KeyValue

// InstrumentErrorAttributesGetter returns attributes of a measurement for an
// error.
type InstrumentErrorAttributesGetter func(err error) []attribute.KeyValue

// SpanErrorAttributesGetter returns attributes of a span for an error.
type SpanErrorAttributesGetter func(err error) []attribute.KeyValue

// SpanNameFormatter returns the name of a span.
type SpanNameFormatter func(ctx context.Context, method Method, query string) string

// SpanFilter reports whether a call has a span.
type SpanFilter func(ctx context.Context, method Method, query string, args []driver.NamedValue) bool
