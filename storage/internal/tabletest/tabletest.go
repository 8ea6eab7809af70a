// Package tabletest helps the tests of the table and the part: it reads the
// captured telemetry and compares OTLP messages record by record.
package tabletest

import (
	"strings"
	"testing"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/ttlog/ttlog/internal/capturetest"
	"github.com/ttlog/ttlog/internal/otlpwire"
)

// The captured files by signal.
const (
	TracesFile  = "hotrod.traces.binpb.zst"
	LogsFile    = "loghub.logs.binpb.zst"
	MetricsFile = "node.metrics.binpb.zst"
)

// File returns the name of the captured file of a signal.
func File(s otlpwire.Signal) string {
	return map[otlpwire.Signal]string{
		otlpwire.Traces: TracesFile, otlpwire.Logs: LogsFile, otlpwire.Metrics: MetricsFile,
	}[s]
}

// Messages returns the export requests in a captured file. It skips the test
// where the folder of captured files is absent.
func Messages(t testing.TB, name string) [][]byte {
	t.Helper()
	return capturetest.Messages(t, name, 0)
}

// Records returns every span, log record or data point of a request on its
// own, with its resource, scope and metric, in a form in which equal records
// are equal strings.
func Records(s otlpwire.Signal, request []byte) ([]string, error) {
	switch s {
	case otlpwire.Traces:
		return spans(request)
	case otlpwire.Logs:
		return logs(request)
	default:
		return points(request)
	}
}

func spans(request []byte) ([]string, error) {
	td, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(request)
	if err != nil {
		return nil, err
	}
	var out []string
	var m ptrace.ProtoMarshaler
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			shell := ptrace.NewTraces()
			r := shell.ResourceSpans().AppendEmpty()
			rs.Resource().CopyTo(r.Resource())
			r.SetSchemaUrl(rs.SchemaUrl())
			sc := r.ScopeSpans().AppendEmpty()
			ss.Scope().CopyTo(sc.Scope())
			sc.SetSchemaUrl(ss.SchemaUrl())
			head, err := m.MarshalTraces(shell)
			if err != nil {
				return nil, err
			}
			one := ptrace.NewTraces()
			dst := one.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
			for _, sp := range ss.Spans().All() {
				sp.CopyTo(dst)
				body, err := m.MarshalTraces(one)
				if err != nil {
					return nil, err
				}
				out = append(out, string(head)+"|"+string(body))
			}
		}
	}
	return out, nil
}

func logs(request []byte) ([]string, error) {
	ld, err := (&plog.ProtoUnmarshaler{}).UnmarshalLogs(request)
	if err != nil {
		return nil, err
	}
	var out []string
	var m plog.ProtoMarshaler
	for _, rl := range ld.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, lr := range sl.LogRecords().All() {
				one := plog.NewLogs()
				r := one.ResourceLogs().AppendEmpty()
				rl.Resource().CopyTo(r.Resource())
				r.SetSchemaUrl(rl.SchemaUrl())
				sc := r.ScopeLogs().AppendEmpty()
				sl.Scope().CopyTo(sc.Scope())
				sc.SetSchemaUrl(sl.SchemaUrl())
				lr.CopyTo(sc.LogRecords().AppendEmpty())
				body, err := m.MarshalLogs(one)
				if err != nil {
					return nil, err
				}
				out = append(out, string(body))
			}
		}
	}
	return out, nil
}

func points(request []byte) ([]string, error) {
	md, err := (&pmetric.ProtoUnmarshaler{}).UnmarshalMetrics(request)
	if err != nil {
		return nil, err
	}
	var out []string
	var m pmetric.ProtoMarshaler
	for _, rm := range md.ResourceMetrics().All() {
		for _, sm := range rm.ScopeMetrics().All() {
			for _, metric := range sm.Metrics().All() {
				for _, keep := range pointsOf(metric) {
					one := pmetric.NewMetrics()
					r := one.ResourceMetrics().AppendEmpty()
					rm.Resource().CopyTo(r.Resource())
					r.SetSchemaUrl(rm.SchemaUrl())
					sc := r.ScopeMetrics().AppendEmpty()
					sm.Scope().CopyTo(sc.Scope())
					sc.SetSchemaUrl(sm.SchemaUrl())
					keep(sc.Metrics().AppendEmpty())
					body, err := m.MarshalMetrics(one)
					if err != nil {
						return nil, err
					}
					out = append(out, string(body))
				}
			}
		}
	}
	return out, nil
}

// pointsOf returns for each data point of m a function that fills a metric
// with it alone.
func pointsOf(m pmetric.Metric) []func(dst pmetric.Metric) {
	var out []func(dst pmetric.Metric)
	add := func(f func(dst pmetric.Metric)) {
		out = append(out, func(dst pmetric.Metric) {
			dst.SetName(m.Name())
			dst.SetDescription(m.Description())
			dst.SetUnit(m.Unit())
			m.Metadata().CopyTo(dst.Metadata())
			f(dst)
		})
	}
	switch m.Type() {
	case pmetric.MetricTypeGauge:
		for _, p := range m.Gauge().DataPoints().All() {
			add(func(dst pmetric.Metric) { p.CopyTo(dst.SetEmptyGauge().DataPoints().AppendEmpty()) })
		}
	case pmetric.MetricTypeSum:
		for _, p := range m.Sum().DataPoints().All() {
			add(func(dst pmetric.Metric) {
				s := dst.SetEmptySum()
				s.SetAggregationTemporality(m.Sum().AggregationTemporality())
				s.SetIsMonotonic(m.Sum().IsMonotonic())
				p.CopyTo(s.DataPoints().AppendEmpty())
			})
		}
	case pmetric.MetricTypeHistogram:
		for _, p := range m.Histogram().DataPoints().All() {
			add(func(dst pmetric.Metric) {
				h := dst.SetEmptyHistogram()
				h.SetAggregationTemporality(m.Histogram().AggregationTemporality())
				p.CopyTo(h.DataPoints().AppendEmpty())
			})
		}
	case pmetric.MetricTypeExponentialHistogram:
		for _, p := range m.ExponentialHistogram().DataPoints().All() {
			add(func(dst pmetric.Metric) {
				h := dst.SetEmptyExponentialHistogram()
				h.SetAggregationTemporality(m.ExponentialHistogram().AggregationTemporality())
				p.CopyTo(h.DataPoints().AppendEmpty())
			})
		}
	case pmetric.MetricTypeSummary:
		for _, p := range m.Summary().DataPoints().All() {
			add(func(dst pmetric.Metric) { p.CopyTo(dst.SetEmptySummary().DataPoints().AppendEmpty()) })
		}
	}
	return out
}

// Counts counts equal records over several requests.
type Counts map[string]int

// Add adds the records of a request, each by times. Those of a source, whose
// times are above 0, have one value for each key.
func (c Counts) Add(t testing.TB, s otlpwire.Signal, request []byte, times int) {
	t.Helper()
	if times > 0 {
		var err error
		if request, err = Once(s, request); err != nil {
			t.Fatalf("pdata refuses the request: %v", err)
		}
	}
	records, err := Records(s, request)
	if err != nil {
		t.Fatalf("pdata refuses the request: %v", err)
	}
	for _, r := range records {
		if c[r] += times; c[r] == 0 {
			delete(c, r)
		}
	}
}

// Zero fails the test unless everything added was taken away again.
func (c Counts) Zero(t testing.TB, s otlpwire.Signal) {
	t.Helper()
	if len(c) == 0 {
		return
	}
	var b strings.Builder
	shown := 0
	for r, n := range c {
		if shown++; shown > 4 {
			break
		}
		b.WriteString(Render(s, r, n))
	}
	t.Fatalf("%d records differ (+ is only in the source, - only in the result):\n%s", len(c), b.String())
}

// Render returns a record for people, with the sign of its count before it.
func Render(s otlpwire.Signal, record string, n int) string {
	sign := "+"
	if n < 0 {
		sign = "-"
	}
	var text []byte
	for _, part := range strings.SplitN(record, "|\n", 2) {
		text = append(text, render(s, part)...)
	}
	return sign + string(text) + "\n"
}

func render(s otlpwire.Signal, record string) []byte {
	switch s {
	case otlpwire.Logs:
		if d, err := (&plog.ProtoUnmarshaler{}).UnmarshalLogs([]byte(record)); err == nil {
			b, _ := (&plog.JSONMarshaler{}).MarshalLogs(d)
			return b
		}
	case otlpwire.Metrics:
		if d, err := (&pmetric.ProtoUnmarshaler{}).UnmarshalMetrics([]byte(record)); err == nil {
			b, _ := (&pmetric.JSONMarshaler{}).MarshalMetrics(d)
			return b
		}
	}
	return []byte(record)
}
