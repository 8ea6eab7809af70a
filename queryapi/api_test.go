package queryapi_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"go.uber.org/goleak"

	"github.com/ttlog/ttlog/query"
	"github.com/ttlog/ttlog/queryapi"
	"github.com/ttlog/ttlog/storage"
	"github.com/ttlog/ttlog/stream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var update = flag.Bool("update", false, "rewrite the golden files")

// start is when the telemetry of the tests begins.
var start = time.Date(2026, 1, 2, 15, 4, 5, 6, time.UTC)

func traces() ptrace.Traces {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", "shop")
	spans := rs.ScopeSpans().AppendEmpty().Spans()
	for i, name := range []string{"GET /", "GET /", "POST /orders"} {
		s := spans.AppendEmpty()
		s.SetTraceID([16]byte{1, 2, 3, 15: byte(i / 2)})
		s.SetSpanID([8]byte{9, 7: byte(i)})
		s.SetName(name)
		s.SetKind(ptrace.SpanKindServer)
		s.SetStartTimestamp(pcommon.NewTimestampFromTime(start.Add(time.Duration(i) * time.Second)))
		s.SetEndTimestamp(s.StartTimestamp() + pcommon.Timestamp(1+i)*1_000_000)
		s.Attributes().PutInt("http.response.status_code", int64(200+i))
		s.Attributes().PutStr("note", `a "quoted", note`)
	}
	return td
}

func logs(service, body string, severity plog.SeverityNumber) []byte {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("service.name", service)
	r := rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	r.SetTimestamp(pcommon.NewTimestampFromTime(start))
	r.SetSeverityNumber(severity)
	r.Body().SetStr(body)
	r.Attributes().PutInt("shop.items", int64(len(body)))
	out, err := plogotlp.NewExportRequestFromLogs(ld).MarshalProto()
	if err != nil {
		panic(err)
	}
	return out
}

// serve returns a server over a store that holds three spans and one log
// record, and the hub that feeds its tail.
func serve(t *testing.T, o queryapi.Options) (*httptest.Server, *stream.Hub) {
	t.Helper()
	s, err := storage.Open(filepath.Join(t.TempDir(), "data"), storage.Options{})
	if err != nil {
		t.Fatal(err)
	}
	body, err := ptraceotlp.NewExportRequestFromTraces(traces()).MarshalProto()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Append(t.Context(), storage.Traces, body, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Append(t.Context(), storage.Logs, logs("cart", "hello", plog.SeverityNumberInfo), 0); err != nil {
		t.Fatal(err)
	}
	hub := new(stream.Hub)
	o.Source, o.Traces, o.Tail = query.FromStore(s), s, hub
	srv := httptest.NewServer(queryapi.New(o))
	t.Cleanup(func() {
		srv.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return srv, hub
}

// call makes a request and returns the answer.
func call(t *testing.T, method, url, body string, headers ...string) (status int, media, answer string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
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
	return resp.StatusCode, resp.Header.Get("Content-Type"), string(out)
}

// TestAPI_SaysThatPartsAreDamaged asks a store of which one part was cut off.
func TestAPI_SaysThatPartsAreDamaged(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	for round := range 2 {
		s, err := storage.Open(dir, storage.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Append(t.Context(), storage.Logs, logs("cart", "hello", plog.SeverityNumberInfo), 0); err != nil {
			t.Fatal(err)
		}
		if round == 1 {
			srv := httptest.NewServer(queryapi.New(queryapi.Options{Source: query.FromStore(s), Traces: s}))
			_, _, body := call(t, "POST", srv.URL+"/api/v1/query", "SELECT count(*) FROM logs")
			if !strings.Contains(body, `"rows":[[1]]`) || !strings.Contains(body, `"parts_total":1,"parts_pruned":0,"parts_damaged":1,`) {
				t.Errorf("got %s, want one row, and one part damaged", body)
			}
			_, _, body = call(t, "POST", srv.URL+"/api/v1/query", "EXPLAIN ANALYZE SELECT count(*) FROM logs")
			if !strings.Contains(body, "damaged parts, left out: 1") {
				t.Errorf("EXPLAIN ANALYZE: %s", body)
			}
			srv.Close()
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		parts, err := filepath.Glob(filepath.Join(dir, "logs", "*", "*.part"))
		if err != nil || len(parts) == 0 {
			t.Fatalf("parts %v: %v", parts, err)
		}
		if err := os.Truncate(parts[0], 10); err != nil {
			t.Fatal(err)
		}
	}
}

var elapsed = regexp.MustCompile(`"elapsed_ms":[0-9.e+-]+`)

// TestAPI_Golden runs each call and compares status, media type and body with
// a golden file of its name.
func TestAPI_Golden(t *testing.T) {
	srv, _ := serve(t, queryapi.Options{
		Status: func() any { return map[string]int{"answer": 42} },
		Ready:  func() error { return fmt.Errorf("still draining") },
	})
	const all = "SELECT timestamp, name, duration, error, span_id, http.response.status_code, note FROM spans ORDER BY timestamp"
	for _, c := range []struct {
		name, method, path, body string
		headers                  []string
	}{
		{"query_json", "POST", "/api/v1/query", all, nil},
		{"query_ndjson", "POST", "/api/v1/query", all, []string{"Accept", "text/html;q=0.3, application/x-ndjson"}},
		{"query_csv", "POST", "/api/v1/query", all, []string{"Accept", "application/json;q=0.1,text/csv"}},
		{"query_named", "POST", "/api/v1/query", `{"query":"SELECT count(*) AS n FROM spans WHERE name = :name AND duration > :d", "params":{"name":"GET /","d":1000000}, "timeout":"5s"}`, []string{"Content-Type", "application/json"}},
		{"query_numbered", "POST", "/api/v1/query", `{"query":"SELECT name FROM spans WHERE http.response.status_code = $1", "params":[202]}`, []string{"Content-Type", "application/json; charset=utf-8"}},
		{"query_empty", "POST", "/api/v1/query", "SELECT name FROM metrics", nil},
		{"query_fault", "POST", "/api/v1/query", "SELECT\n  FROM spans", nil},
		{"query_no_json", "POST", "/api/v1/query", "{", []string{"Content-Type", "application/json"}},
		{"query_json_array", "POST", "/api/v1/query", "[]", []string{"Content-Type", "application/json"}},
		{"query_bad_params", "POST", "/api/v1/query", `{"query":"SELECT 1","params":3}`, []string{"Content-Type", "application/json"}},
		{"query_params_object", "POST", "/api/v1/query", `{"query":"SELECT :a","params":{"a":{"b":1}}}`, []string{"Content-Type", "application/json"}},
		{"query_in_the_url", "POST", "/api/v1/query?timeout=5s", "SELECT 1", nil},
		{"operations_misspelled", "GET", "/api/v1/operations?servce=shop", "", nil},
		{"operations_twice", "GET", "/api/v1/operations?service=shop&service=cart", "", nil},
		{"tail_unknown", "GET", "/api/v1/tail?follow=1", "", nil},
		{"services_bad_escape", "GET", "/api/v1/services?a=%zz", "", nil},
		{"query_bad_timeout", "POST", "/api/v1/query", `{"query":"SELECT 1","timeout":"soon"}`, []string{"Content-Type", "application/json"}},
		{"query_bad_media", "POST", "/api/v1/query", "SELECT 1", []string{"Content-Type", "image/png"}},
		{"query_bad_accept", "POST", "/api/v1/query", "SELECT 1", []string{"Accept", "image/png"}},
		{"query_accept_zero", "POST", "/api/v1/query", all, []string{"Accept", "application/json;q=0, application/*;q=0.5, text/*;q=0.4"}},
		{"query_accept_specific", "POST", "/api/v1/query", "SELECT 1", []string{"Accept", "text/csv;q=0.2, */*;q=0.1, application/*;q=0.1, application/x-ndjson;q=0.3"}},
		{"query_accept_none", "POST", "/api/v1/query", "SELECT 1", []string{"Accept", "application/json;q=0, text/csv;q=7"}},
		{"query_csv_null", "POST", "/api/v1/query", "SELECT missing.key FROM spans", []string{"Accept", "text/csv"}},
		{"query_gzip", "POST", "/api/v1/query", "SELECT 1", []string{"Content-Encoding", "gzip"}},
		{"query_trailing", "POST", "/api/v1/query", `{"query":"SELECT 1"} {}`, []string{"Content-Type", "application/json"}},
		{"query_own_timeout", "POST", "/api/v1/query", `{"query":"SELECT count(*) FROM spans","timeout":"1ns"}`, []string{"Content-Type", "application/json"}},
		{"query_edges", "POST", "/api/v1/query", `{"query":"SELECT 9223372036854775807, CAST('NaN' AS float), -CAST('Inf' AS float), 1e300, :s, -0.0, $x","params":{"s":"a\u0000\ud800","x":9007199254740993}}`, []string{"Content-Type", "application/json"}},
		{"trace_bad_accept", "GET", "/api/v1/traces/01020300000000000000000000000001", "", []string{"Accept", "text/html"}},
		{"trace_short_id", "GET", "/api/v1/traces/010203", "", nil},
		{"trace_long_id", "GET", "/api/v1/traces/0102030000000000000000000000000100", "", nil},
		{"tail_where_type", "GET", "/api/v1/tail?where=true%0AAND+service", "", nil},
		{"tail_where_outside", "GET", "/api/v1/tail?service=a&where=true)+OR+(true", "", nil},
		{"query_get", "GET", "/api/v1/query", "", nil},
		{"trace", "GET", "/api/v1/traces/01020300000000000000000000000001", "", nil},
		{"trace_absent", "GET", "/api/v1/traces/ff020300000000000000000000000001", "", nil},
		{"trace_bad_id", "GET", "/api/v1/traces/xyz", "", nil},
		{"services", "GET", "/api/v1/services", "", nil},
		{"operations", "GET", "/api/v1/operations?service=shop", "", nil},
		{"operations_page", "GET", "/api/v1/operations?service=shop&limit=1", "", nil},
		{"operations_next", "GET", "/api/v1/operations?service=shop&limit=1&offset=1", "", nil},
		{"operations_bad_limit", "GET", "/api/v1/operations?limit=many", "", nil},
		{"services_page", "GET", "/api/v1/services?limit=1&offset=1", "", nil},
		{"operations_none", "GET", "/api/v1/operations?service=nobody", "", nil},
		{"status", "GET", "/api/v1/status", "", nil},
		{"healthz", "GET", "/healthz", "", nil},
		{"readyz_not", "GET", "/readyz", "", nil},
		{"tail_bad_signal", "GET", "/api/v1/tail?signal=smoke", "", nil},
		{"tail_bad_level", "GET", "/api/v1/tail?level=loud", "", nil},
		{"tail_level_of_spans", "GET", "/api/v1/tail?signal=spans&level=warn", "", nil},
		{"tail_bad_where", "GET", "/api/v1/tail?where=level+%3D", "", nil},
		{"no_such_call", "GET", "/api/v2/query", "", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, media, body := call(t, c.method, srv.URL+c.path, c.body, c.headers...)
			got := fmt.Sprintf("%d %s\n%s", status, media, elapsed.ReplaceAllString(body, `"elapsed_ms":0`))
			golden := filepath.Join("testdata", c.name+".golden")
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// TestLists_Page follows the links from page to page.
func TestLists_Page(t *testing.T) {
	srv, _ := serve(t, queryapi.Options{})
	for call, want := range map[string]int{"operations": 2, "services": 2} {
		path, pages := srv.URL+"/api/v1/"+call+"?limit=1", 0
		for ; path != ""; pages++ {
			resp, err := http.Get(path)
			if err != nil {
				t.Fatal(err)
			}
			var list []map[string]any
			err = json.NewDecoder(resp.Body).Decode(&list)
			resp.Body.Close()
			if err != nil || len(list) != 1 {
				t.Fatalf("%s: %d entries, %v", path, len(list), err)
			}
			path = ""
			if next, ok := strings.CutSuffix(resp.Header.Get("Link"), `>; rel="next"`); ok {
				u, err := resp.Request.URL.Parse(strings.TrimPrefix(next, "<"))
				if err != nil {
					t.Fatal(err)
				}
				path = u.String()
			}
		}
		if pages != want {
			t.Errorf("%s: %d pages, want %d", call, pages, want)
		}
	}
}

func TestTrace_AsProtobufIsTheSource(t *testing.T) {
	srv, _ := serve(t, queryapi.Options{})
	_, media, body := call(t, "GET", srv.URL+"/api/v1/traces/01020300000000000000000000000000", "", "Accept", "application/x-protobuf")
	if media != "application/x-protobuf" {
		t.Fatalf("got %s", media)
	}
	td, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	if td.SpanCount() != 2 {
		t.Errorf("got %d spans, want 2", td.SpanCount())
	}
}

func TestQuery_LimitsAre422(t *testing.T) {
	srv, _ := serve(t, queryapi.Options{Query: query.Options{MaxRows: 1}})
	status, media, body := call(t, "POST", srv.URL+"/api/v1/query", "SELECT name FROM spans")
	if status != http.StatusUnprocessableEntity || media != "application/problem+json" || !strings.Contains(body, "LIMIT") {
		t.Errorf("got %d %s %s, want a 422 problem that speaks of LIMIT", status, media, body)
	}
}

func TestQuery_TooLargeIs413(t *testing.T) {
	srv, _ := serve(t, queryapi.Options{})
	status, _, _ := call(t, "POST", srv.URL+"/api/v1/query", strings.Repeat(" ", 5<<20))
	if status != http.StatusRequestEntityTooLarge {
		t.Errorf("got %d, want 413", status)
	}
}

// TestTail_SendsMatchingRowsAsTheyArrive listens, publishes, and expects only
// the rows that meet the conditions.
func TestTail_SendsMatchingRowsAsTheyArrive(t *testing.T) {
	srv, hub := serve(t, queryapi.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, srv.URL+"/api/v1/tail?service=shop&level=warn&where=shop.items%20%3E%203", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	next := func() string {
		for lines.Scan() {
			if line := lines.Text(); line != "" && !strings.HasPrefix(line, ":") {
				return line
			}
		}
		t.Fatalf("the stream ended: %v", lines.Err())
		return ""
	}
	for lines.Scan() {
		if lines.Text() == ": listening" {
			break
		}
	}
	hub.Publish(storage.Logs, logs("shop", "careful", plog.SeverityNumberInfo))   // below the level
	hub.Publish(storage.Logs, logs("cart", "careful", plog.SeverityNumberError))  // another service
	hub.Publish(storage.Logs, logs("shop", "no", plog.SeverityNumberError))       // fails the condition
	hub.Publish(storage.Logs, logs("shop", "sold out", plog.SeverityNumberError)) // the one
	if got := next(); got != "event: row" {
		t.Errorf("got %q, want event: row", got)
	}
	data, ok := strings.CutPrefix(next(), "data: ")
	var row map[string]any
	if err := json.Unmarshal([]byte(data), &row); !ok || err != nil {
		t.Fatalf("got %q, %v", data, err)
	}
	if row["body"] != "sold out" || row["level"] != "ERROR" || row["service"] != "shop" {
		t.Errorf("got %v, want the row that meets all conditions", row)
	}
}

// TestAPI_Methods asks for what each call takes, and for headers alone.
func TestAPI_Methods(t *testing.T) {
	srv, _ := serve(t, queryapi.Options{})
	for _, c := range []struct {
		method, path string
		status       int
		allow        string
	}{
		{"OPTIONS", "/api/v1/query", 204, "POST"},
		{"OPTIONS", "/api/v1/services", 204, "GET, HEAD"},
		{"OPTIONS", "/api/v1/nothing", 404, ""},
		{"DELETE", "/api/v1/services", 405, "GET, HEAD"},
		{"PUT", "/api/v1/query", 405, "POST"},
		{"HEAD", "/api/v1/services", 200, ""},
		{"HEAD", "/api/v1/tail", 200, ""}, // and does not stream
		{"HEAD", "/api/v1/traces/01020300000000000000000000000001", 200, ""},
	} {
		req, err := http.NewRequestWithContext(t.Context(), c.method, srv.URL+c.path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != c.status || resp.Header.Get("Allow") != c.allow || resp.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s %s: got %s, %v; want %d, Allow %q and nosniff", c.method, c.path, resp.Status, resp.Header, c.status, c.allow)
		}
	}
}

// TestAPI_UI: what is no call is the interface's, and what that does not have is
// an error as of the API.
func TestAPI_UI(t *testing.T) {
	ui := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/assets/none.js" {
			http.NotFound(w, r)
			return
		}
		_, _ = io.WriteString(w, "the page "+r.URL.Path)
	})
	srv, _ := serve(t, queryapi.Options{UI: ui})
	f := func(method, path string, status int, want string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, srv.URL+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != status || !strings.Contains(string(body), want) {
			t.Errorf("%s %s: got %s, %q, %v; want %d, %q", method, path, resp.Status, body, err, status, want)
		}
	}
	f("GET", "/", 200, "the page /")
	f("GET", "/trace/01", 200, "the page /trace/01")
	f("GET", "/assets/none.js", 404, `"no such call: /assets/none.js"`)
	f("GET", "/api/v1/nothing", 404, `"no such call: /api/v1/nothing"`)
	f("GET", "/v1/traces", 404, `"no such call: /v1/traces"`)
	f("GET", "/api/v1/query", 405, "is called with POST")
	f("POST", "/trace/01", 404, `"no such call: /trace/01"`)
	f("GET", "/healthz", 200, "ok")
}

// slowClient is a client that takes nothing: its deadline is in the past.
type slowClient struct {
	*httptest.ResponseRecorder
	deadlines int
	written   int
}

func (s *slowClient) SetWriteDeadline(at time.Time) error {
	s.deadlines++
	if time.Until(at) <= 0 {
		return fmt.Errorf("a deadline in the past")
	}
	return nil
}

func (s *slowClient) Write(b []byte) (int, error) {
	s.written++
	if s.deadlines < s.written {
		return 0, fmt.Errorf("write without a deadline")
	}
	return s.ResponseRecorder.Write(b)
}

// TestAPI_SlowClients expects that every write to a client has a deadline of
// its own: who takes nothing must not hold parts of the store open for ever.
func TestAPI_SlowClients(t *testing.T) {
	s, err := storage.Open(filepath.Join(t.TempDir(), "data"), storage.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	hub := new(stream.Hub)
	hub.Close() // a tail says that it listens, and ends
	h := queryapi.New(queryapi.Options{Source: query.FromStore(s), Traces: s, Tail: hub})
	for _, r := range []*http.Request{
		httptest.NewRequestWithContext(t.Context(), "POST", "http://localhost/api/v1/query", strings.NewReader("SELECT 'x' || '"+strings.Repeat("long", 100_000)+"'")),
		httptest.NewRequestWithContext(t.Context(), "GET", "http://localhost/api/v1/tail", nil),
	} {
		w := &slowClient{ResponseRecorder: httptest.NewRecorder()}
		h.ServeHTTP(w, r)
		if w.Code != 200 || w.written == 0 || w.deadlines < w.written {
			t.Errorf("%s: got status %d, %d writes, %d deadlines", r.URL, w.Code, w.written, w.deadlines)
		}
	}
}

// TestTail_SaysWhyItEnds lets the query over a request reach a limit.
func TestTail_SaysWhyItEnds(t *testing.T) {
	srv, hub := serve(t, queryapi.Options{Query: query.Options{MaxRows: 1}})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL+"/api/v1/tail", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	one := logs("shop", "one", plog.SeverityNumberInfo)
	hub.Publish(storage.Logs, append(one, one...)) // messages behind each other are one message
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	want := `event: error
data: {"type":"about:blank","title":"Unprocessable Entity","status":422,"detail":"query: the result has more than 1 rows; add LIMIT or narrow the query: limit reached"}
`
	if !strings.Contains(string(body), want) {
		t.Errorf("got %s, want it to end with %s", body, want)
	}
}

func TestReadProblem(t *testing.T) {
	for body, want := range map[string]string{
		`{"status":400,"detail":"what and where"}`: "what and where",
		`<html>proxy</html>`:                       "the server answered 502 Bad Gateway: <html>proxy</html>",
	} {
		err := queryapi.ReadProblem(&http.Response{Status: "502 Bad Gateway", Body: io.NopCloser(bytes.NewReader([]byte(body)))})
		if err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
