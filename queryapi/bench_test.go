package queryapi_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"github.com/ttlog/ttlog/query"
	"github.com/ttlog/ttlog/queryapi"
	"github.com/ttlog/ttlog/storage"
)

// largeTrace is a piece of a trace of many spans, the first of which is from.
func largeTrace(from, n int) ptrace.Traces {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", fmt.Sprintf("service-%d", from/10_000%20))
	spans := rs.ScopeSpans().AppendEmpty().Spans()
	spans.EnsureCapacity(n)
	for i := from; i < from+n; i++ {
		s := spans.AppendEmpty()
		s.SetTraceID([16]byte{1})
		s.SetSpanID([8]byte{1, byte(i >> 24), byte(i >> 16), byte(i >> 8), byte(i)})
		if parent := i / 7; i > 0 {
			s.SetParentSpanID([8]byte{1, byte(parent >> 24), byte(parent >> 16), byte(parent >> 8), byte(parent)})
		}
		s.SetName(fmt.Sprintf("operation %d", i%50))
		s.SetStartTimestamp(pcommon.NewTimestampFromTime(start.Add(time.Duration(i) * time.Microsecond)))
		s.SetEndTimestamp(s.StartTimestamp() + 500_000)
		s.Attributes().PutInt("i", int64(i))
	}
	return td
}

// BenchmarkTraceColumns reads a trace as columns: the form for typed arrays, that
// in JSON, and beside them the trace as OTLP JSON.
func BenchmarkTraceColumns(b *testing.B) {
	for _, n := range []int{10_000, 1_000_000} {
		s, err := storage.Open(filepath.Join(b.TempDir(), "data"), storage.Options{})
		if err != nil {
			b.Fatal(err)
		}
		for from := 0; from < n; from += 10_000 {
			body, err := ptraceotlp.NewExportRequestFromTraces(largeTrace(from, 10_000)).MarshalProto()
			if err != nil {
				b.Fatal(err)
			}
			if _, err := s.Append(b.Context(), storage.Traces, body, 0); err != nil {
				b.Fatal(err)
			}
		}
		if err := s.Flush(b.Context()); err != nil {
			b.Fatal(err)
		}
		srv := httptest.NewServer(queryapi.New(queryapi.Options{Source: query.FromStore(s), Traces: s}))
		trace := srv.URL + "/api/v1/traces/01000000000000000000000000000000"
		for _, form := range []struct{ name, url, accept string }{
			{"typed", trace + "/columns", "application/vnd.ttlog.columns"},
			{"json", trace + "/columns", "application/json"},
			{"otlp", trace, "application/json"},
		} {
			b.Run(fmt.Sprintf("spans=%d/form=%s", n, form.name), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					req, err := http.NewRequestWithContext(b.Context(), http.MethodGet, form.url, http.NoBody)
					if err != nil {
						b.Fatal(err)
					}
					req.Header.Set("Accept", form.accept)
					resp, err := http.DefaultClient.Do(req)
					if err != nil {
						b.Fatal(err)
					}
					size, err := io.Copy(io.Discard, resp.Body)
					resp.Body.Close()
					if err != nil || resp.StatusCode != http.StatusOK {
						b.Fatal(resp.Status, err)
					}
					b.ReportMetric(float64(size)/float64(n), "B/span")
				}
			})
		}
		srv.Close()
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
