package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	grpcstatus "google.golang.org/grpc/status"

	"github.com/ttlog/ttlog/internal/capturetest"
	_ "github.com/ttlog/ttlog/internal/grpctest" // zstd for the clients
	"github.com/ttlog/ttlog/internal/otlpfile"
	"github.com/ttlog/ttlog/internal/otlpwire"
)

// The captured HotROD traffic, and what is known of it.
const (
	hotrodFile   = "hotrod.traces.binpb.zst"
	hotrodSpans  = 208711
	hotrodTraces = 5588
	hotrodErrors = 14682
)

var hotrodServices = [][]any{
	{"redis-manual", 72323.0},
	{"frontend", 68194.0},
	{"route", 51430.0},
	{"customer", 5588.0},
	{"driver", 5588.0},
	{"mysql", 5588.0},
}

// checkHotrodAnswers asks a server for the known figures.
func checkHotrodAnswers(t *testing.T, p *process) {
	t.Helper()
	for _, c := range []struct {
		sql  string
		want [][]any
	}{
		{"SELECT count(*) FROM spans", [][]any{{float64(hotrodSpans)}}},
		{"SELECT service, count(*) FROM traces GROUP BY service ORDER BY count(*) DESC, service", hotrodServices},
		{"SELECT count(DISTINCT trace_id) FROM spans", [][]any{{float64(hotrodTraces)}}},
		{"SELECT count(*) FROM spans WHERE error", [][]any{{float64(hotrodErrors)}}},
	} {
		if got := p.query(t, c.sql); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got %v, want %v", c.sql, got, c.want)
		}
	}
}

// hotrodMessages calls send with each message of the capture.
func hotrodMessages(t testing.TB, send func(msg []byte) error) {
	t.Helper()
	r, err := otlpfile.Open(capturetest.Path(t, hotrodFile), otlpwire.Traces)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for {
		msg, err := r.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := send(msg); err != nil {
			t.Fatal(err)
		}
	}
}

// spansByTrace files every span, as its JSON with its resource and scope, under
// its trace: what must be equal whatever message a span traveled in.
func spansByTrace(traces ptrace.Traces, into map[string][]string) error {
	var m ptrace.JSONMarshaler
	for _, rs := range traces.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, span := range ss.Spans().All() {
				one := ptrace.NewTraces()
				dst := one.ResourceSpans().AppendEmpty()
				rs.Resource().CopyTo(dst.Resource())
				dst.SetSchemaUrl(rs.SchemaUrl())
				scope := dst.ScopeSpans().AppendEmpty()
				ss.Scope().CopyTo(scope.Scope())
				scope.SetSchemaUrl(ss.SchemaUrl())
				span.CopyTo(scope.Spans().AppendEmpty())
				text, err := m.MarshalTraces(one)
				if err != nil {
					return err
				}
				id := span.TraceID()
				key := hex.EncodeToString(id[:])
				into[key] = append(into[key], string(text))
			}
		}
	}
	return nil
}

// TestHotrod_ImportAnswersAndEveryTrace imports the capture as a user does and
// reads every trace back, field by field.
func TestHotrod_ImportAnswersAndEveryTrace(t *testing.T) {
	file := capturetest.Path(t, hotrodFile)
	data := filepath.Join(t.TempDir(), "data")
	if out, err := exec.Command("ttlog", "import", "--data", data, file).CombinedOutput(); err != nil {
		t.Fatalf("ttlog import: %v\n%s", err, out)
	}
	p := startServe(t, data)
	defer p.stop(t)
	checkHotrodAnswers(t, p)

	want := make(map[string][]string)
	hotrodMessages(t, func(msg []byte) error {
		req := ptraceotlp.NewExportRequest()
		if err := req.UnmarshalProto(msg); err != nil {
			return err
		}
		return spansByTrace(req.Traces(), want)
	})
	if len(want) != hotrodTraces {
		t.Fatalf("the capture holds %d traces, want %d", len(want), hotrodTraces)
	}
	for id, spans := range want {
		got := make(map[string][]string)
		if err := spansByTrace(p.trace(t, id), got); err != nil {
			t.Fatal(err)
		}
		slices.Sort(spans)
		slices.Sort(got[id])
		if len(got) != 1 || !slices.Equal(got[id], spans) {
			t.Fatalf("trace %s differs from its source:\n got %s\nwant %s", id, strings.Join(got[id], "\n     "), strings.Join(spans, "\n     "))
		}
	}
}

// trace reads one trace over HTTP.
func (p *process) trace(t testing.TB, id string) ptrace.Traces {
	t.Helper()
	resp, err := http.Get(p.api + "/api/v1/traces/" + id)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("trace %s: %s\n%s", id, resp.Status, body)
	}
	traces, err := (&ptrace.JSONUnmarshaler{}).UnmarshalTraces(body)
	if err != nil {
		t.Fatal(err)
	}
	return traces
}

// TestHotrod_OverTheWire sends the capture over every transport and
// compression and expects the same answers.
func TestHotrod_OverTheWire(t *testing.T) {
	capturetest.Path(t, hotrodFile)
	for _, compression := range []string{"none", "gzip", "zstd"} {
		t.Run("http/"+compression, func(t *testing.T) {
			p := startServe(t, filepath.Join(t.TempDir(), "data"))
			defer p.stop(t)
			hotrodMessages(t, func(msg []byte) error { return p.postTraces(msg, compression) })
			p.waitForCount(t, "spans", hotrodSpans)
			checkHotrodAnswers(t, p)
		})
		t.Run("grpc/"+compression, func(t *testing.T) {
			p := startServe(t, filepath.Join(t.TempDir(), "data"))
			defer p.stop(t)
			conn, err := grpc.NewClient(p.otlpGRPC, grpc.WithTransportCredentials(insecure.NewCredentials()))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			var opts []grpc.CallOption
			if compression != "none" {
				opts = append(opts, grpc.UseCompressor(compression))
			}
			client := ptraceotlp.NewGRPCClient(conn)
			hotrodMessages(t, func(msg []byte) error {
				req := ptraceotlp.NewExportRequest()
				if err := req.UnmarshalProto(msg); err != nil {
					return err
				}
				return untilTaken(func() (full bool, err error) {
					_, err = client.Export(context.Background(), req, opts...)
					return grpcstatus.Code(err) == codes.ResourceExhausted, err
				})
			})
			p.waitForCount(t, "spans", hotrodSpans)
			checkHotrodAnswers(t, p)
		})
	}
}

var (
	zstdEncoder, _ = zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest))
	gzipBuffer     bytes.Buffer
)

// postTraces sends one message over OTLP/HTTP.
func (p *process) postTraces(msg []byte, compression string) error {
	switch compression {
	case "gzip":
		gzipBuffer.Reset()
		z, err := gzip.NewWriterLevel(&gzipBuffer, gzip.BestSpeed)
		if err != nil {
			return err
		}
		if _, err := z.Write(msg); err != nil {
			return err
		}
		if err := z.Close(); err != nil {
			return err
		}
		msg = gzipBuffer.Bytes()
	case "zstd":
		msg = zstdEncoder.EncodeAll(msg, nil)
	}
	return untilTaken(func() (full bool, err error) {
		req, err := http.NewRequest(http.MethodPost, p.otlpHTTP+"/v1/traces", bytes.NewReader(msg))
		if err != nil {
			return false, err
		}
		req.Header.Set("Content-Type", "application/x-protobuf")
		if compression != "none" {
			req.Header.Set("Content-Encoding", compression)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return false, err
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err == nil && resp.StatusCode != http.StatusOK {
			err = fmt.Errorf("%s %q", resp.Status, body)
		}
		return resp.StatusCode == http.StatusTooManyRequests, err
	})
}

// untilTaken sends again while the ring is full, as every OTLP client does: on
// a slow machine a sender that does nothing else is faster than the store.
func untilTaken(send func() (full bool, err error)) error {
	for {
		full, err := send()
		if !full {
			return err
		}
		time.Sleep(100 * time.Millisecond)
	}
}
