package sdktest

import (
	"slices"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// Flat is one record with all that is around it: the bytes of a message that
// pdata marshaled, by which it is compared, and its text.
type Flat struct{ Proto, Text string }

// FlatTraces returns each span of td in a message of its own, sorted.
func FlatTraces(td ptrace.Traces) []Flat {
	var out []Flat
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, s := range ss.Spans().All() {
				one := ptrace.NewTraces()
				r := one.ResourceSpans().AppendEmpty()
				rs.Resource().CopyTo(r.Resource())
				r.SetSchemaUrl(rs.SchemaUrl())
				sc := r.ScopeSpans().AppendEmpty()
				ss.Scope().CopyTo(sc.Scope())
				sc.SetSchemaUrl(ss.SchemaUrl())
				s.CopyTo(sc.Spans().AppendEmpty())
				p, _ := (&ptrace.ProtoMarshaler{}).MarshalTraces(one)
				j, _ := (&ptrace.JSONMarshaler{}).MarshalTraces(one)
				out = append(out, Flat{string(p), string(j)})
			}
		}
	}
	return sorted(out)
}

// FlatLogs returns each record of ld in a message of its own, sorted.
func FlatLogs(ld plog.Logs) []Flat {
	var out []Flat
	for _, rl := range ld.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, l := range sl.LogRecords().All() {
				one := plog.NewLogs()
				r := one.ResourceLogs().AppendEmpty()
				rl.Resource().CopyTo(r.Resource())
				r.SetSchemaUrl(rl.SchemaUrl())
				sc := r.ScopeLogs().AppendEmpty()
				sl.Scope().CopyTo(sc.Scope())
				sc.SetSchemaUrl(sl.SchemaUrl())
				l.CopyTo(sc.LogRecords().AppendEmpty())
				p, _ := (&plog.ProtoMarshaler{}).MarshalLogs(one)
				j, _ := (&plog.JSONMarshaler{}).MarshalLogs(one)
				out = append(out, Flat{string(p), string(j)})
			}
		}
	}
	return sorted(out)
}

// FlatMetrics returns each metric of md in a message of its own, sorted.
func FlatMetrics(md pmetric.Metrics) []Flat {
	var out []Flat
	for _, rm := range md.ResourceMetrics().All() {
		for _, sm := range rm.ScopeMetrics().All() {
			for _, m := range sm.Metrics().All() {
				one := pmetric.NewMetrics()
				r := one.ResourceMetrics().AppendEmpty()
				rm.Resource().CopyTo(r.Resource())
				r.SetSchemaUrl(rm.SchemaUrl())
				sc := r.ScopeMetrics().AppendEmpty()
				sm.Scope().CopyTo(sc.Scope())
				sc.SetSchemaUrl(sm.SchemaUrl())
				m.CopyTo(sc.Metrics().AppendEmpty())
				p, _ := (&pmetric.ProtoMarshaler{}).MarshalMetrics(one)
				j, _ := (&pmetric.JSONMarshaler{}).MarshalMetrics(one)
				out = append(out, Flat{string(p), string(j)})
			}
		}
	}
	return sorted(out)
}

func sorted(f []Flat) []Flat {
	slices.SortFunc(f, func(a, b Flat) int {
		switch {
		case a.Proto < b.Proto:
			return -1
		case a.Proto > b.Proto:
			return 1
		}
		return 0
	})
	return f
}

// DropLinkTraceState removes what the SDK's exporters leave out: the trace
// state of links.
func DropLinkTraceState(td ptrace.Traces) ptrace.Traces {
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, s := range ss.Spans().All() {
				for _, l := range s.Links().All() {
					l.TraceState().FromRaw("")
				}
			}
		}
	}
	return td
}
