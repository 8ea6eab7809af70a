package receiver_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"go.uber.org/goleak"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/receiver"
	"github.com/ttlog/ttlog/ringbuffer"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fixture is a receiver over a ring in memory, and a reader of that ring.
type fixture struct {
	*receiver.Receiver
	ring *ringbuffer.Ring
	rd   *ringbuffer.Reader
	http *httptest.Server
	// grpc is the address of OTLP/gRPC, http2 a client for what no gRPC
	// client sends.
	grpc  string
	http2 *http.Client
}

func newFixture(t testing.TB, size int, o receiver.Options) *fixture {
	t.Helper()
	ring, err := ringbuffer.New(size)
	if err != nil {
		t.Fatal(err)
	}
	return serve(t, ring, o)
}

func serve(t testing.TB, ring *ringbuffer.Ring, o receiver.Options) *fixture {
	t.Helper()
	rd, err := ring.Reader("test")
	if err != nil {
		t.Fatal(err)
	}
	if o.DedupWindow == 0 {
		o.DedupWindow = -1 // most tests send one request many times
	}
	f := &fixture{Receiver: receiver.New(ring, o), ring: ring, rd: rd}
	f.http = httptest.NewServer(f.HTTPHandler())
	var h2c http.Protocols
	h2c.SetUnencryptedHTTP2(true)
	srv := httptest.NewUnstartedServer(f.GRPCHandler())
	srv.Config.Protocols = &h2c
	srv.Start()
	f.grpc = srv.Listener.Addr().String()
	f.http2 = &http.Client{Transport: &http.Transport{Protocols: &h2c}}
	t.Cleanup(func() {
		f.http.CloseClientConnections()
		f.http.Close()
		f.http2.CloseIdleConnections()
		srv.CloseClientConnections()
		srv.Close()
		rd.Close()
		_ = ring.Close()
		http.DefaultClient.CloseIdleConnections()
	})
	return f
}

type stored struct {
	kind uint8
	data []byte
}

// stored returns what was committed since the last call, and releases it.
func (f *fixture) stored() (out []stored) {
	for {
		r, ok := f.rd.Next()
		if !ok {
			return out
		}
		out = append(out, stored{r.Kind, bytes.Clone(r.Data)})
		f.rd.Release(r.End)
	}
}

func (f *fixture) stats(s otlpwire.Signal, t receiver.Transport) receiver.EndpointStats {
	for _, e := range f.Stats().Endpoints {
		if e.Signal == s && e.Transport == t {
			return e
		}
	}
	return receiver.EndpointStats{}
}

// post sends a body and returns the answer with its body read.
func (f *fixture) post(t testing.TB, path, contentType, encoding string, body []byte) (*http.Response, []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, f.http.URL+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", contentType)
	if encoding != "" {
		req.Header.Set("Content-Encoding", encoding)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, answer
}

const (
	protobuf = "application/x-protobuf"
	jsonType = "application/json"
)

func compress(t testing.TB, encoding string, b []byte) []byte {
	t.Helper()
	var buf bytes.Buffer
	var w io.WriteCloser
	switch encoding {
	case "gzip", "x-gzip":
		w = gzip.NewWriter(&buf)
	case "deflate", "zlib":
		w = zlib.NewWriter(&buf)
	case "bare deflate":
		bare, err := flate.NewWriter(&buf, flate.DefaultCompression)
		if err != nil {
			t.Fatal(err)
		}
		w = bare
	case "snappy":
		return snappy.Encode(nil, b)
	case "x-snappy-framed":
		w = snappy.NewBufferedWriter(&buf)
	case "lz4":
		w = lz4.NewWriter(&buf)
	case "zstd":
		z, err := zstd.NewWriter(&buf, zstd.WithEncoderConcurrency(1))
		if err != nil {
			t.Fatal(err)
		}
		w = z
	default:
		return b
	}
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// message is what the three requests of pdata have in common.
type message interface {
	MarshalProto() ([]byte, error)
	MarshalJSON() ([]byte, error)
}

// requests returns one request of each signal, with n records.
func requests(n int) map[otlpwire.Signal]message {
	td, ld, md := ptrace.NewTraces(), plog.NewLogs(), pmetric.NewMetrics()
	spans := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	logs := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	points := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics().AppendEmpty().SetEmptyGauge().DataPoints()
	for range n {
		sp := spans.AppendEmpty()
		sp.SetName("span")
		sp.SetTraceID(pcommon.TraceID{1})
		sp.SetSpanID(pcommon.SpanID{2})
		sp.Attributes().PutInt("n", 1)
		l := logs.AppendEmpty()
		l.Body().SetStr("body")
		l.SetTimestamp(1_700_000_000_000_000_000)
		points.AppendEmpty().SetDoubleValue(1.5)
	}
	return map[otlpwire.Signal]message{
		otlpwire.Traces:  ptraceotlp.NewExportRequestFromTraces(td),
		otlpwire.Logs:    plogotlp.NewExportRequestFromLogs(ld),
		otlpwire.Metrics: pmetricotlp.NewExportRequestFromMetrics(md),
	}
}

func proto(t testing.TB, m message) []byte {
	t.Helper()
	b, err := m.MarshalProto()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// canonical returns a request as pdata writes it.
func canonical(t testing.TB, s otlpwire.Signal, b []byte) []byte {
	t.Helper()
	m := map[otlpwire.Signal]interface {
		message
		UnmarshalProto(data []byte) error
	}{otlpwire.Traces: ptraceotlp.NewExportRequest(), otlpwire.Logs: plogotlp.NewExportRequest(), otlpwire.Metrics: pmetricotlp.NewExportRequest()}[s]
	if err := m.UnmarshalProto(b); err != nil {
		t.Fatal(err)
	}
	return proto(t, m)
}

func traces(t testing.TB, n int) []byte { return proto(t, requests(n)[otlpwire.Traces]) }

// sum adds up the figures by reason.
func sum(byReason map[string]uint64) (n uint64) {
	for _, m := range byReason {
		n += m
	}
	return n
}
