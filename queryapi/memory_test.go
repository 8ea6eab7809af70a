package queryapi_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"

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
