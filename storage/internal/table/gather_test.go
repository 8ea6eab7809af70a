package table_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/storage/internal/table"
	"github.com/ttlog/ttlog/storage/internal/tabletest"
)

// TestGatherClustered_MoreColumnsThanRoom gathers rows whose overflow column
// gets, in turn, messages that were in it before and attributes that had the
// last column: its dictionary must not be indexed anew for each, which was
// gigabytes of hash tables here.
func TestGatherClustered_MoreColumnsThanRoom(t *testing.T) {
	const rows = 10_000
	ld := plog.NewLogs()
	records := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	wide := records.AppendEmpty() // second by time, so that the overflow column comes first
	wide.SetTimestamp(tabletest.Start + 1)
	for k := range 2047 {
		wide.Attributes().PutStr(fmt.Sprint("key ", k), "")
	}
	for i := range rows {
		r := records.AppendEmpty()
		r.SetTimestamp(tabletest.Start)
		r.Attributes().PutStr(strings.Repeat("long", 200), fmt.Sprint(i))
		if i > 0 {
			r.SetTimestamp(tabletest.Start + 2)
			r.Attributes().PutStr("key 2046", fmt.Sprint(i))
		}
	}
	request, err := new(plog.ProtoMarshaler).MarshalLogs(ld)
	if err != nil {
		t.Fatal(err)
	}
	counts := tabletest.Counts{}
	counts.Add(t, otlpwire.Logs, request, 1)
	locs := []table.Loc{{Row: 1}, {Row: 0}}
	for i := range rows - 1 {
		locs = append(locs, table.Loc{Row: uint32(2 + i)})
	}
	srcs := fill(t, otlpwire.Logs, request).Chunks()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	c, err := table.GatherClustered(srcs, locs)
	if err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 100<<20 {
		t.Errorf("gathering %d rows allocated %d MiB", rows, n>>20)
	}
	out, err := table.NewBlock(c).AppendOTLP(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	counts.Add(t, otlpwire.Logs, out, -1)
	counts.Zero(t, otlpwire.Logs)
}
