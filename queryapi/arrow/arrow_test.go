package arrow_test

import (
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	apachearrow "github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"github.com/ttlog/ttlog/query"
	"github.com/ttlog/ttlog/queryapi"
	"github.com/ttlog/ttlog/queryapi/arrow"
	"github.com/ttlog/ttlog/storage"
)

// serve returns the address of the query call over a store of three spans.
func serve(t *testing.T) string {
	t.Helper()
	s, err := storage.Open(filepath.Join(t.TempDir(), "data"), storage.Options{})
	if err != nil {
		t.Fatal(err)
	}
	td := ptrace.NewTraces()
	spans := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	for i, name := range []string{"GET /", "GET /", "POST /orders"} {
		span := spans.AppendEmpty()
		span.SetTraceID([16]byte{1})
		span.SetSpanID([8]byte{9, 7: byte(i)})
		span.SetName(name)
		span.SetStartTimestamp(pcommon.NewTimestampFromTime(time.Date(2026, 1, 2, 15, 4, 5+i, 6, time.UTC)))
		span.SetEndTimestamp(span.StartTimestamp() + 1_000_000)
		span.Attributes().PutStr("note", `a "quoted", note`)
	}
	body, err := ptraceotlp.NewExportRequestFromTraces(td).MarshalProto()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Append(t.Context(), storage.Traces, body, 0); err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(queryapi.New(queryapi.Options{Source: query.FromStore(s), Traces: s, Formats: []queryapi.Format{arrow.Format{}}}))
	t.Cleanup(func() {
		srv.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return srv.URL + "/api/v1/query"
}

// call asks for a stream and returns the media type and the body of the answer.
func call(t *testing.T, url, body, contentType string) (media, answer string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("Accept", arrow.Format{}.MediaType())
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	out, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.Header.Get("Content-Type"), string(out)
}

func TestFormat_Types(t *testing.T) {
	url := serve(t)
	media, body := call(t, url,
		"SELECT name, count(*) AS n, max(duration) AS d, min(timestamp) AS t, any(note) AS note FROM spans GROUP BY name ORDER BY name",
		"text/plain")
	if media != "application/vnd.apache.arrow.stream" {
		t.Fatalf("got %s: %s", media, body)
	}
	r, err := ipc.NewReader(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Release()
	wantTypes := []apachearrow.DataType{
		apachearrow.BinaryTypes.String, apachearrow.PrimitiveTypes.Int64, apachearrow.FixedWidthTypes.Duration_ns,
		apachearrow.FixedWidthTypes.Timestamp_ns, apachearrow.BinaryTypes.String,
	}
	for i, f := range r.Schema().Fields() {
		if !apachearrow.TypeEqual(f.Type, wantTypes[i]) {
			t.Errorf("%s is %s, want %s", f.Name, f.Type, wantTypes[i])
		}
	}
	rows := int64(0)
	for r.Next() {
		rows += r.RecordBatch().NumRows()
	}
	if r.Err() != nil || rows != 2 {
		t.Errorf("got %d rows, %v; want 2", rows, r.Err())
	}
}

// TestFormat_NamesZonesAndInfinities asks for what other forms could write in
// several ways: names that repeat, infinities, and times in a zone.
func TestFormat_NamesZonesAndInfinities(t *testing.T) {
	_, body := call(t, serve(t), `{"query":"SELECT 'Infinity'::float AS x, p99(-'inf'::float) AS x, min(timestamp) AS x, max(timestamp) AT TIME ZONE 'UTC' AS y, any(nam) FROM spans","tz":"Asia/Tokyo"}`, "application/json")
	r, err := ipc.NewReader(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Release()
	var names []string
	for _, f := range r.Schema().Fields() {
		names = append(names, f.Name)
	}
	if got := strings.Join(names, " "); got != "x x_2 x_3 y any(nam)" {
		t.Errorf("got names %s", got)
	}
	if got := r.Schema().Field(2).Type.(*apachearrow.TimestampType).TimeZone; got != "Asia/Tokyo" {
		t.Errorf("got a timestamp in %s, want Asia/Tokyo", got)
	}
	if !apachearrow.TypeEqual(r.Schema().Field(3).Type, apachearrow.FixedWidthTypes.Timestamp_ns) {
		t.Errorf("got %s, want a timestamp in UTC", r.Schema().Field(3).Type)
	}
	if !r.Next() {
		t.Fatal(r.Err())
	}
	row := r.RecordBatch()
	if x, y := row.Column(0).(*array.Float64).Value(0), row.Column(1).(*array.Float64).Value(0); !math.IsInf(x, 1) || !math.IsInf(y, -1) {
		t.Errorf("got %v and %v, want the infinities", x, y)
	}
	if got, want := int64(row.Column(2).(*array.Timestamp).Value(0)), time.Date(2026, 1, 2, 15, 4, 5, 6, time.UTC).UnixNano(); got != want {
		t.Errorf("got the time %d, want %d", got, want)
	}
}

// TestFormat_SplitsLargeBatches asks for three rows of eight megabytes, which
// must not become one record batch.
func TestFormat_SplitsLargeBatches(t *testing.T) {
	url := serve(t)
	_, body := call(t, url,
		`{"query":"SELECT :s || :s || :s || name FROM spans","params":{"s":"`+strings.Repeat("x", 3<<20)+`"}}`,
		"application/json")
	r, err := ipc.NewReader(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Release()
	var rows []int64
	for r.Next() {
		rows = append(rows, r.RecordBatch().NumRows())
	}
	if r.Err() != nil || !slices.Equal(rows, []int64{2, 1}) {
		t.Errorf("got batches of %d rows, %v; want 2 and 1", rows, r.Err())
	}
}
