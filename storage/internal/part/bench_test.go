package part_test

import (
	"bytes"
	"math"
	"sync/atomic"
	"testing"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/storage/column"
	"github.com/ttlog/ttlog/storage/internal/part"
	"github.com/ttlog/ttlog/storage/internal/table"
	"github.com/ttlog/ttlog/storage/internal/tabletest"
)

// BenchmarkIngest measures the way of captured telemetry into a part, whole
// and by steps, in ns a record.
func BenchmarkIngest(b *testing.B) {
	for _, s := range signals {
		messages := tabletest.Messages(b, tabletest.File(s))
		size := int64(0)
		for _, m := range messages {
			size += int64(len(m))
		}
		rows := fill(b, s, messages).Rows()
		run := func(name string, f func()) {
			b.Run("signal="+s.String()+"/"+name, func(b *testing.B) {
				b.ReportAllocs()
				b.SetBytes(size)
				for b.Loop() {
					f()
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(rows), "ns/record")
			})
		}
		run("step=decode", func() {
			for _, m := range messages {
				if _, err := table.Decode(s, m); err != nil {
					b.Fatal(err)
				}
			}
		})
		run("step=append", func() { fill(b, s, messages) })
		tab := fill(b, s, messages)
		run("step=write", func() { write(b, part.Options{}, tab) })
		run("step=all", func() { write(b, part.Options{}, fill(b, s, messages)) })
	}
}

// BenchmarkRead measures reading captured spans from a part.
func BenchmarkRead(b *testing.B) {
	s := otlpwire.Traces
	file := write(b, part.Options{}, fill(b, s, tabletest.Messages(b, tabletest.File(s))))
	p, err := part.Open(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		b.Fatal(err)
	}
	for _, name := range []string{"service", "name", "duration", "timestamp", "trace_id", "span_id", "parent_span_id"} {
		b.Run("column="+name, func(b *testing.B) {
			for b.Loop() {
				for _, blk := range blocks(b, p) {
					if _, err := blk.Vector(column.Ref{Place: column.PlaceField, Name: name}); err != nil {
						b.Fatal(err)
					}
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(p.Info().Rows), "ns/record")
		})
	}
	b.Run("otlp", func(b *testing.B) {
		var buf []byte
		for b.Loop() {
			for _, blk := range blocks(b, p) {
				if buf, err = blk.AppendOTLP(buf[:0], nil); err != nil {
					b.Fatal(err)
				}
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(p.Info().Rows), "ns/record")
	})
}

// BenchmarkNeedle measures what the few rows of one attribute value cost: all
// of their columns, in every row group of a merged part.
func BenchmarkNeedle(b *testing.B) {
	p := mergedSpans(b)
	where := []column.Predicate{{
		Ref: column.Ref{Place: column.PlaceRecord, Name: "param.driverID", Type: column.TypeString}, Op: column.Eq,
		Values: []column.Value{{Type: column.TypeString, Str: someDriver(b, p)}},
	}}
	b.ReportAllocs()
	rows, groups := 0, 0
	for b.Loop() {
		found, pruned, err := p.Blocks(part.Filter{From: math.MinInt64, To: math.MaxInt64, Where: where})
		if err != nil {
			b.Fatal(err)
		}
		rows, groups = 0, len(found)+pruned
		for _, blk := range found {
			found, err := blk.(column.Narrower).Narrow(where, nil)
			if err != nil {
				b.Fatal(err)
			}
			some := blk.(column.Selector).Select(found.Rows.List())
			rows += some.Rows()
			if some.Rows() == 0 {
				continue
			}
			for _, ref := range table.FixedColumns(otlpwire.Traces) {
				if _, err := some.Vector(ref); err != nil {
					b.Fatal(err)
				}
			}
			attrs, err := some.Attributes(column.PlaceRecord)
			if err != nil {
				b.Fatal(err)
			}
			for i := range some.Rows() {
				if _, err := attrs.Append(nil, i); err != nil {
					b.Fatal(err)
				}
			}
		}
	}
	b.ReportMetric(float64(rows), "rows")
	b.ReportMetric(float64(groups), "groups")
}

func mergedSpans(b *testing.B) *part.Part {
	b.Helper()
	s := otlpwire.Traces
	var buf bytes.Buffer
	_, err := part.Merge(&buf, part.Options{}, open(b, write(b, part.Options{}, fill(b, s, tabletest.Messages(b, tabletest.File(s))))))
	if err != nil {
		b.Fatal(err)
	}
	return open(b, buf.Bytes())
}

// someDriver returns a value of the attribute in the last row group.
func someDriver(b *testing.B, p *part.Part) string {
	b.Helper()
	all := blocks(b, p)
	v, err := all[len(all)-1].Vector(column.Ref{Place: column.PlaceRecord, Name: "param.driverID", Type: column.TypeString})
	if err != nil {
		b.Fatal(err)
	}
	return v.Dict[len(v.Dict)/2]
}

// BenchmarkTrace measures reading one trace with nothing in any cache.
func BenchmarkTrace(b *testing.B) {
	p := mergedSpans(b)
	all := blocks(b, p)
	v, err := all[len(all)-1].Vector(column.Ref{Place: column.PlaceField, Name: "trace_id"})
	if err != nil {
		b.Fatal(err)
	}
	id := [16]byte([]byte(v.Dict[len(v.Dict)/2]))
	for b.Loop() {
		n, err := p.FindTrace(id, nil, new(atomic.Int64), func([]byte) error { return nil })
		if err != nil || n == 0 {
			b.Fatal(n, err)
		}
	}
}
