// Package ttlogsql instruments database/sql with spans and metrics of
// OpenTelemetry's stable database conventions.
//
// The entry points are [Open] (the place of sql.Open), [OpenDB] and [Wrap]; for
// sqlx there is a module of its own beside this package, instrument/sqlx. They
// need the OpenTelemetry API only: with no SDK installed they do nothing and cost
// little.
//
// One logical operation is one span. A query that database/sql turns into
// prepare, execute and close is one span over the first two; connecting,
// pinging, preparing and BEGIN have a span only when they fail, and connecting
// only where somebody waits: a pool that fills itself has no parent. COMMIT and
// ROLLBACK are spans; the transaction as a whole is one only with
// [WithTransactionSpans]. The span of a query lasts until its rows are closed, so
// it sees the errors that come while rows are read. A connection that turns out
// to be dead is a failed span with the error type driver.ErrBadConn, and the
// second try of database/sql is another span.
//
// The metrics are db.client.operation.duration, db.client.response.returned_rows
// and, of the pool, db.client.connection.count, max, create_time and use_time.
// How long a caller waited for a connection, and how many wait, database/sql
// tells nobody. That a caller did not want to wait any more (context.Canceled) is
// no error of the database.
//
// db.query.text has its literals replaced by "?", unless the query came with
// arguments. An error's message becomes the span's status description; a
// server may repeat values of a query in it.
//
// Wrapping loses none of the optional interfaces of a driver. Code that reaches
// for the driver's own connection in [database/sql.Conn.Raw] calls [Unwrap]
// first.
//
// Everything here is safe for concurrent use as far as database/sql is.
package ttlogsql
