package ttlogsql

import (
	"context"
	"database/sql/driver"
	"errors"
	"time"

	"go.opentelemetry.io/otel/trace"
)

// conn wraps a connection. database/sql uses a connection from one goroutine at
// a time, so nothing here is locked.
//
// Most optional interfaces are always there and answer, where the base has not
// got them, what database/sql would do without; ExecerContext and QueryerContext
// have no such answer and are added by the types in conn_types.go.
type conn struct {
	base driver.Conn
	in   *instrument

	// skipped is the operation of a query that the base answered with
	// driver.ErrSkip. database/sql goes on to prepare the same query on this
	// connection, which continues the operation.
	skipped      operation
	skippedQuery string

	tx *tx // the open transaction, nil outside of one or without a span of its own

	borrowed time.Time // when it was taken out of the pool, zero while it is there
}

// Unwrap returns the driver's own value for one that this package wrapped, such
// as the connection that [database/sql.Conn.Raw] hands out; any other value it
// returns as it is.
func Unwrap(v any) any {
	if c, ok := v.(interface{ Unwrap() driver.Conn }); ok {
		return c.Unwrap()
	}
	if d, ok := v.(interface{ Unwrap() driver.Driver }); ok {
		return d.Unwrap()
	}
	return v
}

// Unwrap returns the driver's own connection.
func (c *conn) Unwrap() driver.Conn { return c.base }

// start begins an operation, inside of the transaction's span where there is
// one and the caller's context does not name another.
func (c *conn) start(ctx context.Context, call Call) (context.Context, operation) {
	c.endSkipped()
	c.borrow()
	if c.tx != nil && trace.SpanContextFromContext(ctx).Equal(c.tx.parent) {
		ctx = trace.ContextWithSpan(ctx, c.tx.op.span)
	}
	return c.in.start(ctx, call)
}

// borrow notes that the connection is in use. database/sql does not say when it
// takes one out of the pool, so that is when it is first asked for something.
func (c *conn) borrow() {
	if c.borrowed.IsZero() && c.in.pool.use.Enabled(context.Background()) {
		c.borrowed = time.Now()
	}
}

// giveBack measures the use of a connection that goes back into the pool.
func (c *conn) giveBack() {
	if !c.borrowed.IsZero() {
		c.in.pool.used(c.borrowed)
		c.borrowed = time.Time{}
	}
}

// skip keeps an operation for the prepare that follows it.
func (c *conn) skip(op operation, query string) {
	c.skipped, c.skippedQuery = op, query
}

// takeSkipped returns the operation that a prepare of query continues.
func (c *conn) takeSkipped(query string) (operation, bool) {
	if c.skipped.in == nil || c.skippedQuery != query {
		c.endSkipped()
		return operation{}, false
	}
	op := c.skipped
	c.skipped, c.skippedQuery = operation{}, ""
	return op, true
}

// notExecutedError is the error of an operation that database/sql gave up between
// the driver's ErrSkip and the execution. It does not tell the driver why: the
// arguments are too many or too few, or cannot be converted.
type notExecutedError struct{}

func (notExecutedError) Error() string {
	return "ttlogsql: database/sql did not execute the statement: its arguments do not fit"
}

func (notExecutedError) ErrorType() string { return "ttlogsql.NotExecuted" }

// endSkipped ends an operation that nothing continued.
func (c *conn) endSkipped() {
	if c.skipped.in == nil {
		return
	}
	c.skipped.end(notExecutedError{})
	c.skipped, c.skippedQuery = operation{}, ""
}

// Prepare implements [driver.Conn].
func (c *conn) Prepare(query string) (driver.Stmt, error) {
	return c.PrepareContext(context.Background(), query)
}

// PrepareContext implements [driver.ConnPrepareContext].
func (c *conn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	op, continued := c.takeSkipped(query)
	c.borrow()
	start := time.Now()
	if continued {
		ctx = trace.ContextWithSpan(ctx, op.span)
	}
	base, err := prepare(ctx, c.base, c.in.commented(ctx, query))
	if err != nil {
		if continued {
			op.end(err)
		} else {
			c.in.failedQuery(ctx, Call{Method: MethodPrepare, Query: query}, start, err)
		}
		return nil, err
	}
	return wrapStmt(&stmt{base: base, conn: c, query: query, begun: op}), nil
}

func prepare(ctx context.Context, base driver.Conn, query string) (driver.Stmt, error) {
	if p, ok := base.(driver.ConnPrepareContext); ok {
		return p.PrepareContext(ctx, query)
	}
	s, err := base.Prepare(query)
	if err == nil && ctx.Err() != nil {
		_ = s.Close() // the context's error is what the caller learns
		return nil, ctx.Err()
	}
	return s, err
}

// Close implements [driver.Conn].
func (c *conn) Close() error {
	c.endSkipped()
	c.giveBack()
	return c.base.Close()
}

// Begin implements [driver.Conn].
func (c *conn) Begin() (driver.Tx, error) {
	return c.BeginTx(context.Background(), driver.TxOptions{})
}

// BeginTx implements [driver.ConnBeginTx].
func (c *conn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	c.endSkipped()
	c.borrow()
	start := time.Now()
	t := &tx{conn: c, ctx: ctx}
	if c.in.cfg.transactions {
		t.parent = trace.SpanContextFromContext(ctx)
		t.ctx, t.op = c.in.startStep(ctx, stepTransaction)
	}
	base, err := begin(t.ctx, c.base, opts)
	if err != nil {
		if t.op.in != nil {
			t.op.end(err)
		} else {
			c.in.failedStep(ctx, stepBegin, start, err)
		}
		return nil, err
	}
	t.base = base
	if t.op.in != nil {
		c.tx = t
	}
	return t, nil
}

func begin(ctx context.Context, base driver.Conn, opts driver.TxOptions) (driver.Tx, error) {
	if b, ok := base.(driver.ConnBeginTx); ok {
		return b.BeginTx(ctx, opts)
	}
	if opts.Isolation != 0 {
		return nil, errors.New("ttlogsql: the driver does not support a non-default isolation level")
	}
	if opts.ReadOnly {
		return nil, errors.New("ttlogsql: the driver does not support read-only transactions")
	}
	t, err := base.Begin() //nolint:staticcheck // the only way there is with such a driver
	if err == nil && ctx.Err() != nil {
		_ = t.Rollback() // the context's error is what the caller learns
		return nil, ctx.Err()
	}
	return t, err
}

// Ping implements [driver.Pinger].
func (c *conn) Ping(ctx context.Context) error {
	p, ok := c.base.(driver.Pinger)
	if !ok {
		return nil
	}
	c.borrow()
	if c.in.cfg.pings {
		ctx, op := c.in.startStep(ctx, stepPing)
		err := p.Ping(ctx)
		op.end(err)
		return err
	}
	start := time.Now()
	err := p.Ping(ctx)
	if err != nil {
		c.in.failedStep(ctx, stepPing, start, err)
	}
	return err
}

// ResetSession implements [driver.SessionResetter].
func (c *conn) ResetSession(ctx context.Context) error {
	c.endSkipped()
	c.borrow()
	c.tx = nil
	if r, ok := c.base.(driver.SessionResetter); ok {
		return r.ResetSession(ctx)
	}
	return nil
}

// IsValid implements [driver.Validator]. database/sql asks when it puts a
// connection back.
func (c *conn) IsValid() bool {
	c.giveBack()
	if v, ok := c.base.(driver.Validator); ok {
		return v.IsValid()
	}
	return true
}

// CheckNamedValue implements [driver.NamedValueChecker]. ErrSkip makes
// database/sql convert as it would without the interface.
func (c *conn) CheckNamedValue(v *driver.NamedValue) error {
	if n, ok := c.base.(driver.NamedValueChecker); ok {
		return n.CheckNamedValue(v)
	}
	return driver.ErrSkip
}
