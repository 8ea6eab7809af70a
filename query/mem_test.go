package query

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/query/exec"
	"github.com/ttlog/ttlog/query/types"
	"github.com/ttlog/ttlog/storage/column"
)

// memRow is a row of a table in memory.
type memRow map[column.Ref]types.Value

// memSource is a Source in memory, which stores its columns in different
// ways: block rows a block, with runs where runs is set.
type memSource struct {
	tables map[otlpwire.Signal][]memRow
	block  int
	runs   bool
	// reqs are the scans asked for.
	reqs []exec.ScanRequest
}

func (m *memSource) Columns(_ context.Context, s otlpwire.Signal) ([]column.Ref, error) {
	seen := map[column.Ref]bool{}
	var list []column.Ref
	for _, r := range m.tables[s] {
		for ref := range r {
			if !seen[ref] {
				seen[ref] = true
				list = append(list, ref)
			}
		}
	}
	return list, nil
}

func (m *memSource) Scan(_ context.Context, req exec.ScanRequest) (exec.Scan, error) {
	m.reqs = append(m.reqs, req)
	return &memScan{m: m, rows: m.tables[req.Signal]}, nil
}

type memScan struct {
	m    *memSource
	rows []memRow
	done bool
}

func (s *memScan) Blocks() iter.Seq2[column.Block, error] {
	return func(yield func(column.Block, error) bool) {
		for rows := s.rows; len(rows) > 0; {
			n := min(len(rows), s.m.block)
			if !yield(&memBlock{rows: rows[:n], runs: s.m.runs, cache: map[column.Ref]*column.Vector{}}, nil) {
				return
			}
			rows = rows[n:]
		}
	}
}

func (s *memScan) Stats() exec.ScanStats {
	return exec.ScanStats{RowsScanned: int64(len(s.rows)), PartsTotal: 1}
}
func (s *memScan) Close() error { s.done = true; return nil }

type memBlock struct {
	rows  []memRow
	runs  bool
	cache map[column.Ref]*column.Vector
}

func (b *memBlock) Rows() int { return len(b.rows) }

func (b *memBlock) Attributes(place column.Place) (column.Attributes, error) {
	return &memAttributes{b.rows, place}, nil
}

type memAttributes struct {
	rows  []memRow
	place column.Place
}

func (a *memAttributes) Bytes() int64 { return 0 }

func (a *memAttributes) Append(dst []column.Attribute, row int) ([]column.Attribute, error) {
	for ref, v := range a.rows[row] {
		if ref.Place == a.place && !v.IsNull() {
			dst = append(dst, column.Attribute{Key: ref.Name, Value: column.Value{Type: v.Type, Int: v.Int, Float: v.Float(), Str: v.Str}})
		}
	}
	slices.SortFunc(dst, func(x, y column.Attribute) int { return strings.Compare(x.Key, y.Key) })
	return dst, nil
}

func (b *memBlock) Columns() []column.Ref {
	seen := map[column.Ref]bool{}
	for _, r := range b.rows {
		for ref := range r {
			if ref.Place != column.PlaceField {
				seen[ref] = true
			}
		}
	}
	var list []column.Ref
	for ref := range seen {
		list = append(list, ref)
	}
	sort.Slice(list, func(i, j int) bool { return fmt.Sprint(list[i]) < fmt.Sprint(list[j]) })
	return list
}

func (b *memBlock) AppendOTLP([]byte, []uint32) ([]byte, error) { panic("not used") }

func (b *memBlock) Vector(ref column.Ref) (*column.Vector, error) {
	if v, ok := b.cache[ref]; ok {
		return v, nil
	}
	v := b.build(ref)
	b.cache[ref] = v
	return v, nil
}

func (b *memBlock) build(ref column.Ref) *column.Vector {
	v := &column.Vector{Type: ref.Type, Len: len(b.rows)}
	valid := make([]uint64, (len(b.rows)+63)/64)
	some, all := false, true
	var vals []types.Value
	for i, r := range b.rows {
		x, ok := r[ref]
		if ok {
			valid[i/64] |= 1 << (i % 64)
			some = true
		} else {
			all = false
			if len(vals) > 0 { // an arbitrary entry, as the contract allows
				x = vals[len(vals)-1]
			}
		}
		vals = append(vals, x)
	}
	if !some {
		return nil
	}
	if !all {
		v.Valid = valid
	}
	if b.runs {
		var runs []types.Value
		for i, x := range vals {
			if i == 0 || x != vals[i-1] {
				runs = append(runs, x)
				v.RunEnds = append(v.RunEnds, 0)
			}
			v.RunEnds[len(v.RunEnds)-1] = uint32(i + 1)
		}
		vals = runs
	}
	for _, x := range vals {
		switch types.FormOf(ref.Type) {
		case types.FormInt:
			v.Ints = append(v.Ints, x.Int)
		case types.FormFloat:
			v.Floats = append(v.Floats, x.Float())
		default:
			c := slices.Index(v.Dict, x.Str)
			if c < 0 {
				c = len(v.Dict)
				v.Dict = append(v.Dict, x.Str)
			}
			v.Codes = append(v.Codes, uint32(c))
		}
	}
	return v
}

// encodings runs a test over every way of storing the same rows.
func encodings(t *testing.T, tables map[otlpwire.Signal][]memRow, f func(t *testing.T, src *memSource)) {
	t.Helper()
	for _, block := range []int{1, 3, 1 << 20} {
		for _, runs := range []bool{false, true} {
			t.Run(fmt.Sprintf("block=%d/runs=%v", block, runs), func(t *testing.T) {
				f(t, &memSource{tables: tables, block: block, runs: runs})
			})
		}
	}
}
