package part_test

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/storage/column"
	"github.com/ttlog/ttlog/storage/internal/part"
)

// TestSelect_ParentsElsewhere reads some rows of a part that has none of the
// parents of its spans, so that it holds their ids as they are.
func TestSelect_ParentsElsewhere(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	td := ptrace.NewTraces()
	spans := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	id := func() (out [8]byte) {
		binary.LittleEndian.PutUint64(out[:], r.Uint64()|1)
		return out
	}
	const n = 300
	for i := range n {
		s := spans.AppendEmpty()
		s.SetTraceID([16]byte{1, byte(i), byte(i >> 8)})
		s.SetSpanID(id())
		s.SetParentSpanID(id())
	}
	spans.AppendEmpty().SetSpanID(id()) // and a root
	raw, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
	if err != nil {
		t.Fatal(err)
	}
	file := merge(t, part.Options{PageValues: 8}, write(t, part.Options{}, fill(t, otlpwire.Traces, [][]byte{raw})))
	whole, fresh := blocks(t, open(t, file))[0], blocks(t, open(t, file))[0]
	sameRows(t, otlpwire.Traces, whole, fresh, everySecond(n+1))
	roots := 0
	for _, root := range valuesOf(t, blocks(t, open(t, file))[0], column.Ref{Place: column.PlaceField, Name: "root_span"}) {
		if root == "1" {
			roots++
		}
	}
	if roots != 1 {
		t.Errorf("%d roots, want 1", roots)
	}
}
