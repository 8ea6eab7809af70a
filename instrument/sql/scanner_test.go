//go:build go1.27

package ttlogsql

import (
	"context"
	"database/sql/driver"
	"errors"
	"slices"
	"testing"

	"github.com/ttlog/ttlog/internal/conformance"
)

// rowsScan answers with a type that database/sql cannot scan into.
type rowsScan struct{ bareRows }

func (r *rowsScan) NextRow() error { return r.Next(make([]driver.Value, 1)) }
func (*rowsScan) ScanColumn(_ driver.ScanContext, _ int, dest any) error {
	ints, ok := dest.(*[]int)
	if !ok {
		return errors.New("rowsScan: not a list")
	}
	*ints = []int{1, 2}
	return nil
}

type connScans struct{ bareConn }

func (connScans) QueryContext(context.Context, string, []driver.NamedValue) (driver.Rows, error) {
	return &rowsScan{}, nil
}

func TestRows_ColumnScannerGoesThrough(t *testing.T) {
	db, rec, _ := openFake(t, func(c bareConn) driver.Conn { return connScans{c} }, WithReturnedRows())
	var got []int
	if err := db.QueryRow("SELECT list").Scan(&got); err != nil || !slices.Equal(got, []int{1, 2}) {
		t.Errorf("got %v, %v", got, err)
	}
	conformance.Want(t, rec.One(t), map[string]string{"db.response.returned_rows": "1"})
}
