package ttloghttp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/codes"

	"github.com/ttlog/ttlog/internal/conformance"
)

type roundTripFunc func(*http.Request) (*http.Response, error)

func (f roundTripFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// reader is a body that ends in err and notes that it was closed.
type reader struct {
	io.Reader
	err    error
	closed bool
}

func (r *reader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if errors.Is(err, io.EOF) && r.err != nil {
		err = r.err
	}
	return n, err
}

func (r *reader) Close() error {
	r.closed = true
	return nil
}

func answer(status int, body io.ReadCloser) http.RoundTripper {
	return roundTripFunc(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: status, ProtoMajor: 2, Body: body, Request: r}, nil
	})
}

func get(t *testing.T, url string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestTransport_EndsWithTheBody(t *testing.T) {
	f := func(what string, use func(io.ReadCloser), body *reader, errorType string) {
		t.Helper()
		rec := conformance.NewRecorder(t)
		res, err := NewTransport(answer(200, body), options(rec.Tracers, rec.Meters)...).RoundTrip(get(t, "http://x.test/"))
		if err != nil {
			t.Fatal(err)
		}
		if n := len(rec.Spans()); n != 0 {
			t.Errorf("%s: the span ended before the body", what)
		}
		use(res.Body)
		conformance.Want(t, rec.One(t), map[string]string{"error.type": errorType, "network.protocol.version": "2"})
	}
	text := func() *reader { return &reader{Reader: strings.NewReader("text")} }
	readAll := func(b io.ReadCloser) { _, _ = io.ReadAll(b) }
	f("EOF", readAll, text(), "-")
	f("close", func(b io.ReadCloser) { _ = b.Close(); _ = b.Close() }, text(), "-")
	f("EOF and close", func(b io.ReadCloser) { readAll(b); _ = b.Close() }, text(), "-")
	f("error", readAll, &reader{Reader: strings.NewReader("te"), err: io.ErrUnexpectedEOF}, "io.ErrUnexpectedEOF")
	f("error that wraps EOF", readAll, &reader{Reader: strings.NewReader("te"), err: fmt.Errorf("cut: %w", io.EOF)}, "io.EOF")
}

func TestTransport_WithoutBody(t *testing.T) {
	rec := conformance.NewRecorder(t)
	res, err := NewTransport(answer(204, http.NoBody), options(rec.Tracers, rec.Meters)...).RoundTrip(get(t, "http://x.test/"))
	if err != nil || res.Body != http.NoBody {
		t.Fatalf("body %v, %v", res.Body, err)
	}
	rec.One(t)
}

// TestTransport_SwitchedProtocolIsWritable keeps the body of a 101 what
// net/http says it is.
func TestTransport_SwitchedProtocolIsWritable(t *testing.T) {
	rec := conformance.NewRecorder(t)
	body := &conn{reader: reader{Reader: strings.NewReader("")}}
	res, err := NewTransport(answer(101, body), options(rec.Tracers, rec.Meters)...).RoundTrip(get(t, "http://x.test/"))
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := res.Body.(io.ReadWriteCloser); !ok {
		t.Error("the body cannot be written to")
	}
	if c, ok := res.Body.(interface{ CloseWrite() error }); !ok || c.CloseWrite() != nil || !body.halfClosed {
		t.Error("the body cannot be half closed")
	}
	_ = res.Body.Close()
	rec.One(t)
}

// conn is the body of a protocol switch.
type conn struct {
	reader
	io.Writer
	halfClosed bool
}

func (c *conn) CloseWrite() error {
	c.halfClosed = true
	return nil
}

// TestTransport_AbandonedBody ends the span of a response that its receiver
// neither reads nor closes.
func TestTransport_AbandonedBody(t *testing.T) {
	rec := conformance.NewRecorder(t)
	tr := NewTransport(answer(200, &reader{Reader: strings.NewReader("text")}), options(rec.Tracers, rec.Meters)...)
	if _, err := tr.RoundTrip(get(t, "http://x.test/")); err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() bool {
		runtime.GC()
		return len(rec.Spans()) == 1 && len(rec.Histogram(t, "http.client.request.duration")) == 1
	})
	conformance.Want(t, rec.One(t), map[string]string{"http.response.status_code": "200", "error.type": "-"})
}

func TestTransport_Error(t *testing.T) {
	f := func(err error, errorType string) {
		t.Helper()
		rec := conformance.NewRecorder(t)
		broken := roundTripFunc(func(*http.Request) (*http.Response, error) { return nil, err })
		if _, got := NewTransport(broken, options(rec.Tracers, rec.Meters)...).RoundTrip(get(t, "http://x.test/")); !errors.Is(got, err) {
			t.Errorf("error is %v, want %v", got, err)
		}
		span := rec.One(t)
		conformance.Want(t, span, map[string]string{"error.type": errorType, "http.response.status_code": "-"})
		if span.Status().Code != codes.Error {
			t.Errorf("status is %v", span.Status())
		}
		p := rec.Histogram(t, "http.client.request.duration")[0]
		if got := conformance.Texts(p.Attributes.ToSlice())["error.type"]; got != errorType {
			t.Errorf("metric's error.type is %q, want %q", got, errorType)
		}
	}
	f(context.DeadlineExceeded, "context.DeadlineExceeded")
	f(fmt.Errorf("dial: %w", context.Canceled), "context.Canceled")
	f(errors.New("odd"), "*errors.errorString")
}

func TestTransport_RefusedConnection(t *testing.T) {
	server := httptest.NewServer(nil)
	url := server.URL
	server.Close()
	rec := conformance.NewRecorder(t)
	if _, err := NewTransport(nil, options(rec.Tracers, rec.Meters)...).RoundTrip(get(t, url)); err == nil {
		t.Fatal("no error")
	}
	conformance.Want(t, rec.One(t), map[string]string{"error.type": "syscall.ECONNREFUSED"})
}

func TestTransport_Redacts(t *testing.T) {
	f := func(url, want string, opts ...Option) {
		t.Helper()
		rec := conformance.NewRecorder(t)
		tr := NewTransport(answer(200, http.NoBody), options(rec.Tracers, rec.Meters, opts...)...)
		req := get(t, url)
		if _, err := tr.RoundTrip(req); err != nil {
			t.Fatal(err)
		}
		conformance.Want(t, rec.One(t), map[string]string{"url.full": want})
		if req.URL.String() != url {
			t.Errorf("the request was changed to %s", req.URL)
		}
	}
	f("http://x.test/a?b=c&d", "http://x.test/a?b=c&d")
	f("http://bob:pw@x.test/", "http://REDACTED:REDACTED@x.test/")
	f("http://bob@x.test/", "http://REDACTED@x.test/")
	f("http:bob:p@w@x.test/?token=s", "http:REDACTED@x.test/?token=REDACTED") // opaque, for lack of slashes
	f("http://x.test/?a=1&sig=s&X-Amz-Signature=t&b=2", "http://x.test/?a=1&sig=REDACTED&X-Amz-Signature=REDACTED&b=2")
	f("http://x.test/?Token=s&%74oken=t;password=u", "http://x.test/?Token=REDACTED&%74oken=REDACTED;password=REDACTED")
	f("http://x.test/#access_token=s&a=b", "http://x.test/#access_token=REDACTED&a=b")
	f("http://x.test/?ssn=1", "http://x.test/?ssn=REDACTED", WithRedactedQueryKeys("SSN"))
}

// TestTransport_RedactsErrors covers a base that is a client of its own: its
// errors repeat the URL.
func TestTransport_RedactsErrors(t *testing.T) {
	rec := conformance.NewRecorder(t)
	const target = "http://bob@x.test/?token=s3cr3t"
	failing := roundTripFunc(func(*http.Request) (*http.Response, error) {
		return nil, fmt.Errorf("gave up: %w", &url.Error{Op: "Get", URL: target, Err: io.ErrUnexpectedEOF})
	})
	if _, err := NewTransport(failing, options(rec.Tracers, rec.Meters)...).RoundTrip(get(t, target)); err == nil || !strings.Contains(err.Error(), "s3cr3t") {
		t.Errorf("the caller's error is %v, want it as it was", err)
	}
	span := rec.One(t)
	const want = `gave up: Get "http://REDACTED@x.test/?token=REDACTED": unexpected EOF`
	if got := span.Status().Description; got != want {
		t.Errorf("status is %q, want %q", got, want)
	}
	if got := conformance.Texts(span.Events()[0].Attributes)["exception.message"]; got != want {
		t.Errorf("the exception's message is %q, want %q", got, want)
	}
}

func TestTransport_LeavesTheRequestAlone(t *testing.T) {
	rec := conformance.NewRecorder(t)
	var sent *http.Request
	base := roundTripFunc(func(r *http.Request) (*http.Response, error) {
		sent = r
		return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, nil
	})
	req := get(t, "http://x.test/")
	req.Header = nil
	if _, err := NewTransport(base, options(rec.Tracers, rec.Meters)...).RoundTrip(req); err != nil {
		t.Fatal(err)
	}
	if req.Header != nil || sent.Header.Get("Traceparent") == "" {
		t.Errorf("own headers %v, sent headers %v", req.Header, sent.Header)
	}
}

func TestTransport_CountsResends(t *testing.T) {
	rec := conformance.NewRecorder(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if n := len(r.URL.Path); n < 3 {
			http.Redirect(w, r, r.URL.Path+"x", http.StatusFound)
		}
	}))
	defer server.Close()
	client := &http.Client{Transport: NewTransport(nil, options(rec.Tracers, rec.Meters)...)}
	res, err := client.Do(get(t, server.URL+"/"))
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	for i, want := range []string{"-", "1", "2"} {
		conformance.Want(t, rec.Spans()[i], map[string]string{"http.request.resend_count": want})
	}
}

// TestTransport_ErrorsThatPanic: the error of a transport or of a body reaches
// the caller, and what is wrong with it the span.
func TestTransport_ErrorsThatPanic(t *testing.T) {
	for text, faulty := range conformance.FaultyErrors() {
		rec := conformance.NewRecorder(t)
		base := roundTripFunc(func(*http.Request) (*http.Response, error) { return nil, faulty })
		_, err := NewTransport(base, options(rec.Tracers, rec.Meters)...).RoundTrip(get(t, "http://h/"))
		if err != faulty { //nolint:errorlint // its methods panic
			t.Errorf("%s: another error arrives", text)
		}
		span := rec.One(t)
		if got := span.Status().Description; got != text {
			t.Errorf("the status says %q, want %q", got, text)
		}
		if len(span.Events()) != 1 || conformance.Texts(span.Events()[0].Attributes)["exception.message"] != text {
			t.Errorf("the events are %v, want one that says %s", span.Events(), text)
		}
		conformance.Want(t, span, map[string]string{"error.type": "*conformance.FaultyError"})
	}
}

// TestHandler_PanicsThatPanic: a handler panics with an error that does so itself.
func TestHandler_PanicsThatPanic(t *testing.T) {
	for text, faulty := range conformance.FaultyErrors() {
		rec := conformance.NewRecorder(t)
		h := NewHandler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(faulty) }), options(rec.Tracers, rec.Meters)...)
		func() {
			defer func() {
				if got := recover(); got != any(faulty) {
					t.Errorf("%s: the panic goes on as another one", text)
				}
			}()
			h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
		}()
		span := rec.One(t)
		if got := conformance.Texts(span.Events()[0].Attributes)["exception.message"]; got != text {
			t.Errorf("the event says %q, want %q", got, text)
		}
		conformance.Want(t, span, map[string]string{"error.type": "*conformance.FaultyError"})
	}
}
