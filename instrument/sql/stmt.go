package ttlogsql

import (
	"context"
	"database/sql/driver"

	"go.opentelemetry.io/otel/trace"
)

// stmt wraps a prepared statement.
type stmt struct {
	base  driver.Stmt
	conn  *conn
	query string
	// begun is the operation that this statement was prepared for, when
	// database/sql prepared it behind a query. The first execution ends it.
	begun operation
}

// stmtConverter is a statement with the old interface for arguments, whose mere
// presence changes how database/sql converts them.
type stmtConverter struct{ *stmt }

func wrapStmt(s *stmt) driver.Stmt {
	if _, ok := s.base.(driver.ColumnConverter); ok { //nolint:staticcheck // old drivers have only this
		return stmtConverter{s}
	}
	return s
}

// ColumnConverter implements [driver.ColumnConverter].
func (s stmtConverter) ColumnConverter(i int) driver.ValueConverter {
	return s.base.(driver.ColumnConverter).ColumnConverter(i) //nolint:staticcheck // see wrapStmt
}

func (s *stmt) start(ctx context.Context, method string, args []driver.NamedValue) (context.Context, operation) {
	if s.begun.in != nil {
		op := s.begun
		s.begun = operation{}
		return trace.ContextWithSpan(ctx, op.span), op
	}
	return s.conn.start(ctx, Call{Method: method, Query: s.query, Args: args, Prepared: true})
}

// Close implements [driver.Stmt].
func (s *stmt) Close() error {
	s.begun.end(notExecutedError{})
	return s.base.Close()
}

// NumInput implements [driver.Stmt].
func (s *stmt) NumInput() int { return s.base.NumInput() }

// Exec implements [driver.Stmt].
func (s *stmt) Exec(args []driver.Value) (driver.Result, error) {
	return s.ExecContext(context.Background(), namedValues(args))
}

// Query implements [driver.Stmt].
func (s *stmt) Query(args []driver.Value) (driver.Rows, error) {
	return s.QueryContext(context.Background(), namedValues(args))
}

func namedValues(args []driver.Value) []driver.NamedValue {
	named := make([]driver.NamedValue, len(args))
	for i, a := range args {
		named[i] = driver.NamedValue{Ordinal: i + 1, Value: a}
	}
	return named
}

// ExecContext implements [driver.StmtExecContext].
func (s *stmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	ctx, op := s.start(ctx, MethodExec, args)
	res, err := s.exec(ctx, args)
	op.end(err)
	return res, err
}

func (s *stmt) exec(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	if e, ok := s.base.(driver.StmtExecContext); ok {
		return e.ExecContext(ctx, args)
	}
	values, err := plainValues(ctx, args)
	if err != nil {
		return nil, err
	}
	return s.base.Exec(values) //nolint:staticcheck // the only way there is with such a driver
}

// QueryContext implements [driver.StmtQueryContext].
func (s *stmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	ctx, op := s.start(ctx, MethodQuery, args)
	base, err := s.rows(ctx, args)
	if err != nil {
		op.end(err)
		return nil, err
	}
	return wrapRows(base, op), nil
}

func (s *stmt) rows(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	if q, ok := s.base.(driver.StmtQueryContext); ok {
		return q.QueryContext(ctx, args)
	}
	values, err := plainValues(ctx, args)
	if err != nil {
		return nil, err
	}
	return s.base.Query(values) //nolint:staticcheck // the only way there is with such a driver
}

// CheckNamedValue implements [driver.NamedValueChecker]: the statement's, else
// the connection's, else what database/sql does without.
func (s *stmt) CheckNamedValue(v *driver.NamedValue) error {
	if n, ok := s.base.(driver.NamedValueChecker); ok {
		return n.CheckNamedValue(v)
	}
	return s.conn.CheckNamedValue(v)
}
