// Package queryapi_test holds the OpenAPI document of the query API against its
// answers, with a library that applications need not have.
package queryapi_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"github.com/ttlog/ttlog/query"
	"github.com/ttlog/ttlog/queryapi"
	"github.com/ttlog/ttlog/storage"
	"github.com/ttlog/ttlog/stream"
)

var start = time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC)

const (
	traceID = "01000000000000000000000000000000"
	spanID  = "0100000000000000"
)

func at(i int) pcommon.Timestamp {
	return pcommon.NewTimestampFromTime(start.Add(time.Duration(i) * time.Second))
}

// spans are a call from shop to cart, which fails, and from there to a database.
func spans() ptrace.Traces {
	td := ptrace.NewTraces()
	for i, service := range []string{"shop", "cart", "cart"} {
		rs := td.ResourceSpans().AppendEmpty()
		rs.Resource().Attributes().PutStr("service.name", service)
		rs.Resource().Attributes().PutStr("service.version", "1.4")
		s := rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty()
		s.SetTraceID([16]byte{1})
		s.SetSpanID([8]byte{byte(i + 1)})
		if i > 0 {
			s.SetParentSpanID([8]byte{byte(i)})
		}
		s.SetName([]string{"GET /", "load", "SELECT"}[i])
		s.SetKind([]ptrace.SpanKind{ptrace.SpanKindServer, ptrace.SpanKindServer, ptrace.SpanKindClient}[i])
		s.SetStartTimestamp(at(i))
		s.SetEndTimestamp(at(4))
		s.Attributes().PutInt("items", int64(i))
		if i == 2 {
			s.Attributes().PutStr("db.system.name", "postgresql")
			s.SetEndTimestamp(0)
		}
		if i == 1 {
			s.Status().SetCode(ptrace.StatusCodeError)
			e := s.Events().AppendEmpty()
			e.SetName("exception")
			e.SetTimestamp(at(3))
			e.Attributes().PutStr("exception.type", "TimeoutError")
			e.Attributes().PutStr("exception.message", "no answer within 200 ms")
			s.Links().AppendEmpty().SetTraceID([16]byte{9})
		}
	}
	return td
}

func logs() plog.Logs {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("service.name", "shop")
	rl.Resource().Attributes().PutStr("service.instance.id", "a")
	for i := range 5 {
		r := rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
		r.SetTimestamp(at(i))
		r.SetSeverityNumber(plog.SeverityNumber(5 + 4*i))
		r.Body().SetStr(fmt.Sprintf("order %d taken", i))
	}
	return ld
}

func metrics() pmetric.Metrics {
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	rm.Resource().Attributes().PutStr("service.name", "shop")
	list := rm.ScopeMetrics().AppendEmpty().Metrics()
	gauge, sum, histogram, exponential := list.AppendEmpty(), list.AppendEmpty(), list.AppendEmpty(), list.AppendEmpty()
	gauge.SetName("depth")
	sum.SetName("orders")
	histogram.SetName("latency")
	exponential.SetName("sizes")
	sum.SetEmptySum().SetIsMonotonic(true)
	sum.Sum().SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	histogram.SetEmptyHistogram().SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
	exponential.SetEmptyExponentialHistogram().SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
	gauge.SetEmptyGauge()
	for i := range 4 {
		g := gauge.Gauge().DataPoints().AppendEmpty()
		g.SetTimestamp(at(i))
		g.SetIntValue(int64(i))
		s := sum.Sum().DataPoints().AppendEmpty()
		s.SetTimestamp(at(i))
		s.SetIntValue(int64(10 * i))
		h := histogram.Histogram().DataPoints().AppendEmpty()
		h.SetTimestamp(at(i))
		h.ExplicitBounds().FromRaw([]float64{1, 2})
		h.BucketCounts().FromRaw([]uint64{1, 2, 1})
		h.SetCount(4)
		h.SetSum(6)
		e := h.Exemplars().AppendEmpty()
		e.SetDoubleValue(1.5)
		e.SetTraceID([16]byte{1})
		e.SetSpanID([8]byte{1})
		x := exponential.ExponentialHistogram().DataPoints().AppendEmpty()
		x.SetTimestamp(at(i))
		x.SetCount(3)
		x.SetScale(2)
		x.Positive().BucketCounts().FromRaw([]uint64{1, 2})
	}
	return md
}

// serve returns a server over a store with a few records of each kind.
func serve(t *testing.T) *httptest.Server {
	t.Helper()
	dir := t.TempDir()
	s, err := storage.Open(filepath.Join(dir, "data"), storage.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for signal, request := range map[storage.Signal]interface{ MarshalProto() ([]byte, error) }{
		storage.Traces:  ptraceotlp.NewExportRequestFromTraces(spans()),
		storage.Logs:    plogotlp.NewExportRequestFromLogs(logs()),
		storage.Metrics: pmetricotlp.NewExportRequestFromMetrics(metrics()),
	} {
		body, err := request.MarshalProto()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Append(t.Context(), signal, body, 0); err != nil {
			t.Fatal(err)
		}
	}
	srv := httptest.NewServer(queryapi.New(queryapi.Options{
		Source: query.FromStore(s), Traces: s, Delete: s, Tail: new(stream.Hub), Documents: filepath.Join(dir, "ui"),
		Status: func() any { return map[string]int{"answer": 42} },
	}))
	t.Cleanup(func() {
		srv.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return srv
}

// examples are calls of each operation: the query of the URL, and what takes the
// place of the parameters of the path.
var examples = map[string][]string{
	"/api/v1/traces/{trace_id}":                 {""},
	"/api/v1/traces/{trace_id}/columns":         {""},
	"/api/v1/traces/{trace_id}/spans/{span_id}": {""},
	"/api/v1/delete":                            {""},
	"/api/v1/services":                          {"", "buckets=5", "service=shop&limit=1&offset=0", "where=error&from=2026-01-02&to=2026-01-03&buckets=3"},
	"/api/v1/services/{name}":                   {"", "buckets=3&limit=2"},
	"/api/v1/operations":                        {"", "service=cart&where=error"},
	"/api/v1/red":                               {"", "by=service", "by=service,name,kind&limit=1", "by=items&from=2026-01-02T15:04:05Z&to=2026-01-02T15:04:07Z", "where=false"},
	"/api/v1/graph":                             {"", "service=cart&limit=1", "where=error"},
	"/api/v1/histogram":                         {"", "signal=logs&by=level&limit=2", "by=items%2B1&buckets=7", "signal=metrics&by=name", "where=false"},
	"/api/v1/heatmap":                           {"", "levels=3&buckets=2", "where=false", "where=duration+IS+NULL"},
	"/api/v1/facets":                            {"", "signal=logs", "signal=metrics", "keys=name,items,resource%5B'service.name'%5D&limit=2", "where=false"},
	"/api/v1/fields":                            {"", "signal=logs&prefix=b", "signal=metrics&where=value+%3E+0", "service=shop"},
	"/api/v1/values":                            {"key=name", "key=items&prefix=1", "signal=logs&key=body&prefix=ORDER", "key=duration", "key=timestamp"},
	"/api/v1/compare":                           {"selection=error", "selection=error&against=items=0&limit=1", "signal=logs&selection=level%3E'INFO'", "selection=false"},
	"/api/v1/patterns":                          {"", "where=level%3E'INFO'&limit=1", "where=false"},
	"/api/v1/context":                           {"timestamp=2026-01-02T15:04:07Z&before=1&after=1&service=shop&instance=a", "timestamp=1767366247", "timestamp=now"},
	"/api/v1/errors":                            {"", "signal=spans&state=open&buckets=2", "signal=logs&limit=1", "from=now-1h"},
	"/api/v1/metrics":                           {"", "prefix=O&type=sum&limit=1", "service=shop"},
	"/api/v1/series":                            {"metric=depth", "metric=orders", "metric=orders&of=increase&by=service", "metric=latency", "metric=latency&of=heatmap", "metric=sizes&of=p50", "metric=sizes&of=heatmap", "metric=depth&of=avg&by=service,scope_name&limit=1"},
	"/api/v1/dashboards":                        {""},
	"/api/v1/queries":                           {""},
	"/api/v1/dashboards/{id}":                   {""},
	"/api/v1/queries/{id}":                      {""},
	"/api/v1/errors/{issue_id}/resolved":        {""},
	"/api/v1/query":                             {"", "tz=Asia/Tokyo"},
	"/api/v1/status":                            {""},
	"/api/v1/openapi.json":                      {""},
	"/healthz":                                  {""},
	"/readyz":                                   {""},
}

var placeholders = strings.NewReplacer("{trace_id}", traceID, "{span_id}", spanID, "{name}", "cart", "{id}", "mine", "{issue_id}", "0123456789abcdef")

// bodies are what calls with a body are sent.
var bodies = map[string]string{
	"PUT /api/v1/dashboards/{id}":            `{"title":"Mine","panels":[{"query":"SELECT 1"}],"more":[1]}`,
	"PUT /api/v1/queries/{id}":               `{"title":"Mine","query":"SELECT count(*) FROM spans"}`,
	"PUT /api/v1/errors/{issue_id}/resolved": `{"note":"fixed"}`,
	"POST /api/v1/delete":                    `{"query":"DELETE FROM spans WHERE name = 'nobody'"}`,
	"POST /api/v1/query":                     `{"query":"SELECT name, timestamp, nam FROM spans","params":null,"timeout":"5s"}`,
}

// operation is what the test reads of the document by itself.
type operation struct {
	Parameters []struct{ Name, In string }
}

// TestOpenAPI_DescribesTheAnswers makes calls of every operation and holds them
// and their answers against the document.
func TestOpenAPI_DescribesTheAnswers(t *testing.T) {
	srv := serve(t)
	raw := get(t, srv.URL+"/api/v1/openapi.json")
	doc, err := libopenapi.NewDocument(raw)
	if err != nil {
		t.Fatal(err)
	}
	v, errs := validator.NewValidator(doc)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	if ok, problems := v.ValidateDocument(); !ok {
		t.Fatalf("the document is no OpenAPI 3.1: %v", problems)
	}
	// What is written has to be there to be read and removed.
	for _, method := range []string{http.MethodPut, http.MethodPost, http.MethodGet, http.MethodDelete} {
		for path, op := range operations(t, raw, method) {
			if path == "/api/v1/tail" {
				continue // it does not end
			}
			if len(examples[path]) == 0 {
				t.Errorf("no example of %s %s", method, path)
			}
			for _, q := range examples[path] {
				t.Run(method+" "+path+"?"+q, func(t *testing.T) {
					check(t, v, srv.URL, method, path, q)
				})
			}
			checkParameters(t, srv.URL, method, path, op)
		}
	}
}

func operations(t *testing.T, raw []byte, method string) map[string]operation {
	t.Helper()
	var doc struct {
		Paths map[string]map[string]operation
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	out := map[string]operation{}
	for path, methods := range doc.Paths {
		if op, ok := methods[strings.ToLower(method)]; ok {
			out[path] = op
		}
	}
	return out
}

// check makes a call, and holds it and its answer against the document.
func check(t *testing.T, v validator.Validator, base, method, path, q string) {
	url := base + placeholders.Replace(path)
	if q != "" {
		url += "?" + q
	}
	resp, body := call(t, method, url, bodies[method+" "+path])
	if resp.StatusCode >= 300 {
		t.Fatalf("%d %s", resp.StatusCode, body)
	}
	asked, err := http.NewRequest(method, url, strings.NewReader(bodies[method+" "+path]))
	if err != nil {
		t.Fatal(err)
	}
	asked.Header.Set("Content-Type", "application/json")
	if ok, problems := v.ValidateHttpRequest(asked); !ok {
		t.Errorf("the request: %v", problems)
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	if ok, problems := v.ValidateHttpResponse(asked, resp); !ok {
		for _, p := range problems {
			t.Errorf("%s: %s: %v", p.Message, p.Reason, p.SchemaValidationErrors)
		}
		t.Errorf("%.2000s", body)
	}
}

var takes = regexp.MustCompile(`this call takes ([a-z_, ]+)$`)

// checkParameters asks with a parameter that no call has. The answer tells which
// the call has: those of the document, and it is a problem document.
func checkParameters(t *testing.T, base, method, path string, op operation) {
	if strings.HasSuffix(path, "z") {
		return // health checks add parameters of their own
	}
	resp, body := call(t, method, base+placeholders.Replace(path)+"?q0q0q0q0q0q0q0q0q0q0=1", bodies[method+" "+path])
	var problem struct{ Detail string }
	if err := json.Unmarshal(body, &problem); err != nil || resp.StatusCode != http.StatusBadRequest {
		t.Errorf("%s %s: %d %s", method, path, resp.StatusCode, body)
		return
	}
	var has, described []string
	if m := takes.FindStringSubmatch(problem.Detail); m != nil {
		has = strings.Split(m[1], ", ")
	} else if !strings.Contains(problem.Detail, "takes none") {
		t.Errorf("%s %s: %s", method, path, problem.Detail)
	}
	for _, p := range op.Parameters {
		if p.In == "query" {
			described = append(described, p.Name)
		}
	}
	slices.Sort(has)
	slices.Sort(described)
	if !slices.Equal(has, described) {
		t.Errorf("%s %s takes %v, the document has %v", method, path, has, described)
	}
}

func get(t *testing.T, url string) []byte {
	t.Helper()
	_, body := call(t, http.MethodGet, url, "")
	return body
}

func call(t *testing.T, method, url, body string) (*http.Response, []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	out, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, out
}
