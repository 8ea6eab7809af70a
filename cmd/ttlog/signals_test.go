package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
)

// signals are the tables, with the last part of the OTLP path of each.
var signals = []struct{ table, path string }{{"spans", "traces"}, {"logs", "logs"}, {"metrics", "metrics"}}

// numbered returns requests of one record each for every signal, the i-th
// record of service, at time at.
func numbered(t testing.TB, service string, i int, at time.Time) map[string][]byte {
	t.Helper()
	ts := pcommon.NewTimestampFromTime(at)
	name := fmt.Sprintf("n%d", i)
	traces := ptraceotlp.NewExportRequest()
	rs := traces.Traces().ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", service)
	span := rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	span.SetName(name)
	span.SetTraceID([16]byte{1, 14: byte(i >> 8), 15: byte(i)})
	span.SetSpanID([8]byte{1, 6: byte(i >> 8), 7: byte(i)})
	span.SetStartTimestamp(ts)
	span.SetEndTimestamp(ts + 1_500_000_000)

	logs := plogotlp.NewExportRequest()
	rl := logs.Logs().ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("service.name", service)
	record := rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	record.SetTimestamp(ts)
	record.SetSeverityNumber(9)
	record.Body().SetStr(name)

	metrics := pmetricotlp.NewExportRequest()
	rm := metrics.Metrics().ResourceMetrics().AppendEmpty()
	rm.Resource().Attributes().PutStr("service.name", service)
	metric := rm.ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	metric.SetName(name)
	point := metric.SetEmptyGauge().DataPoints().AppendEmpty()
	point.SetTimestamp(ts)
	point.SetDoubleValue(float64(i))

	out := make(map[string][]byte)
	for signal, m := range map[string]interface{ MarshalProto() ([]byte, error) }{
		"traces": traces, "logs": logs, "metrics": metrics,
	} {
		b, err := m.MarshalProto()
		if err != nil {
			t.Fatal(err)
		}
		out[signal] = b
	}
	return out
}

// sendNumbered sends records from to before to of every signal.
func (p *process) sendNumbered(t testing.TB, service string, from, to int) {
	t.Helper()
	for i := from; i < to; i++ {
		for signal, body := range numbered(t, service, i, time.Now()) {
			resp, err := http.Post(p.otlpHTTP+"/v1/"+signal, "application/x-protobuf", bytes.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			if err != nil || resp.StatusCode != http.StatusOK {
				t.Fatalf("%s: %s %s %v", signal, resp.Status, text, err)
			}
		}
	}
}

// waitForNumbered waits until each of the first n records of service is there
// in every signal, each at least once, and returns how many rows there are.
func (p *process) waitForNumbered(t testing.TB, service string, n int) (rows int) {
	t.Helper()
	for _, s := range signals {
		name := "name"
		if s.table == "logs" {
			name = "body"
		}
		sql := fmt.Sprintf("SELECT count(DISTINCT %s), count(*) FROM %s WHERE service = '%s'", name, s.table, service)
		await(t, fmt.Sprintf("%d distinct rows in %s; %s", n, s.table, p.stderr), func() bool {
			row := p.query(t, sql)[0]
			if row[0] == float64(n) {
				rows += int(row[1].(float64))
				return true
			}
			return false
		})
	}
	return rows
}

// await waits until f returns true.
func await(t testing.TB, what string, f func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !f(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never happened: %s", what)
		}
	}
}

// run runs ttlog to its end and returns what it printed and its exit code.
func run(t testing.TB, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	cmd := exec.Command("ttlog", args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}
