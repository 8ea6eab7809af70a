package encoding

import (
	"fmt"
	"testing"
)

func BenchmarkInts(b *testing.B) {
	for _, name := range []string{"uniform", "rising", "outliers", "local", "magnitudes", "few values", "noise", "repeated text"} {
		short := intColumns()[name].v
		v := series(1<<16, func(i int) int64 { return short[i%len(short)] })
		for _, level := range levels {
			col := Encoder{Level: level}.AppendInts(nil, v)
			suffix := fmt.Sprintf("%s/level=%d", name, level)
			b.Run("encode/"+suffix, func(b *testing.B) {
				b.SetBytes(8 << 16)
				b.ReportAllocs()
				for b.Loop() {
					col = Encoder{Level: level}.AppendInts(col[:0], v)
				}
				b.ReportMetric(float64(len(col))/(1<<16), "B/value")
			})
			b.Run("decode/"+suffix, func(b *testing.B) {
				b.SetBytes(8 << 16)
				b.ReportAllocs()
				dst := make([]int64, 0, 1<<16)
				for b.Loop() {
					if _, err := Ints(dst, col, len(v)); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func BenchmarkStrings(b *testing.B) {
	for _, name := range []string{"URLs", "log lines", "UUID", "text", "sorted"} {
		all := stringColumns()[name].v
		for _, rows := range []int{16, len(all)} {
			v := all[:rows]
			total := totalLen(v)
			for _, level := range levels {
				col := Encoder{Level: level}.AppendStrings(nil, v)
				suffix := fmt.Sprintf("%s/rows=%d/level=%d", name, rows, level)
				b.Run("encode/"+suffix, func(b *testing.B) {
					b.SetBytes(int64(total))
					b.ReportAllocs()
					for b.Loop() {
						col = Encoder{Level: level}.AppendStrings(col[:0], v)
					}
					b.ReportMetric(float64(len(col))/float64(rows), "B/value")
				})
				b.Run("decode/"+suffix, func(b *testing.B) {
					b.SetBytes(int64(total))
					b.ReportAllocs()
					for b.Loop() {
						if _, err := Strings(col, rows, total); err != nil {
							b.Fatal(err)
						}
					}
				})
			}
		}
	}
}
