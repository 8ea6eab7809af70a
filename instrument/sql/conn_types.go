package ttlogsql

import (
	"context"
	"database/sql/driver"
	"errors"

	"github.com/ttlog/ttlog/internal/guard"
)

// A connection without ExecerContext is prepared on directly, and its
// arguments are converted by the statement; answering ErrSkip instead would
// convert them by the connection first, and refuse what the statement takes. So
// the two interfaces are there exactly when the base has them, in their old
// form or the new one.
type (
	connExec      struct{ *conn }
	connQuery     struct{ *conn }
	connExecQuery struct{ *conn }
)

func wrapConn(base driver.Conn, in *instrument) driver.Conn {
	c := &conn{base: base, in: in}
	switch execs, queries := canExec(base), canQuery(base); {
	case execs && queries:
		return connExecQuery{c}
	case execs:
		return connExec{c}
	case queries:
		return connQuery{c}
	}
	return c
}

func canExec(base driver.Conn) bool {
	if _, ok := base.(driver.ExecerContext); ok {
		return true
	}
	_, ok := base.(driver.Execer) //nolint:staticcheck // old drivers have only this
	return ok
}

func canQuery(base driver.Conn) bool {
	if _, ok := base.(driver.QueryerContext); ok {
		return true
	}
	_, ok := base.(driver.Queryer) //nolint:staticcheck // old drivers have only this
	return ok
}

// ExecContext implements [driver.ExecerContext].
func (c connExec) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	return c.exec(ctx, query, args)
}

// QueryContext implements [driver.QueryerContext].
func (c connQuery) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	return c.query(ctx, query, args)
}

// ExecContext implements [driver.ExecerContext].
func (c connExecQuery) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	return c.exec(ctx, query, args)
}

// QueryContext implements [driver.QueryerContext].
func (c connExecQuery) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	return c.query(ctx, query, args)
}

func (c *conn) exec(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	ctx, op := c.start(ctx, Call{Method: MethodExec, Query: query, Args: args})
	res, err := execOn(ctx, c.base, c.in.commented(ctx, query), args)
	if guard.Is(err, driver.ErrSkip) {
		c.skip(op, query)
		return nil, driver.ErrSkip // compared with == by database/sql
	}
	op.end(err)
	return res, err
}

func (c *conn) query(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	ctx, op := c.start(ctx, Call{Method: MethodQuery, Query: query, Args: args})
	base, err := queryOn(ctx, c.base, c.in.commented(ctx, query), args)
	if guard.Is(err, driver.ErrSkip) {
		c.skip(op, query)
		return nil, driver.ErrSkip
	}
	if err != nil {
		op.end(err)
		return nil, err
	}
	return wrapRows(base, op), nil
}

func execOn(ctx context.Context, base driver.Conn, query string, args []driver.NamedValue) (driver.Result, error) {
	if e, ok := base.(driver.ExecerContext); ok {
		return e.ExecContext(ctx, query, args)
	}
	values, err := plainValues(ctx, args)
	if err != nil {
		return nil, err
	}
	return base.(driver.Execer).Exec(query, values) //nolint:staticcheck // see canExec
}

func queryOn(ctx context.Context, base driver.Conn, query string, args []driver.NamedValue) (driver.Rows, error) {
	if q, ok := base.(driver.QueryerContext); ok {
		return q.QueryContext(ctx, query, args)
	}
	values, err := plainValues(ctx, args)
	if err != nil {
		return nil, err
	}
	return base.(driver.Queryer).Query(query, values) //nolint:staticcheck // see canQuery
}

// plainValues turns arguments into those of the interfaces without a context,
// which can neither be named nor canceled later.
func plainValues(ctx context.Context, args []driver.NamedValue) ([]driver.Value, error) {
	values := make([]driver.Value, len(args))
	for i, a := range args {
		if a.Name != "" {
			return nil, errors.New("ttlogsql: the driver does not support named parameters")
		}
		values[i] = a.Value
	}
	return values, ctx.Err()
}
