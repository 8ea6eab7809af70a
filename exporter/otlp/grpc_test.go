package otlp_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	_ "google.golang.org/grpc/encoding/gzip" // for the servers
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/ttlog/ttlog/exporter/otlp"
	"github.com/ttlog/ttlog/internal/otlpwire"
)

// grpcCollector is a fake collector over gRPC with pdata's service code.
type grpcCollector struct {
	ptraceotlp.UnimplementedGRPCServer
	addr    string
	mu      sync.Mutex
	answers []func(context.Context) error // nil error: take it
	calls   int
	names   []string
	md      metadata.MD
	partial int64
}

func newGRPCCollector(t *testing.T, answers ...func(context.Context) error) *grpcCollector {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &grpcCollector{addr: l.Addr().String(), answers: answers}
	srv := grpc.NewServer()
	ptraceotlp.RegisterGRPCServer(srv, c)
	plogotlp.RegisterGRPCServer(srv, &logsServer{})
	pmetricotlp.RegisterGRPCServer(srv, &metricsServer{})
	done := make(chan struct{})
	go func() { defer close(done); _ = srv.Serve(l) }()
	t.Cleanup(func() { srv.Stop(); <-done })
	return c
}

func (c *grpcCollector) Export(ctx context.Context, r ptraceotlp.ExportRequest) (ptraceotlp.ExportResponse, error) {
	c.mu.Lock()
	var answer func(context.Context) error
	if len(c.answers) > 0 {
		answer = c.answers[min(c.calls, len(c.answers)-1)]
	}
	c.calls++
	c.md, _ = metadata.FromIncomingContext(ctx)
	c.mu.Unlock()
	resp := ptraceotlp.NewExportResponse()
	resp.PartialSuccess().SetRejectedSpans(c.partial)
	if answer != nil {
		if err := answer(ctx); err != nil {
			return resp, err
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, rs := range r.Traces().ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, sp := range ss.Spans().All() {
				c.names = append(c.names, sp.Name())
			}
		}
	}
	return resp, nil
}

type logsServer struct {
	plogotlp.UnimplementedGRPCServer
}

func (*logsServer) Export(context.Context, plogotlp.ExportRequest) (plogotlp.ExportResponse, error) {
	return plogotlp.NewExportResponse(), nil
}

type metricsServer struct {
	pmetricotlp.UnimplementedGRPCServer
}

func (*metricsServer) Export(context.Context, pmetricotlp.ExportRequest) (pmetricotlp.ExportResponse, error) {
	return pmetricotlp.NewExportResponse(), nil
}

func fails(c codes.Code) func(context.Context) error {
	return func(context.Context) error { return status.Error(c, "no") }
}

func request(t *testing.T, name string) []byte {
	t.Helper()
	td := ptrace.NewTraces()
	sp := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	sp.SetName(name)
	sp.SetTraceID(pcommon.TraceID{1})
	b, err := ptraceotlp.NewExportRequestFromTraces(td).MarshalProto()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestGRPC_SendsAllSignals(t *testing.T) {
	for _, compression := range []otlp.Compression{otlp.CompressionDefault, otlp.CompressionNone} {
		c := newGRPCCollector(t)
		c.partial = 2
		o := to("grpc://" + c.addr)
		o.Compression = compression
		o.Headers = map[string]string{"X-Key": "secret"}
		client := newClient(t, o)
		if err := client.Forward(t.Context(), otlpwire.Traces, request(t, "one")); err != nil {
			t.Fatal(err)
		}
		for _, s := range []otlpwire.Signal{otlpwire.Logs, otlpwire.Metrics} {
			if err := client.Forward(t.Context(), s, nil); err != nil {
				t.Fatal(err)
			}
		}
		if strings.Join(c.names, " ") != "one" || c.md.Get("x-key")[0] != "secret" {
			t.Errorf("got spans %v with metadata %v", c.names, c.md)
		}
		if st := client.Stats(); st.Requests != 3 || st.RejectedSpans != 2 {
			t.Errorf("stats: %+v", st)
		}
	}
}

func TestGRPC_RetriesWhatMayBeRetried(t *testing.T) {
	for _, code := range []codes.Code{codes.Canceled, codes.DeadlineExceeded, codes.Aborted, codes.OutOfRange, codes.Unavailable, codes.DataLoss, codes.Unauthenticated, codes.PermissionDenied} {
		c := newGRPCCollector(t, fails(code), fails(code), func(context.Context) error { return nil })
		if err := newClient(t, to("grpc://"+c.addr)).Forward(t.Context(), otlpwire.Traces, request(t, "x")); err != nil || c.calls != 3 {
			t.Errorf("%s: got %v after %d calls", code, err, c.calls)
		}
	}
}

func TestGRPC_PermanentErrors(t *testing.T) {
	for _, code := range []codes.Code{codes.InvalidArgument, codes.FailedPrecondition, codes.Unknown, codes.Internal, codes.NotFound, codes.Unimplemented, codes.ResourceExhausted} {
		c := newGRPCCollector(t, fails(code))
		err := newClient(t, to("grpc://"+c.addr)).Forward(t.Context(), otlpwire.Traces, request(t, "x"))
		if !errors.Is(err, otlp.ErrPermanent) || c.calls != 1 || !strings.Contains(err.Error(), code.String()) {
			t.Errorf("%s: got %v after %d calls", code, err, c.calls)
		}
		if want := code != codes.Unimplemented; isDivisible(err) != want {
			t.Errorf("%s: divisible %v, want %v", code, !want, want)
		}
	}
	// More than a grpc.Server takes unless it is told to.
	c := newGRPCCollector(t)
	err := newClient(t, to("grpc://"+c.addr)).Forward(t.Context(), otlpwire.Traces, request(t, strings.Repeat("n", 5<<20)))
	if !errors.Is(err, otlp.ErrPermanent) || !isDivisible(err) {
		t.Errorf("too large: got %v, divisible %v", err, isDivisible(err))
	}
}

func isDivisible(err error) bool {
	var e *otlp.Error
	return errors.As(err, &e) && e.Divisible()
}

func TestGRPC_HonoursRetryInfo(t *testing.T) {
	st, err := status.New(codes.ResourceExhausted, "full").WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(200 * time.Millisecond)})
	if err != nil {
		t.Fatal(err)
	}
	c := newGRPCCollector(t, func(context.Context) error { return st.Err() }, func(context.Context) error { return nil })
	start := time.Now()
	if err := newClient(t, to("grpc://"+c.addr)).Forward(t.Context(), otlpwire.Traces, request(t, "x")); err != nil {
		t.Fatal(err)
	}
	if waited := time.Since(start); waited < 200*time.Millisecond {
		t.Errorf("waited %s, want 200ms", waited)
	}
}

func TestGRPC_HangingCollectorTimesOut(t *testing.T) {
	c := newGRPCCollector(t,
		func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() },
		func(context.Context) error { return nil })
	o := to("grpc://" + c.addr)
	o.Timeout = 50 * time.Millisecond
	if err := newClient(t, o).Forward(t.Context(), otlpwire.Traces, request(t, "x")); err != nil || c.calls != 2 {
		t.Errorf("got %v after %d calls, want success at the second", err, c.calls)
	}
}

// TestGRPC_AnswersThatAreNotGRPC come from a proxy, or from a server of
// something else. What may be mended is kept and tried again.
func TestGRPC_AnswersThatAreNotGRPC(t *testing.T) {
	f := func(what string, answer http.HandlerFunc, words string, stays bool) {
		t.Helper()
		srv := httptest.NewUnstartedServer(answer)
		srv.Config.Protocols = new(http.Protocols)
		srv.Config.Protocols.SetUnencryptedHTTP2(true)
		srv.Start()
		defer srv.Close()
		o := to("grpc://" + srv.Listener.Addr().String())
		o.Retry = otlp.Retry{Disabled: true}
		err := newClient(t, o).Forward(t.Context(), otlpwire.Traces, request(t, "x"))
		if words == "" {
			if err != nil {
				t.Errorf("%s: %v", what, err)
			}
			return
		}
		if err == nil || !strings.Contains(err.Error(), words) || permanent(err) == stays {
			t.Errorf("%s: got %v, permanent %v; want %q, to be kept: %v", what, err, permanent(err), words, stays)
		}
	}
	plain := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "a page", code) }
	}
	f("a proxy without a collector", plain(http.StatusBadGateway), "Unavailable", true)
	f("too many requests", plain(http.StatusTooManyRequests), "Unavailable", true)
	f("no such path", plain(http.StatusNotFound), "Unimplemented", false)
	f("a page", plain(http.StatusOK), `no gRPC: the answer is "text/plain`, false)
	f("only trailers", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Grpc-Status", "14")
		w.Header().Set("Grpc-Message", "50%25 of us")
	}, "Unavailable: 50% of us", true)
	f("the connection ends", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "Unavailable", true)
	trailers := func(body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Trailer", "Grpc-Status")
			_, _ = io.WriteString(w, body)
			w.Header().Set("Grpc-Status", "0")
		}
	}
	f("taken, without a message", trailers(""), "", false)
	f("taken, with a broken one", trailers("\x01\x00\x00\x00\x02xx"), "", false)
	f("taken, with too much", trailers(strings.Repeat("x", 8<<20)), "", false)
}

// TestGRPC_NobodyThere is no reason to give up a request.
func TestGRPC_NobodyThere(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	o := to("grpc://" + l.Addr().String())
	o.Retry = otlp.Retry{Disabled: true}
	err = newClient(t, o).Forward(t.Context(), otlpwire.Traces, request(t, "x"))
	if err == nil || permanent(err) || !strings.Contains(err.Error(), "refused") {
		t.Errorf("got %v, want a refused connection, to be tried again", err)
	}
}
