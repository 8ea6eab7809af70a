package storage

import (
	"maps"
	"testing"

	"go.opentelemetry.io/collector/pdata/ptrace"
)

// spansByTrace takes a message apart: for each trace its spans, each as JSON
// with its resource and scope, and how often it occurs.
func spansByTrace(t testing.TB, data []byte, out map[[16]byte]map[string]int) {
	t.Helper()
	td, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(data)
	if err != nil {
		t.Fatal(err)
	}
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, sp := range ss.Spans().All() {
				one := ptrace.NewTraces()
				r := one.ResourceSpans().AppendEmpty()
				rs.Resource().CopyTo(r.Resource())
				r.SetSchemaUrl(rs.SchemaUrl())
				s := r.ScopeSpans().AppendEmpty()
				ss.Scope().CopyTo(s.Scope())
				s.SetSchemaUrl(ss.SchemaUrl())
				sp.CopyTo(s.Spans().AppendEmpty())
				text, err := (&ptrace.JSONMarshaler{}).MarshalTraces(one)
				if err != nil {
					t.Fatal(err)
				}
				id := [16]byte(sp.TraceID())
				if out[id] == nil {
					out[id] = map[string]int{}
				}
				out[id][string(text)]++
			}
		}
	}
}

// TestTrace_CapturedTelemetry reads traces of a real application back from
// merged parts, fresh parts and memory together: each equals its source.
func TestTrace_CapturedTelemetry(t *testing.T) {
	requests, _ := captured(t, "hotrod.traces.binpb.zst")
	requests = requests[:min(len(requests), 30)]
	fsys := newFS()
	s := mustOpen(t, manual(fsys))
	want := map[[16]byte]map[string]int{}
	rows := 0
	for i, r := range requests {
		n, err := s.Append(t.Context(), Traces, r, uint64(i+1))
		if err != nil {
			t.Fatal(err)
		}
		rows += n
		spansByTrace(t, r, want)
		if i%10 == 5 {
			mustFlush(t, s)
		}
		if i == 20 {
			if err := s.Compact(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	for id, spans := range want {
		data, err := s.Trace(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		got := map[[16]byte]map[string]int{}
		spansByTrace(t, data, got)
		if len(got) != 1 || !maps.Equal(got[id], spans) {
			t.Fatalf("trace %x: got %d spans, want %d, or they differ", id, len(got[id]), len(spans))
		}
	}
	t.Logf("%d spans in %d traces", rows, len(want))
	mustClose(t, s)
}
