package query

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/query/exec"
	"github.com/ttlog/ttlog/query/types"
	"github.com/ttlog/ttlog/storage/column"
)

var errBroken = errors.New("broken")

// failingBlock fails to decode one column.
type failingBlock struct{ staticBlock }

func (b *failingBlock) Vector(ref column.Ref) (*column.Vector, error) {
	if ref.Name == "name" {
		return nil, errBroken
	}
	return b.staticBlock.Vector(ref)
}

func TestQuery_BlockError(t *testing.T) {
	src := clustered(2, 1000)
	src.blocks[1] = &failingBlock{*src.blocks[1].(*staticBlock)}
	e := New(src, Options{Parallel: 2})
	for _, sql := range []string{
		"SELECT name FROM spans",
		"SELECT count(*) FROM spans WHERE name = 'x'",
		"SELECT duration FROM spans WHERE lower(name) || service = 'x' ORDER BY duration",
		"SELECT name, count(*) FROM spans GROUP BY name",
		"SELECT max(name) FROM spans",
		"SELECT name FROM spans ORDER BY duration LIMIT 2000",
	} {
		if _, err := e.Query(t.Context(), sql); !errors.Is(err, errBroken) {
			t.Errorf("%s: got error %v, want %v", sql, err, errBroken)
		}
	}
	// A column that cannot be read hurts only those who read it.
	if _, err := e.Query(t.Context(), "SELECT count(*) FROM spans WHERE service = 'service-1' AND name = 'x' AND duration < 0s"); !errors.Is(err, errBroken) {
		t.Errorf("got error %v, want %v", err, errBroken)
	}
	if _, err := e.Query(t.Context(), "SELECT name FROM spans WHERE service = 'nobody'"); err != nil {
		t.Errorf("got error %v for a column that need not be read", err)
	}
}

// TestQuery_MalformedVectors gives the engine columns that break the contract
// of column.Vector: an error, not a panic.
func TestQuery_MalformedVectors(t *testing.T) {
	for name, v := range map[string]*column.Vector{
		"code outside dict": {Type: types.String, Len: 2, Codes: []uint32{0, 7}, Dict: []string{"a"}},
		"too few codes":     {Type: types.String, Len: 2, Codes: []uint32{0}, Dict: []string{"a"}},
		"wrong length":      {Type: types.String, Len: 3, Codes: []uint32{0, 0, 0}, Dict: []string{"a"}},
		"short runs":        {Type: types.String, Len: 2, RunEnds: []uint32{1}, Codes: []uint32{0}, Dict: []string{"a"}},
		"no runs":           {Type: types.String, Len: 2, RunEnds: []uint32{}, Codes: []uint32{0}, Dict: []string{"a"}},
		"short valid":       {Type: types.String, Len: 2, Valid: []uint64{}, Codes: []uint32{0, 0}, Dict: []string{"a"}},
	} {
		src := &staticSource{blocks: []column.Block{&staticBlock{n: 2, cols: map[string]*column.Vector{"name": v}}}}
		for _, sql := range []string{"SELECT name FROM spans", "SELECT count(*) FROM spans WHERE name = 'a'", "SELECT name, count(*) FROM spans GROUP BY name"} {
			if _, err := New(src, Options{}).Query(t.Context(), sql); err == nil || strings.Contains(err.Error(), "internal") {
				t.Errorf("%s: %s: got error %v", name, sql, err)
			}
		}
	}
}

type failingSource struct{ staticSource }

func (failingSource) Scan(context.Context, exec.ScanRequest) (exec.Scan, error) {
	return nil, errBroken
}

type noColumns struct{ staticSource }

func (noColumns) Columns(context.Context, otlpwire.Signal) ([]column.Ref, error) {
	return nil, errBroken
}

func TestQuery_SourceError(t *testing.T) {
	for _, src := range []exec.Source{&failingSource{}, &noColumns{}} {
		if _, err := New(src, Options{}).Query(t.Context(), "SELECT name FROM spans"); !errors.Is(err, errBroken) {
			t.Errorf("%T: got error %v, want %v", src, err, errBroken)
		}
	}
}
