package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	grpcstatus "google.golang.org/grpc/status"
)

// padded is a request of one span of service "full", whose name is large, and
// nothing that compresses: what fills a ring has to stay large in it.
func padded(i int) ptraceotlp.ExportRequest {
	req := ptraceotlp.NewExportRequest()
	rs := req.Traces().ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", "full")
	span := rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	r := rand.New(rand.NewPCG(uint64(i), 0))
	name := make([]byte, 50_000)
	for j := range name {
		name[j] = 1 + byte(r.Uint32N(127))
	}
	span.SetName(string(name))
	span.SetSpanID([8]byte{1, 6: byte(i >> 8), 7: byte(i)})
	span.SetStartTimestamp(1_700_000_000_000_000_000)
	return req
}

// TestServe_FullRing keeps the store from writing parts until the ring is full:
// both transports then say so and when to come again, and what was
// acknowledged before and after is there once the store can write.
func TestServe_FullRing(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	p := startServe(t, data, "--ring-size", "1MiB")
	if size := p.status(t).Ring.Size; size != 1<<20 {
		t.Fatalf("the ring has %d bytes", size)
	}
	// A file stands where the store wants to make a directory.
	spans := filepath.Join(data, "spans")
	if err := os.WriteFile(spans, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	conn, err := grpc.NewClient("passthrough:///"+p.otlpGRPC, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	client := ptraceotlp.NewGRPCClient(conn)
	overHTTP := func(i int) *http.Response {
		body, err := padded(i).MarshalProto()
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.Post(p.otlpHTTP+"/v1/traces", "application/x-protobuf", bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp
	}

	acknowledged := 0
	for ; acknowledged < 1000; acknowledged++ {
		if _, err = client.Export(t.Context(), padded(acknowledged)); err != nil {
			break
		}
	}
	st := grpcstatus.Convert(err)
	if st.Code() != codes.ResourceExhausted || len(st.Details()) != 1 || st.Details()[0].(*errdetails.RetryInfo).GetRetryDelay().GetSeconds() != 1 {
		t.Errorf("gRPC: after %d requests got %v with %v, want RESOURCE_EXHAUSTED with RetryInfo", acknowledged, err, st.Details())
	}
	if resp := overHTTP(acknowledged); resp.StatusCode != http.StatusTooManyRequests || resp.Header.Get("Retry-After") != "1" {
		t.Errorf("HTTP: got %s with %v, want 429 with Retry-After", resp.Status, resp.Header)
	}

	if code, text := ask(t, p.api+"/readyz"); code != 503 || !strings.Contains(text, "the store cannot write") || !strings.Contains(text, "the ring is full") {
		t.Errorf("readyz: %d %s", code, text)
	}

	if err := os.Remove(spans); err != nil {
		t.Fatal(err)
	}
	await(t, "the ring has room again", func() bool { return overHTTP(acknowledged).StatusCode == http.StatusOK })
	await(t, "ready again", func() bool { code, _ := ask(t, p.api+"/readyz"); return code == 200 })
	if _, err = client.Export(t.Context(), padded(acknowledged+1)); err != nil {
		t.Error(err)
	}
	p.waitForCount(t, "spans", acknowledged+2)
	p.stop(t)
	out, errs, _ := run(t, "query", "--data", data, "--format", "ndjson", "SELECT count(*) AS n, count(DISTINCT span_id) AS ids FROM spans WHERE service = 'full'")
	if want := fmt.Sprintf(`{"n":%d,"ids":%[1]d}`+"\n", acknowledged+2); out != want {
		t.Errorf("got %s%s, want %s", out, errs, want)
	}

	p = startServe(t, data, "--ring-size", "8MiB")
	if size := p.status(t).Ring.Size; size != 1<<20 || !strings.Contains(p.stderr.String(), "the ring keeps the size it was made with") {
		t.Errorf("asked for another size, a ring of %d bytes says %s", size, p.stderr)
	}
}
