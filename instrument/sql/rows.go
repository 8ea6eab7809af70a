package ttlogsql

import (
	"database/sql/driver"
	"io"
	"reflect"

	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

// rows ends the operation of a query when its rows are closed. Where the base
// lacks an optional interface, it gives the answer that database/sql has for
// its absence.
type rows struct {
	driver.Rows
	op   operation
	err  error // the first one of Next and NextResultSet, but for io.EOF
	read int64
	eof  bool
}

func wrapRows(base driver.Rows, op operation) driver.Rows {
	if op.in == nil {
		return base // left out by the filter
	}
	return withColumnScanner(&rows{Rows: base, op: op})
}

// Next implements [driver.Rows].
func (r *rows) Next(dest []driver.Value) error { return r.advanced(r.Rows.Next(dest)) }

// advanced counts a row, or notes why there is none.
func (r *rows) advanced(err error) error {
	if err == nil {
		r.read++
		if r.op.in != nil && r.op.in.cfg.rowEvents {
			r.op.span.AddEvent("sql.rows.next")
		}
	}
	r.note(err)
	return err
}

// note keeps how the reading ended. It compares as database/sql does: an error
// that wraps io.EOF is an error.
func (r *rows) note(err error) {
	switch err {
	case nil:
	case io.EOF: //nolint:errorlint // see above
		r.eof = true
	default:
		if r.err == nil {
			r.err = err
		}
	}
}

// Close implements [driver.Rows].
func (r *rows) Close() error {
	closeErr := r.Rows.Close()
	if r.op.in == nil {
		return closeErr
	}
	err := r.err
	if err == nil {
		err = closeErr
	}
	if err == nil && !r.eof {
		// database/sql closes the rows of a context that has ended.
		err = r.op.ctx.Err()
	}
	if r.op.in.cfg.returnedRows {
		r.op.span.SetAttributes(semconv.DBResponseReturnedRows(int(r.read)))
	}
	r.op.endRows(err, r.read)
	return closeErr
}

// HasNextResultSet implements [driver.RowsNextResultSet].
func (r *rows) HasNextResultSet() bool {
	n, ok := r.Rows.(driver.RowsNextResultSet)
	return ok && n.HasNextResultSet()
}

// NextResultSet implements [driver.RowsNextResultSet].
func (r *rows) NextResultSet() error {
	n, ok := r.Rows.(driver.RowsNextResultSet)
	if !ok {
		return io.EOF
	}
	r.eof = false
	err := n.NextResultSet()
	r.note(err)
	return err
}

// ColumnTypeScanType implements [driver.RowsColumnTypeScanType].
func (r *rows) ColumnTypeScanType(i int) reflect.Type {
	if t, ok := r.Rows.(driver.RowsColumnTypeScanType); ok {
		return t.ColumnTypeScanType(i)
	}
	return reflect.TypeFor[any]()
}

// ColumnTypeDatabaseTypeName implements [driver.RowsColumnTypeDatabaseTypeName].
func (r *rows) ColumnTypeDatabaseTypeName(i int) string {
	if t, ok := r.Rows.(driver.RowsColumnTypeDatabaseTypeName); ok {
		return t.ColumnTypeDatabaseTypeName(i)
	}
	return ""
}

// ColumnTypeLength implements [driver.RowsColumnTypeLength].
func (r *rows) ColumnTypeLength(i int) (length int64, ok bool) {
	if t, ok := r.Rows.(driver.RowsColumnTypeLength); ok {
		return t.ColumnTypeLength(i)
	}
	return 0, false
}

// ColumnTypeNullable implements [driver.RowsColumnTypeNullable].
func (r *rows) ColumnTypeNullable(i int) (nullable, ok bool) {
	if t, ok := r.Rows.(driver.RowsColumnTypeNullable); ok {
		return t.ColumnTypeNullable(i)
	}
	return false, false
}

// ColumnTypePrecisionScale implements [driver.RowsColumnTypePrecisionScale].
func (r *rows) ColumnTypePrecisionScale(i int) (precision, scale int64, ok bool) {
	if t, ok := r.Rows.(driver.RowsColumnTypePrecisionScale); ok {
		return t.ColumnTypePrecisionScale(i)
	}
	return 0, 0, false
}
