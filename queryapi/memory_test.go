package queryapi_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"github.com/ttlog/ttlog/internal/membudget"
	"github.com/ttlog/ttlog/query"
	"github.com/ttlog/ttlog/queryapi"
	"github.com/ttlog/ttlog/storage"
)

// serveWithin returns a server over records of about 40 MB, whose memory is
// bounded.
func serveWithin(t *testing.T, b *membudget.Budget) *httptest.Server {
	t.Helper()
	s, err := storage.Open(filepath.Join(t.TempDir(), "data"), storage.Options{Memory: b})
	if err != nil {
		t.Fatal(err)
	}
	ld := plog.NewLogs()
	records := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	for range 2000 {
		records.AppendEmpty().Body().SetStr(strings.Repeat("x", 20_000))
	}
	body, err := plogotlp.NewExportRequestFromLogs(ld).MarshalProto()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Append(t.Context(), storage.Logs, body, 0); err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(queryapi.New(queryapi.Options{Source: query.FromStore(s), Traces: s, Query: query.Options{Memory: b}}))
	t.Cleanup(func() {
		srv.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return srv
}

// TestQuery_NoMemoryIs503 asks while others hold all of the memory.
func TestQuery_NoMemoryIs503(t *testing.T) {
	if testing.Short() {
		t.Skip("it waits in line for ten seconds")
	}
	b := membudget.New(membudget.Min)
	srv := serveWithin(t, b)
	held, err := b.Reserve(t.Context(), "others", b.Pool())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range [][2]string{{"POST", "/api/v1/query"}, {"GET", "/api/v1/operations"}, {"GET", "/api/v1/traces/01020300000000000000000000000000"}} {
		t.Run(c[1], func(t *testing.T) {
			t.Parallel()
			req := httptest.NewRequest(c[0], srv.URL+c[1], strings.NewReader("SELECT count(*) FROM logs"))
			req.RequestURI = ""
			resp, err := srv.Client().Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if resp.StatusCode != http.StatusServiceUnavailable || resp.Header.Get("Retry-After") == "" {
				t.Errorf("got %s, Retry-After %q", resp.Status, resp.Header.Get("Retry-After"))
			}
		})
	}
	t.Cleanup(held.Close)
}

// TestQuery_SlowReaderYields asks for everything without reading, and then for
// what the first answer holds the memory of.
func TestQuery_SlowReaderYields(t *testing.T) {
	b := membudget.New(membudget.Min)
	srv := serveWithin(t, b)
	conn, err := net.Dial("tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "POST /api/v1/query HTTP/1.1\r\nHost: localhost\r\nContent-Length: 21\r\n\r\nSELECT body FROM logs"); err != nil {
		t.Fatal(err)
	}
	for range 60_000 {
		if b.Usage().Running["queries"] > 0 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	held, err := b.Reserve(t.Context(), "others", b.Pool())
	if err != nil {
		t.Fatalf("all of the memory: %v", err)
	}
	held.Close()
	if n := b.Usage().Cut; n != 1 {
		t.Errorf("%d answers were cut off, want the one that nobody reads", n)
	}
}

// TestLooks_WithinMemory looks at records that have little in common, within
// little memory: each call answers, or says which limit it reached, and gives
// back what it held.
func TestLooks_WithinMemory(t *testing.T) {
	b := membudget.New(membudget.Min)
	s, err := storage.Open(filepath.Join(t.TempDir(), "data"), storage.Options{Memory: b})
	if err != nil {
		t.Fatal(err)
	}
	const n = 4000
	ld, td, md := plog.NewLogs(), ptrace.NewTraces(), pmetric.NewMetrics()
	records := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	spans := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	metric := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	metric.SetName("latency")
	metric.SetEmptyHistogram().SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
	for i := range n {
		text := strings.Repeat(string(rune('a'+i%26)), 1000) + fmt.Sprintf(" %b", i)
		at := pcommon.NewTimestampFromTime(start.Add(time.Duration(i) * time.Millisecond))
		r := records.AppendEmpty()
		r.SetTimestamp(at)
		r.SetSeverityNumber(plog.SeverityNumberError)
		r.Body().SetStr(strings.NewReplacer("0", "no ", "1", "yes ").Replace(text))
		span := spans.AppendEmpty()
		span.SetTraceID([16]byte{1})
		span.SetSpanID([8]byte{1, byte(i >> 8), byte(i)})
		span.SetParentSpanID([8]byte{1, byte(i >> 9), byte(i / 2)})
		span.SetName(text)
		span.SetStartTimestamp(at)
		span.Status().SetCode(ptrace.StatusCode(i % 3))
		for k := range 5 {
			span.Attributes().PutStr(fmt.Sprintf("key.%d.%d", k, i%100), text)
		}
		p := metric.Histogram().DataPoints().AppendEmpty()
		p.SetTimestamp(at)
		p.SetCount(uint64(i))
		p.Attributes().PutInt("stream", int64(i))
		for bound := range 50 {
			p.ExplicitBounds().Append(float64(bound))
			p.BucketCounts().Append(uint64(i))
		}
		p.BucketCounts().Append(0)
	}
	for signal, request := range map[storage.Signal]interface{ MarshalProto() ([]byte, error) }{
		storage.Logs: plogotlp.NewExportRequestFromLogs(ld), storage.Traces: ptraceotlp.NewExportRequestFromTraces(td),
		storage.Metrics: pmetricotlp.NewExportRequestFromMetrics(md),
	} {
		body, err := request.MarshalProto()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Append(t.Context(), signal, body, 0); err != nil {
			t.Fatal(err)
		}
	}
	// What is flushed while a call shows it from memory counts against it, sooner
	// or later as the machine is quick or slow.
	if err := s.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(queryapi.New(queryapi.Options{Source: query.FromStore(s), Traces: s, Query: query.Options{Memory: b}}))
	defer func() {
		srv.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	answered := 0
	for _, path := range []string{
		"facets", "fields?from=0", "compare?selection=error", "patterns?limit=1000", "graph", "errors?limit=2000", "red?by=name&buckets=1000",
		"histogram?by=name&limit=100&buckets=1000", "heatmap?buckets=1000&levels=200", "values?key=name&limit=1000", "context?timestamp=" + start.Format(time.RFC3339) + "&after=1000",
		"series?metric=latency&by=stream&buckets=1000&limit=100", "series?metric=latency&of=heatmap&buckets=1000",
		"traces/01000000000000000000000000000000/columns", "traces/01000000000000000000000000000000/spans/0100000000000000",
	} {
		status, _, body := call(t, "GET", srv.URL+"/api/v1/"+path, "")
		switch {
		case status == http.StatusOK:
			answered++
		case status != http.StatusUnprocessableEntity && status != http.StatusServiceUnavailable:
			t.Errorf("%s: %d %.300s", path, status, body)
		}
		if held := b.Usage().Running["queries"]; held != 0 {
			t.Errorf("%s: %d calls still hold memory", path, held)
		}
	}
	if answered < 6 {
		t.Errorf("%d calls were answered, want those that need little", answered)
	}
}

// TestLooks_SlowReaderYields asks for many records without reading them, and
// then for what the answer holds the memory of.
func TestLooks_SlowReaderYields(t *testing.T) {
	b := membudget.New(16 * membudget.Min)
	srv := serveWithin(t, b)
	conn, err := net.Dial("tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	const path = "/api/v1/context?timestamp=1970-01-01&before=0&after=0"
	if _, err := io.WriteString(conn, "GET "+path+" HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	// Its queries have reservations of their own: where there is none but that of
	// the records for a while, it waits for its reader.
	for waits, tries := 0, 0; waits < 20 && tries < 3000; tries++ {
		if u := b.Usage(); u.Running["queries"] == 1 && u.Consumers["queries"] > 10<<20 {
			waits++
		} else {
			waits = 0
		}
		time.Sleep(20 * time.Millisecond)
	}
	held, err := b.Reserve(t.Context(), "others", b.Pool())
	if err != nil {
		t.Fatalf("all of the memory: %v", err)
	}
	held.Close()
	if n := b.Usage().Cut; n != 1 {
		t.Errorf("%d answers were cut off, want the one that nobody reads", n)
	}
}
