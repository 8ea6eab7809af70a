package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/ttlog/ttlog/internal/testservers"
)

// Files that name metrics.
const (
	alertRules = "../../deploy/prometheus/ttlog.rules.yml"
	ruleTests  = "../../deploy/prometheus/ttlog.rules.test.yml"
	dashboard  = "../../deploy/grafana/ttlog.json"
	operations = "../../docs/operations.md"
)

// selector finds a metric, with its matchers where it has some.
var (
	selector = regexp.MustCompile(`\b((?:ttlog|process|go)_[a-z_]+[a-z])\b(?:\{([^}]*)\})?`)
	matcher  = regexp.MustCompile(`(\w+)(=~|!=|=)"([^"]*)"`)
)

// exported are the series of /metrics by name, each as its labels. Nothing has
// been sent: they are there from the start.
func exported(t *testing.T) (series map[string][]map[string]string, text []byte) {
	t.Helper()
	p := startServe(t, filepath.Join(t.TempDir(), "data"), "--forward", "http://user:secret@127.0.0.1:1")
	_, text = get(t, p.api+"/metrics")
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	series = make(map[string][]map[string]string)
	for name, family := range families {
		for _, m := range family.GetMetric() {
			labels := make(map[string]string)
			for _, l := range m.GetLabel() {
				labels[l.GetName()] = l.GetValue()
			}
			series[name] = append(series[name], labels)
			if family.GetType() == dto.MetricType_HISTOGRAM {
				for _, suffix := range []string{"_count", "_sum", "_bucket"} {
					series[name+suffix] = append(series[name+suffix], labels)
				}
			}
		}
	}
	return series, text
}

// TestMetrics_WhatIsNamedIsExported looks for the metrics, labels and values of
// labels that the alert rules, the dashboard and the documentation name in what a
// server exports at its start, and for what it exports in the documentation.
func TestMetrics_WhatIsNamedIsExported(t *testing.T) {
	series, _ := exported(t)
	documented := make(map[string]bool)
	for _, file := range []string{alertRules, dashboard, operations} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		found := selector.FindAllStringSubmatch(strings.ReplaceAll(string(text), `\"`, `"`), -1)
		if len(found) < 10 {
			t.Errorf("%s names %d metrics", file, len(found))
		}
		for _, m := range found {
			documented[m[1]] = documented[m[1]] || file == operations
			if strings.HasPrefix(m[1], "process_") {
				continue // which of them there are depends on the system
			}
			if series[m[1]] == nil {
				t.Errorf("%s: no metric %s", filepath.Base(file), m[1])
				continue
			}
			for _, want := range matcher.FindAllStringSubmatch(m[2], -1) {
				if want[1] != "instance" && !has(series[m[1]], want[1], want[2], want[3]) {
					t.Errorf("%s: no series %s", filepath.Base(file), m[0])
				}
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(series)) {
		if strings.HasPrefix(name, "ttlog_") && !documented[name] && !strings.HasPrefix(name, "ttlog_query_duration_seconds_") {
			t.Errorf("%s does not name %s", filepath.Base(operations), name)
		}
	}
}

// has tells whether some series matches; each alternative of a pattern has to.
func has(series []map[string]string, label, op, value string) bool {
	for v := range strings.SplitSeq(value, "|") {
		if !slices.ContainsFunc(series, func(labels map[string]string) bool {
			got, ok := labels[label]
			return ok && (op == "!=") == (got != v)
		}) {
			return false
		}
	}
	return true
}

// TestMetrics_BeginWithZero counts the series of what a server has not seen yet:
// a rate needs the zero before the first one.
func TestMetrics_BeginWithZero(t *testing.T) {
	series, text := exported(t)
	for name, want := range map[string]int{
		"ttlog_degraded":                         7,
		"ttlog_store_parts":                      3,
		"ttlog_receiver_refused_total":           3 * 2 * 12,
		"ttlog_receiver_rejected_records_total":  3 * 2 * 4,
		"ttlog_receiver_repeated_requests_total": 3,
		"ttlog_queries_total":                    len(queryCalls) * len(outcomes),
	} {
		if got := len(series[name]); got != want {
			t.Errorf("%d series of %s, want %d", got, name, want)
		}
	}
	if !has(series["ttlog_sink_dropped_records_total"], "sink", "=", "http://***@127.0.0.1:1") || bytes.Contains(text, []byte("secret")) {
		t.Errorf("sinks are %v", series["ttlog_sink_dropped_records_total"])
	}
	if !has(series["ttlog_build_info"], "version", "=", series["ttlog_build_info"][0]["version"]) || len(series["ttlog_build_info"][0]) != 3 {
		t.Errorf("build_info is %v", series["ttlog_build_info"])
	}
}

// TestMetrics_QueriesAreCounted puts queries of each kind and looks at what is
// said of them.
func TestMetrics_QueriesAreCounted(t *testing.T) {
	p := startServe(t, filepath.Join(t.TempDir(), "data"))
	p.query(t, "SELECT count(*) FROM logs")
	post(p.api+"/api/v1/query", "text/plain", "", strings.NewReader("SELECT nothing FROM nowhere"))
	get(t, p.api+"/api/v1/traces/0102030405060708090a0b0c0d0e0f10")
	get(t, p.api+"/api/v1/services")
	_, text := get(t, p.api+"/metrics")
	for _, line := range []string{
		`ttlog_queries_total{call="query",outcome="ok"} 1`,
		`ttlog_queries_total{call="query",outcome="invalid"} 1`,
		`ttlog_queries_total{call="traces",outcome="not_found"} 1`,
		`ttlog_queries_total{call="services",outcome="ok"} 1`,
		`ttlog_query_duration_seconds_count{call="query"} 2`,
		`ttlog_queries_in_flight{call="query"} 0`,
	} {
		if !bytes.Contains(text, []byte("\n"+line+"\n")) {
			t.Errorf("no line %s", line)
		}
	}
	_, body := get(t, p.api+"/api/v1/status")
	var status report
	if err := json.Unmarshal(body, &status); err != nil || status.Queries["query"].Outcomes["invalid"] != 1 {
		t.Errorf("status: %v, queries %v", err, status.Queries)
	}
}

// TestMetrics_Promtool has Prometheus' own tool look at /metrics, at the alert
// rules and at their tests, and at the queries of the dashboard.
func TestMetrics_Promtool(t *testing.T) {
	tool := testservers.Promtool(t)
	_, text := exported(t)
	check := func(stdin []byte, args ...string) {
		t.Helper()
		cmd := exec.Command(tool, args...)
		cmd.Stdin = bytes.NewReader(stdin)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	check(text, "check", "metrics")
	check(nil, "check", "rules", alertRules)
	check(nil, "test", "rules", ruleTests)
	queries := filepath.Join(t.TempDir(), "dashboard.yml")
	if err := os.WriteFile(queries, recordingRules(t), 0o600); err != nil {
		t.Fatal(err)
	}
	check(nil, "check", "rules", queries)
}

// recordingRules makes rules of the queries of the dashboard.
func recordingRules(t *testing.T) []byte {
	t.Helper()
	text, err := os.ReadFile(dashboard)
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	// JSON is YAML.
	var rules []map[string]string
	for _, panel := range doc.Panels {
		for _, target := range panel.Targets {
			expr := strings.ReplaceAll(target.Expr, "$__rate_interval", "5m")
			rules = append(rules, map[string]string{"record": fmt.Sprint("panel:", len(rules)), "expr": expr})
		}
	}
	if len(rules) < 20 {
		t.Fatalf("%d queries in the dashboard", len(rules))
	}
	out, err := json.Marshal(map[string]any{"groups": []any{map[string]any{"name": "dashboard", "rules": rules}}})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
