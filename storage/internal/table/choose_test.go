package table

import (
	"fmt"
	"testing"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/storage/column"
)

// TestGatherClustered_FrequentKeysHaveColumns gives a service whose name sorts
// first more keys than there can be columns, one row each, and another a few in
// all its rows, which come later: these have columns, in a flush and in a merge.
func TestGatherClustered_FrequentKeysHaveColumns(t *testing.T) {
	td := ptrace.NewTraces()
	spans := func(service string) ptrace.SpanSlice {
		rs := td.ResourceSpans().AppendEmpty()
		rs.Resource().Attributes().PutStr("service.name", service)
		return rs.ScopeSpans().AppendEmpty().Spans()
	}
	wide, shop := spans("a-wide"), spans("shop")
	for i := range 3000 {
		wide.AppendEmpty().Attributes().PutInt(fmt.Sprintf("wide.%d", i), 1)
	}
	for i := range 10 {
		m := shop.AppendEmpty().Attributes()
		m.PutInt("order.no", int64(i))
		m.PutStr("state", "paid")
	}
	msg, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
	if err != nil {
		t.Fatal(err)
	}
	tab := New(otlpwire.Traces)
	b, err := Decode(otlpwire.Traces, msg)
	if err != nil {
		t.Fatal(err)
	}
	tab.Append(b, b.Days()[0])
	chunks := tab.Chunks()
	for _, step := range []string{"flush", "merge"} {
		var locs []Loc
		for i, c := range chunks {
			for row := range c.Rows.N {
				locs = append(locs, Loc{uint32(i), uint32(row)})
			}
		}
		got, err := GatherClustered(chunks, locs)
		if err != nil {
			t.Fatal(err)
		}
		values := map[attrKind]int{}
		raw := 0
		for _, c := range got.Rows.Sets[setAttrs].Cols {
			if c.Type == TypeRaw {
				raw += c.N
			} else {
				values[attrKind{c.Key, c.Type}] = c.N
			}
		}
		times := len(chunks)
		if values[attrKind{"order.no", column.TypeInt64}] != 10*times || values[attrKind{"state", column.TypeString}] != 10*times {
			t.Errorf("%s: the frequent keys have %d and %d values in columns, want %d", step,
				values[attrKind{"order.no", column.TypeInt64}], values[attrKind{"state", column.TypeString}], 10*times)
		}
		if len(values) != maxColumns-1 || raw != times*(3002-len(values)) {
			t.Errorf("%s: %d columns and %d messages", step, len(values), raw)
		}
		chunks = []*Chunk{got, got}
	}
}
