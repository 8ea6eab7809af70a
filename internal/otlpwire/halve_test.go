package otlpwire_test

import (
	"bytes"
	"testing"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"github.com/ttlog/ttlog/internal/otlpwire"
)

// leaves halves a request until nothing is left to halve.
func leaves(t *testing.T, s otlpwire.Signal, request []byte) [][]byte {
	t.Helper()
	first, second, ok := otlpwire.Halve(request)
	if !ok {
		return [][]byte{request}
	}
	count := func(b []byte) int {
		n, err := otlpwire.Validate(s, b)
		if err != nil {
			t.Fatalf("a half is malformed: %v", err)
		}
		return n.Records
	}
	a, b, all := count(first), count(second), count(request)
	if a == 0 || b == 0 || a+b != all {
		t.Fatalf("halves have %d and %d of %d records", a, b, all)
	}
	return append(leaves(t, s, first), leaves(t, s, second)...)
}

func TestHalve(t *testing.T) {
	t.Parallel()
	// Two resources, of two scopes and one, of three and no records.
	td, ld, md := ptrace.NewTraces(), plog.NewLogs(), pmetric.NewMetrics()
	var names []string
	for _, r := range []string{"r0", "r1"} {
		rs, rl, rm := td.ResourceSpans().AppendEmpty(), ld.ResourceLogs().AppendEmpty(), md.ResourceMetrics().AppendEmpty()
		rs.SetSchemaUrl(r)
		rl.SetSchemaUrl(r)
		rm.SetSchemaUrl(r)
		for _, s := range []string{"s0", "s1", "empty"} {
			ss, sl, sm := rs.ScopeSpans().AppendEmpty(), rl.ScopeLogs().AppendEmpty(), rm.ScopeMetrics().AppendEmpty()
			ss.Scope().SetName(s)
			sl.Scope().SetName(s)
			sm.Scope().SetName(s)
			for _, n := range []string{"a", "b", "c"} {
				if s == "empty" {
					continue
				}
				names = append(names, r+s+n)
				ss.Spans().AppendEmpty().SetName(n)
				sl.LogRecords().AppendEmpty().SetEventName(n)
				m := sm.Metrics().AppendEmpty()
				m.SetName(n)
				m.SetEmptyGauge().DataPoints().AppendEmpty().SetIntValue(1)
			}
		}
	}
	f := func(s otlpwire.Signal, request []byte, err error, name func(leaf []byte) string) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		parts := leaves(t, s, request)
		if len(parts) != len(names) {
			t.Fatalf("%s: %d parts, want %d", s, len(parts), len(names))
		}
		for i, p := range parts {
			if got := name(p); got != names[i] {
				t.Errorf("%s: part %d is %q, want %q", s, i, got, names[i])
			}
		}
		if a, b, ok := otlpwire.Halve(request[:len(request)-1]); ok {
			t.Errorf("%s: a truncated request was halved into %d and %d bytes", s, len(a), len(b))
		}
	}
	traces, err := ptraceotlp.NewExportRequestFromTraces(td).MarshalProto()
	f(otlpwire.Traces, traces, err, func(leaf []byte) string {
		r := ptraceotlp.NewExportRequest()
		if err := r.UnmarshalProto(leaf); err != nil {
			return err.Error()
		}
		g := r.Traces().ResourceSpans().At(0)
		s := g.ScopeSpans().At(0)
		return g.SchemaUrl() + s.Scope().Name() + s.Spans().At(0).Name()
	})
	logs, err := plogotlp.NewExportRequestFromLogs(ld).MarshalProto()
	f(otlpwire.Logs, logs, err, func(leaf []byte) string {
		r := plogotlp.NewExportRequest()
		if err := r.UnmarshalProto(leaf); err != nil {
			return err.Error()
		}
		g := r.Logs().ResourceLogs().At(0)
		s := g.ScopeLogs().At(0)
		return g.SchemaUrl() + s.Scope().Name() + s.LogRecords().At(0).EventName()
	})
	metrics, err := pmetricotlp.NewExportRequestFromMetrics(md).MarshalProto()
	f(otlpwire.Metrics, metrics, err, func(leaf []byte) string {
		r := pmetricotlp.NewExportRequest()
		if err := r.UnmarshalProto(leaf); err != nil {
			return err.Error()
		}
		g := r.Metrics().ResourceMetrics().At(0)
		s := g.ScopeMetrics().At(0)
		return g.SchemaUrl() + s.Scope().Name() + s.Metrics().At(0).Name()
	})
	if !bytes.Equal(traces, must(ptraceotlp.NewExportRequestFromTraces(td).MarshalProto())) {
		t.Error("the request was changed")
	}
}

// TestHalve_WrongType: what cannot be read is not cut, nor anything cut off.
func TestHalve_WrongType(t *testing.T) {
	t.Parallel()
	records := otlpwire.AppendString(nil, otlpwire.ScopeGroupRecords, "")
	records = otlpwire.AppendVarint(records, otlpwire.ScopeGroupRecords, 1)
	records = otlpwire.AppendString(records, otlpwire.ScopeGroupRecords, "")
	scope := otlpwire.AppendBytes(nil, otlpwire.GroupScopes, records)
	request := otlpwire.AppendBytes(nil, otlpwire.RequestResource, scope)
	if a, b, ok := otlpwire.Halve(request); ok {
		t.Errorf("halved into %x and %x", a, b)
	}
}

// FuzzHalve cuts any bytes. What is valid becomes two valid halves with all of
// its records.
func FuzzHalve(f *testing.F) {
	f.Add(tracesRequest(f))
	f.Add(logsRequest(f))
	f.Add(metricsRequest(f))
	f.Fuzz(func(t *testing.T, request []byte) {
		first, second, ok := otlpwire.Halve(request)
		if !ok {
			return
		}
		for _, s := range []otlpwire.Signal{otlpwire.Traces, otlpwire.Logs, otlpwire.Metrics} {
			all, err := otlpwire.Validate(s, request)
			if err != nil {
				continue
			}
			a, errA := otlpwire.Validate(s, first)
			b, errB := otlpwire.Validate(s, second)
			if errA != nil || errB != nil || a.Records+b.Records != all.Records {
				t.Fatalf("%s: %d records become %d (%v) and %d (%v)", s, all.Records, a.Records, errA, b.Records, errB)
			}
		}
	})
}

func must(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}
