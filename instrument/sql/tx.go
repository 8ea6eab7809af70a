package ttlogsql

import (
	"context"
	"database/sql/driver"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
)

// tx wraps a transaction. COMMIT and ROLLBACK are spans: they are where a
// transaction's work is waited for.
type tx struct {
	base   driver.Tx
	conn   *conn
	ctx    context.Context // of BeginTx, for its span: Commit takes none
	op     operation       // the span of the whole, if asked for
	parent trace.SpanContext
}

// Commit implements [driver.Tx].
func (t *tx) Commit() error { return t.finish(stepCommit, t.base.Commit) }

// Rollback implements [driver.Tx].
func (t *tx) Rollback() error { return t.finish(stepRollback, t.base.Rollback) }

func (t *tx) finish(name string, call func() error) error {
	t.conn.endSkipped()
	_, op := t.conn.in.startStep(t.ctx, name)
	err := call()
	op.end(err)
	t.conn.tx = nil
	if t.op.in != nil {
		t.op.span.SetAttributes(attribute.Bool("ttlog.db.transaction.committed", name == stepCommit && err == nil))
		t.op.end(err)
	}
	return err
}
