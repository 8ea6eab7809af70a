package otlp_test

import (
	"bytes"
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

	"github.com/klauspost/compress/gzip"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"github.com/ttlog/ttlog/exporter/otlp"
	"github.com/ttlog/ttlog/internal/otlpwire"
)

// quick retries without testing anybody's patience.
var quick = otlp.Retry{InitialInterval: time.Millisecond, MaxInterval: 5 * time.Millisecond}

// collector is a fake one: it answers with the next of its answers, and with
// the last for ever, and keeps the bodies of those it took.
type collector struct {
	*httptest.Server
	mu      sync.Mutex
	answers []http.HandlerFunc
	calls   int
	paths   []string
	headers []http.Header
	taken   [][]byte
}

func newCollector(t *testing.T, answers ...http.HandlerFunc) *collector {
	t.Helper()
	c := &collector{answers: answers}
	c.Server = httptest.NewServer(http.HandlerFunc(c.serve))
	t.Cleanup(func() {
		c.CloseClientConnections()
		c.Close()
	})
	return c
}

func (c *collector) serve(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	answer := ok
	if len(c.answers) > 0 {
		answer = c.answers[min(c.calls, len(c.answers)-1)]
	}
	c.calls++
	c.paths = append(c.paths, r.URL.Path)
	c.headers = append(c.headers, r.Header)
	c.mu.Unlock()
	rec := &statusWriter{ResponseWriter: w, code: 200}
	body := readBody(r)
	answer(rec, r)
	if rec.code == http.StatusOK {
		c.mu.Lock()
		c.taken = append(c.taken, body)
		c.mu.Unlock()
	}
}

type statusWriter struct {
	http.ResponseWriter
	code int
}

func (w *statusWriter) WriteHeader(code int) { w.code = code; w.ResponseWriter.WriteHeader(code) }

func readBody(r *http.Request) []byte {
	body, _ := io.ReadAll(r.Body)
	if r.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(bytes.NewReader(body))
		if err != nil {
			return nil
		}
		body, _ = io.ReadAll(z)
	}
	return body
}

func ok(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/x-protobuf")
}

func code(status int, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
	}
}

func hang(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

func drop(w http.ResponseWriter, _ *http.Request) {
	sw := w.(*statusWriter)
	sw.code = 0
	conn, _, _ := http.NewResponseController(sw.ResponseWriter).Hijack()
	_ = conn.Close()
}

func newClient(t *testing.T, o otlp.Options) *otlp.Client {
	t.Helper()
	if o.Retry == (otlp.Retry{}) {
		o.Retry = quick
	}
	c, err := otlp.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func to(endpoint string) otlp.Options {
	return otlp.Options{Target: otlp.Target{Endpoint: endpoint}}
}

func TestHTTP_SendsEachSignalToItsPathUnchanged(t *testing.T) {
	for _, compression := range []otlp.Compression{otlp.CompressionDefault, otlp.CompressionNone} {
		c := newCollector(t)
		o := to(c.URL + "/base/")
		o.Compression = compression
		o.Headers = map[string]string{"X-Key": "secret"}
		client := newClient(t, o)
		payload := bytes.Repeat([]byte("not decoded by anyone "), 10_000)
		for _, s := range []otlpwire.Signal{otlpwire.Traces, otlpwire.Logs, otlpwire.Metrics} {
			if err := client.Forward(t.Context(), s, payload); err != nil {
				t.Fatal(err)
			}
		}
		if got, want := strings.Join(c.paths, " "), "/base/v1/traces /base/v1/logs /base/v1/metrics"; got != want {
			t.Errorf("paths: got %s, want %s", got, want)
		}
		for i, body := range c.taken {
			if !bytes.Equal(body, payload) {
				t.Errorf("body %d differs from what was forwarded", i)
			}
		}
		h := c.headers[0]
		if h.Get("X-Key") != "secret" || h.Get("Content-Type") != "application/x-protobuf" {
			t.Errorf("headers: %v", h)
		}
		if got, want := h.Get("Content-Encoding") == "gzip", compression != otlp.CompressionNone; got != want {
			t.Errorf("gzip: got %v, want %v", got, want)
		}
		if st := client.Stats(); st.Requests != 3 || st.Bytes != uint64(3*len(payload)) {
			t.Errorf("stats: %+v", st)
		}
	}
}

func TestHTTP_RetriesUntilTheCollectorRecovers(t *testing.T) {
	c := newCollector(t, code(503), code(429), drop, code(502), code(504), ok)
	client := newClient(t, to(c.URL))
	if err := client.Forward(t.Context(), otlpwire.Traces, []byte("x")); err != nil {
		t.Fatal(err)
	}
	if st := client.Stats(); st.Retries != 5 || st.Failures != 5 || st.Permanent != 0 || len(c.taken) != 1 {
		t.Errorf("stats: %+v, taken %d", st, len(c.taken))
	}
}

func TestHTTP_PermanentErrorsAreNotRetried(t *testing.T) {
	for _, status := range []int{400, 404, 405, 413, 415, 422, 500, 501} {
		c := newCollector(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			w.WriteHeader(status)
			_, _ = io.WriteString(w, "because\xff")
		})
		client := newClient(t, to(c.URL))
		err := client.Forward(t.Context(), otlpwire.Logs, []byte("x"))
		if !errors.Is(err, otlp.ErrPermanent) || c.calls != 1 {
			t.Errorf("status %d: got %v after %d calls, want a permanent error after one", status, err, c.calls)
		}
		if want := status == 400 || status == 413 || status == 422 || status == 500; isDivisible(err) != want {
			t.Errorf("%d: divisible %v, want %v", status, !want, want)
		}
		if !strings.Contains(err.Error(), "because?") || !strings.Contains(err.Error(), c.URL) {
			t.Errorf("status %d: error %q names neither reason nor place", status, err)
		}
	}
}

// TestHTTP_WhatIsSaidOfTheSenderIsRetried: neither an expired token nor a
// redirect to where one logs in says anything of the data.
func TestHTTP_WhatIsSaidOfTheSenderIsRetried(t *testing.T) {
	for status, reason := range map[int]string{401: "unauthorized", 403: "unauthorized", 407: "unauthorized", 408: "unavailable", 302: "redirected"} {
		c := newCollector(t, code(status, "Location", "/login"), ok)
		o := to(c.URL)
		o.Retry = otlp.Retry{Disabled: true}
		client := newClient(t, o)
		err := client.Forward(t.Context(), otlpwire.Logs, []byte("x"))
		var answer *otlp.Error
		if !errors.As(err, &answer) || answer.Permanent() || answer.Reason() != reason {
			t.Errorf("%d: got %v, want an error that may pass, for the reason %s", status, err, reason)
		}
		if err := client.Forward(t.Context(), otlpwire.Logs, []byte("x")); err != nil {
			t.Errorf("%d: again: %v", status, err)
		}
	}
}

func TestHTTP_HonoursRetryAfter(t *testing.T) {
	for _, header := range []string{"1", "date"} {
		if header == "date" {
			header = time.Now().Add(2 * time.Second).UTC().Format(http.TimeFormat)
		}
		c := newCollector(t, code(429, "Retry-After", header), ok)
		client := newClient(t, to(c.URL))
		start := time.Now()
		if err := client.Forward(t.Context(), otlpwire.Traces, []byte("x")); err != nil {
			t.Fatal(err)
		}
		if waited := time.Since(start); waited < 900*time.Millisecond {
			t.Errorf("Retry-After %s: waited %s only", header, waited)
		}
	}
}

func TestHTTP_GivesUpWhenItsTimeIsOver(t *testing.T) {
	c := newCollector(t, code(503))
	o := to(c.URL)
	o.Retry = otlp.Retry{InitialInterval: time.Millisecond, MaxInterval: time.Millisecond, MaxElapsed: 30 * time.Millisecond}
	err := newClient(t, o).Forward(t.Context(), otlpwire.Traces, []byte("x"))
	var answer *otlp.Error
	if !errors.As(err, &answer) || errors.Is(err, otlp.ErrPermanent) || !strings.HasPrefix(answer.Status, "503") {
		t.Errorf("got %v, want the transient 503", err)
	}
}

func TestHTTP_TimeoutCancelAndClose(t *testing.T) {
	c := newCollector(t, hang)
	o := to(c.URL)
	o.Timeout = 10 * time.Millisecond
	o.Retry = otlp.Retry{Disabled: true}
	if err := newClient(t, o).Forward(t.Context(), otlpwire.Traces, []byte("x")); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, otlp.ErrPermanent) {
		t.Errorf("timeout: got %v", err)
	}

	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(10*time.Millisecond, cancel)
	if err := newClient(t, to(c.URL)).Forward(ctx, otlpwire.Traces, []byte("x")); !errors.Is(err, context.Canceled) || errors.Is(err, otlp.ErrPermanent) {
		t.Errorf("cancel: got %v", err)
	}

	closed := newClient(t, to(c.URL))
	time.AfterFunc(10*time.Millisecond, func() { _ = closed.Close() })
	if err := closed.Forward(t.Context(), otlpwire.Traces, []byte("x")); !errors.Is(err, otlp.ErrClosed) {
		t.Errorf("close: got %v", err)
	}
	if err := closed.Forward(t.Context(), otlpwire.Traces, []byte("x")); !errors.Is(err, otlp.ErrClosed) {
		t.Errorf("after close: got %v", err)
	}
}

func TestHTTP_CountsPartialSuccess(t *testing.T) {
	traces := ptraceotlp.NewExportResponse()
	traces.PartialSuccess().SetRejectedSpans(7)
	traces.PartialSuccess().SetErrorMessage("too old")
	logs := plogotlp.NewExportResponse()
	logs.PartialSuccess().SetRejectedLogRecords(3)
	metrics := pmetricotlp.NewExportResponse()
	metrics.PartialSuccess().SetErrorMessage("only a warning")
	c := newCollector(t, func(w http.ResponseWriter, r *http.Request) {
		ok(w, r)
		var body []byte
		switch r.URL.Path {
		case "/v1/traces":
			body, _ = traces.MarshalProto()
		case "/v1/logs":
			body, _ = logs.MarshalProto()
		default:
			body, _ = metrics.MarshalProto()
		}
		_, _ = w.Write(body)
	})
	client := newClient(t, to(c.URL))
	for _, s := range []otlpwire.Signal{otlpwire.Traces, otlpwire.Logs, otlpwire.Metrics} {
		if err := client.Forward(t.Context(), s, []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	st := client.Stats()
	if st.RejectedSpans != 7 || st.RejectedLogRecords != 3 || st.RejectedDataPoints != 0 || st.PartialSuccesses != 3 || st.LastPartialMessage != "only a warning" || st.Retries != 0 {
		t.Errorf("stats: %+v", st)
	}
}

func TestHTTP_EndlessAnswersAreCutOff(t *testing.T) {
	for _, status := range []int{200, 400} {
		c := newCollector(t, func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(status)
			for {
				if _, err := w.Write(make([]byte, 1<<20)); err != nil {
					return
				}
			}
		})
		err := newClient(t, to(c.URL)).Forward(t.Context(), otlpwire.Traces, []byte("x"))
		if got, want := err == nil, status == 200; got != want {
			t.Errorf("status %d: got %v", status, err)
		}
	}
}

func TestHTTP_NobodyListens(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	_ = l.Close()
	for _, scheme := range []string{"http://", "grpc://"} {
		o := to(scheme + addr)
		o.Retry = otlp.Retry{Disabled: true}
		err := newClient(t, o).Forward(t.Context(), otlpwire.Traces, []byte("x"))
		if err == nil || errors.Is(err, otlp.ErrPermanent) {
			t.Errorf("%s: got %v, want a transient error", scheme, err)
		}
	}
}

// The caller may reuse its buffer the moment Forward returns, also when the
// collector answered before it had read the body. The race detector is the judge.
func TestHTTP_BufferIsNotReadAfterForward(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusOK)
	}))
	t.Cleanup(srv.Close)
	o := to(srv.URL)
	o.Compression = otlp.CompressionNone
	client := newClient(t, o)
	payload := make([]byte, 4<<20)
	for range 5 {
		_ = client.Forward(t.Context(), otlpwire.Traces, payload)
		clear(payload)
	}
}
