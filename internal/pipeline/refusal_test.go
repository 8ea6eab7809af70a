package pipeline_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	_ "google.golang.org/grpc/encoding/gzip" // the collectors take what the forwarder sends
	"google.golang.org/grpc/status"

	"github.com/ttlog/ttlog/exporter/otlp"
	"github.com/ttlog/ttlog/internal/pipeline"
)

// grpcCollector refuses requests in which a span's name says so.
type grpcCollector struct {
	ptraceotlp.UnimplementedGRPCServer
	refuse func(name string) error

	mu  sync.Mutex // guards got
	got []string
}

func (c *grpcCollector) Export(_ context.Context, req ptraceotlp.ExportRequest) (ptraceotlp.ExportResponse, error) {
	var names []string
	for _, rs := range req.Traces().ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, span := range ss.Spans().All() {
				if err := c.refuse(span.Name()); err != nil {
					return ptraceotlp.NewExportResponse(), err
				}
				names = append(names, span.Name())
			}
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.got = append(c.got, names...)
	return ptraceotlp.NewExportResponse(), nil
}

func (c *grpcCollector) names() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.got)
}

// serve returns the endpoint of the collector.
func (c *grpcCollector) serve(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := grpc.NewServer()
	ptraceotlp.RegisterGRPCServer(srv, c)
	go func() { _ = srv.Serve(ln) }()
	t.Cleanup(srv.Stop)
	return "grpc://" + ln.Addr().String()
}

// client makes one attempt a call, as a data directory's do.
func client(t *testing.T, endpoint string) *otlp.Client {
	t.Helper()
	c, err := otlp.New(otlp.Options{Target: otlp.Target{Endpoint: endpoint}, Retry: otlp.Retry{Disabled: true}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// TestForward_OneBadRecordOverGRPC: whatever a collector says of a request with
// one bad record among 50, the other 49 get to it, and what is given up is
// counted by reason and said.
func TestForward_OneBadRecordOverGRPC(t *testing.T) {
	for _, code := range []codes.Code{codes.InvalidArgument, codes.Internal, codes.Unknown, codes.FailedPrecondition, codes.AlreadyExists, codes.NotFound} {
		t.Run(code.String(), func(t *testing.T) {
			c := &grpcCollector{refuse: func(name string) error {
				if name == number("s", 17) {
					return status.Error(code, "a bad name")
				}
				return nil
			}}
			var log bytes.Buffer
			ring := newRing(t, 1<<20)
			p := newPipeline(t, ring, pipeline.Options{Forwarders: forwards(client(t, c.serve(t))), Logger: slog.New(slog.NewTextHandler(&log, nil))})
			var rows, want []string
			for i := range 50 {
				rows = append(rows, number("s", i))
				if i != 17 {
					want = append(want, number("s", i))
				}
			}
			must(t, func() error { return producer{t, ring}.whole(rows...) })
			start(t, p)
			drain(t, p)
			if got := c.names(); !slices.Equal(got, want) {
				t.Errorf("got %v, want all but one", got)
			}
			if st := p.Stats().Sinks[0]; st.DroppedRecords != 1 || st.Dropped["rejected"] != 1 {
				t.Errorf("stats: %+v", st)
			}
			if err := p.Close(); err != nil {
				t.Error(err)
			}
			if !strings.Contains(log.String(), "records=1 reason=rejected") || !strings.Contains(log.String(), "a bad name") {
				t.Errorf("the log does not say what was given up:\n%s", &log)
			}
		})
	}
}

// TestForward_FailuresThatAreNotTheDatas: whatever keeps a collector from
// taking requests, nothing is given up, and the log has one line about it in an
// interval, with how often it happened.
func TestForward_FailuresThatAreNotTheDatas(t *testing.T) {
	over := func(code codes.Code) func(t *testing.T, well *atomic.Bool) (string, func() []string) {
		return func(t *testing.T, well *atomic.Bool) (string, func() []string) {
			c := &grpcCollector{refuse: func(string) error {
				if well.Load() {
					return nil
				}
				return status.Error(code, "not now")
			}}
			return c.serve(t), c.names
		}
	}
	byHTTP := func(code int) func(t *testing.T, well *atomic.Bool) (string, func() []string) {
		return func(t *testing.T, well *atomic.Bool) (string, func() []string) {
			m := &moody{calm: true}
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				switch {
				case well.Load():
					m.ServeHTTP(w, r)
				case code == 0: // as a collector that dies
					panic(http.ErrAbortHandler)
				default:
					w.WriteHeader(code)
				}
			}))
			t.Cleanup(srv.Close)
			return srv.URL, func() []string { m.mu.Lock(); defer m.mu.Unlock(); return slices.Clone(m.got) }
		}
	}
	tests := []struct {
		name, reason string
		collector    func(t *testing.T, well *atomic.Bool) (endpoint string, got func() []string)
	}{
		{"UNAUTHENTICATED", "unauthorized", over(codes.Unauthenticated)},
		{"PERMISSION_DENIED", "unauthorized", over(codes.PermissionDenied)},
		{"UNAVAILABLE", "unavailable", over(codes.Unavailable)},
		{"401", "unauthorized", byHTTP(401)},
		{"403", "unauthorized", byHTTP(403)},
		{"429", "throttled", byHTTP(429)},
		{"503", "unavailable", byHTTP(503)},
		{"302", "redirected", byHTTP(302)},
		{"cut off", "unreachable", byHTTP(0)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var well atomic.Bool
			endpoint, got := tt.collector(t, &well)
			var log syncBuffer
			ring := newRing(t, 1<<20)
			p := newPipeline(t, ring, pipeline.Options{
				Forwarders: forwards(client(t, endpoint)), BatchRecords: 1, LogInterval: time.Hour, Logger: slog.New(slog.NewTextHandler(&log, nil)),
			})
			start(t, p)
			must(t, func() error { return producer{t, ring}.whole("a") })
			must(t, func() error { return producer{t, ring}.whole("b") })
			const tries = 8
			eventually(t, "attempts", func() bool { return p.Stats().Sinks[0].Failures >= tries })
			if n := strings.Count(log.String(), "does not take a request"); n != 1 || !strings.Contains(log.String(), "reason="+tt.reason) {
				t.Errorf("after %d attempts %d lines, want one with reason=%s:\n%s", tries, n, tt.reason, &log)
			}
			well.Store(true)
			drain(t, p)
			if names := got(); !slices.Equal(slices.Compact(names), []string{"a", "b"}) {
				t.Errorf("got %v", names)
			}
			failures := p.Stats().Sinks[0].Failures
			if st := p.Stats().Sinks[0]; st.DroppedRecords != 0 {
				t.Errorf("stats: %+v", st)
			}
			if err := p.Close(); err != nil {
				t.Error(err)
			}
			if n := strings.Count(log.String(), "does not take a request"); n != 2 || !strings.Contains(log.String(), fmt.Sprintf("times=%d ", failures-1)) {
				t.Errorf("at the end %d lines, want a second with the count:\n%s", n, &log)
			}
		})
	}
}

// TestForward_PartialSuccessIsSaid once in an interval, with the counts.
func TestForward_PartialSuccessIsSaid(t *testing.T) {
	m := &moody{calm: true} // every answer rejects one
	srv := httptest.NewServer(m)
	defer srv.Close()
	var log syncBuffer
	ring := newRing(t, 1<<20)
	p := newPipeline(t, ring, pipeline.Options{
		Forwarders: forwards(client(t, srv.URL)), BatchRecords: 1, LogInterval: time.Hour, Logger: slog.New(slog.NewTextHandler(&log, nil)),
	})
	start(t, p)
	for range 5 {
		must(t, func() error { return producer{t, ring}.whole("a") })
	}
	drain(t, p)
	if st := p.Stats().Sinks[0]; st.PartialSuccesses != 5 || st.RejectedRecords != 5 || st.DroppedRecords != 0 {
		t.Errorf("stats: %+v", st)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	text := log.String()
	if strings.Count(text, "but not all of it") != 2 || !strings.Contains(text, "times=1 records=1") || !strings.Contains(text, "times=4 records=4") {
		t.Errorf("want a line at once and one with the rest at the end:\n%s", text)
	}
}

// syncBuffer is a buffer that several goroutines write to.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
