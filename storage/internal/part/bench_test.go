package part_test

import (
	"bytes"
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
