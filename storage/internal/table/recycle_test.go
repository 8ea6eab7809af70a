package table_test

import (
	"testing"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/storage/internal/table"
	"github.com/ttlog/ttlog/storage/internal/tabletest"
)

// TestBatch_ReleaseLeavesNothing decodes requests of all shapes, over and over
// and in changing order, in memory that other requests used before, with some
// malformed ones between: a table has exactly what came in.
func TestBatch_ReleaseLeavesNothing(t *testing.T) {
	for _, s := range []otlpwire.Signal{otlpwire.Traces, otlpwire.Logs, otlpwire.Metrics} {
		counts := tabletest.Counts{}
		days := map[int32]*table.Table{}
		messages := tabletest.Full(s)
		for i := range 5 * len(messages) {
			msg := messages[i*(1+i/len(messages))%len(messages)]
			if _, err := table.Decode(s, msg[:len(msg)-1]); err == nil {
				t.Fatal("a request that was cut is decoded")
			}
			b, err := table.Decode(s, msg)
			if err != nil {
				t.Fatal(err)
			}
			counts.Add(t, s, msg, 1)
			for _, d := range b.Days() {
				if days[d] == nil {
					days[d] = table.New(s)
				}
				days[d].Append(b, d)
			}
			b.Release()
		}
		for _, tab := range days {
			for _, b := range tab.Blocks() {
				out, err := b.AppendOTLP(nil, nil)
				if err != nil {
					t.Fatal(err)
				}
				counts.Add(t, s, out, -1)
			}
		}
		counts.Zero(t, s)
	}
}
