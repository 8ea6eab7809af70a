package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
)

// TestQuery_ArrowIsReadable reads --format arrow with Arrow's own reader.
func TestQuery_ArrowIsReadable(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	importOld(t, data, "2019-03-04", "2020-01-02")
	out, errs, code := run(t, "query", "--data", data, "--format", "arrow", "SELECT name, value FROM metrics ORDER BY value")
	if code != 0 {
		t.Fatal(errs)
	}
	r, err := ipc.NewReader(strings.NewReader(out))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Release()
	var names []string
	var sum float64
	for r.Next() {
		rec := r.RecordBatch()
		for i := range int(rec.NumRows()) {
			names = append(names, rec.Column(0).ValueStr(i))
			sum += rec.Column(1).(*array.Float64).Value(i)
		}
	}
	if r.Err() != nil || strings.Join(names, " ") != "n0 n1" || sum != 1 {
		t.Errorf("%v %v %v", names, sum, r.Err())
	}
	out, errs, code = run(t, "query", "--data", data, "--format", "arrow", "SELECT * FROM spans")
	if code != 0 {
		t.Fatal(errs)
	}
	if r, err = ipc.NewReader(strings.NewReader(out)); err != nil {
		t.Fatal(err)
	}
	defer r.Release()
	rows := int64(0)
	for r.Next() {
		rows += r.RecordBatch().NumRows()
	}
	if rows != 2 || r.Err() != nil {
		t.Errorf("SELECT * as Arrow: %d rows, %v; want 2", rows, r.Err())
	}
}
