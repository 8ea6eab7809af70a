package query

import (
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"testing"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/query/exec"
	"github.com/ttlog/ttlog/query/types"
	"github.com/ttlog/ttlog/storage/column"
)

// staticBlock is a block of vectors that are decoded already: benchmarks over
// it measure the engine alone.
type staticBlock struct {
	n    int
	cols map[string]*column.Vector
}

func (b *staticBlock) Rows() int                                          { return b.n }
func (b *staticBlock) Columns() []column.Ref                              { return nil }
func (b *staticBlock) Attributes(column.Place) (column.Attributes, error) { return nil, nil }
func (b *staticBlock) AppendOTLP(dst []byte, _ []uint32) ([]byte, error)  { return dst, nil }
func (b *staticBlock) Vector(ref column.Ref) (*column.Vector, error)      { return b.cols[ref.Name], nil }

type staticSource struct{ blocks []column.Block }

func (s *staticSource) Columns(context.Context, otlpwire.Signal) ([]column.Ref, error) {
	return nil, nil
}
func (s *staticSource) Scan(context.Context, exec.ScanRequest) (exec.Scan, error) { return s, nil }
func (s *staticSource) Stats() exec.ScanStats                                     { return exec.ScanStats{} }
func (s *staticSource) Close() error                                              { return nil }
func (s *staticSource) Blocks() iter.Seq2[column.Block, error] {
	return func(yield func(column.Block, error) bool) {
		for _, b := range s.blocks {
			if !yield(b, nil) {
				return
			}
		}
	}
}

// clustered builds blocks of spans as the store lays them out: clustered by
// service and name, ten services with ten names each.
func clustered(blocks, rows int) *staticSource {
	r := rand.New(rand.NewPCG(1, 2))
	src := &staticSource{}
	for range blocks {
		b := &staticBlock{n: rows, cols: map[string]*column.Vector{}}
		service := &column.Vector{Type: types.String, Len: rows}
		name := &column.Vector{Type: types.String, Len: rows}
		for i := range 10 {
			service.Dict = append(service.Dict, fmt.Sprintf("service-%d", i))
			service.Codes = append(service.Codes, uint32(i))
			service.RunEnds = append(service.RunEnds, uint32((i+1)*rows/10))
			for j := range 10 {
				name.Dict = append(name.Dict, fmt.Sprintf("operation %d of %d", j, i))
				name.Codes = append(name.Codes, uint32(i*10+j))
				name.RunEnds = append(name.RunEnds, uint32((i*10+j+1)*rows/100))
			}
		}
		ts := &column.Vector{Type: types.Time, Len: rows}
		dur := &column.Vector{Type: types.Duration, Len: rows}
		id := &column.Vector{Type: types.ID, Len: rows}
		for i := range rows {
			ts.Ints = append(ts.Ints, 1.7e18+int64(i)*1e6)
			dur.Ints = append(dur.Ints, int64(r.ExpFloat64()*1e7))
			id.Codes = append(id.Codes, uint32(i/10))
			if i%10 == 0 {
				id.Dict = append(id.Dict, fmt.Sprintf("%016d", r.Uint64()%1e16))
			}
		}
		b.cols["service"], b.cols["name"], b.cols["timestamp"], b.cols["duration"], b.cols["trace_id"] = service, name, ts, dur, id
		src.blocks = append(src.blocks, b)
	}
	return src
}

func BenchmarkQuery(b *testing.B) {
	const blocks, rows = 10, 100_000
	src := clustered(blocks, rows)
	for name, sql := range map[string]string{
		"count":          "SELECT count(*) FROM spans",
		"filter-time":    "SELECT count(*) FROM spans WHERE timestamp < TIMESTAMP '2023-11-14T22:13:30Z'",
		"filter-dict":    "SELECT count(*) FROM spans WHERE service = 'service-3'",
		"filter-like":    "SELECT count(*) FROM spans WHERE name LIKE '%5 of%'",
		"group-service":  "SELECT service, count(*), avg(duration) FROM spans GROUP BY service",
		"group-2-p99":    "SELECT service, name, count(*), p99(duration) FROM spans GROUP BY service, name",
		"group-bucket":   "SELECT time_bucket(1s, timestamp) t, service, count(*) FROM spans GROUP BY t, service",
		"distinct-trace": "SELECT count(distinct trace_id) FROM spans",
		"top-10":         "SELECT trace_id, service, duration FROM spans ORDER BY duration DESC LIMIT 10",
		"newest-20":      "SELECT trace_id, service, duration FROM spans ORDER BY timestamp DESC LIMIT 20",
		"needle":         "SELECT * FROM spans WHERE duration > 150ms AND service = 'service-3' LIMIT 10",
	} {
		b.Run("query="+name, func(b *testing.B) {
			e := New(src, Options{Parallel: 1})
			b.ReportAllocs()
			for b.Loop() {
				if _, err := e.Query(b.Context(), sql); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/(blocks*rows), "ns/row")
		})
	}
}
