package table_test

import (
	"testing"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/storage/internal/table"
	"github.com/ttlog/ttlog/storage/internal/tabletest"
)

// TestTable_KeepsCapturedTelemetry puts each captured message into a table and
// takes it out again.
func TestTable_KeepsCapturedTelemetry(t *testing.T) {
	for _, s := range []otlpwire.Signal{otlpwire.Traces, otlpwire.Logs, otlpwire.Metrics} {
		t.Run(s.String(), func(t *testing.T) {
			counts := tabletest.Counts{}
			days := map[int32]*table.Table{}
			rows := 0
			for _, msg := range tabletest.Messages(t, tabletest.File(s)) {
				counts.Add(t, s, msg, 1)
				b, err := table.Decode(s, msg)
				if err != nil {
					t.Fatal(err)
				}
				rows += b.Rows()
				for _, d := range b.Days() {
					if days[d] == nil {
						days[d] = table.New(s)
					}
					days[d].Append(b, d)
				}
				b.Release() // and the next one takes its memory
			}
			for _, tab := range days {
				for _, b := range tab.Blocks() {
					rows -= b.Rows()
					out, err := b.AppendOTLP(nil, nil)
					if err != nil {
						t.Fatal(err)
					}
					counts.Add(t, s, out, -1)
				}
			}
			if rows != 0 {
				t.Errorf("%d rows more in than out", rows)
			}
			counts.Zero(t, s)
		})
	}
}
