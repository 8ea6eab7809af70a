package ttloghttp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/ttlog/ttlog/internal/conformance"
)

// upload posts a file that is too large to be kept in memory, and returns how
// many files are left when the answer is there and the server is down.
func upload(t *testing.T, h http.Handler) int {
	t.Helper()
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	part, err := w.CreateFormFile("file", "large")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = part.Write(bytes.Repeat([]byte("x"), 1<<16))
	_ = w.Close()
	srv := httptest.NewServer(h)
	res, err := http.Post(srv.URL+"/upload/1", w.FormDataContentType(), &form)
	if err == nil {
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
	}
	srv.Close()
	files, _ := filepath.Glob(filepath.Join(tmp, "*"))
	return len(files)
}

func recovers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if recover() != nil {
				w.WriteHeader(http.StatusInternalServerError)
			}
		}()
		next.ServeHTTP(w, r)
	})
}

func TestHandler_UploadsAreRemoved(t *testing.T) {
	rec := conformance.NewRecorder(t)
	parse := func(then func()) http.Handler {
		mux := http.NewServeMux()
		mux.HandleFunc("POST /upload/{id}", func(_ http.ResponseWriter, r *http.Request) {
			if err := r.ParseMultipartForm(1); err != nil {
				t.Error(err)
			}
			files, _ := filepath.Glob(filepath.Join(os.Getenv("TMPDIR"), "*"))
			if len(files) != 1 {
				t.Errorf("%d files while they are needed, want 1", len(files))
			}
			then()
		})
		return mux
	}
	for what, h := range map[string]http.Handler{
		"bare":     parse(func() {}),
		"returns":  NewHandler(parse(func() {}), options(rec.Tracers, rec.Meters)...),
		"panics":   recovers(NewHandler(parse(func() { panic("x") }), options(rec.Tracers, rec.Meters)...)),
		"untraced": NewHandler(Untraced(parse(func() {})), options(rec.Tracers, rec.Meters)...),
	} {
		t.Run(what, func(t *testing.T) {
			if n := upload(t, h); n != 0 {
				t.Errorf("%d files of a form are left", n)
			}
		})
	}
}

// TestHandler_RequestIsHandedBack asserts that a middleware outside sees of the
// request what it sees without the instrumentation.
func TestHandler_RequestIsHandedBack(t *testing.T) {
	rec := conformance.NewRecorder(t)
	var seen string
	look := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(w, r)
			seen = fmt.Sprintf("%s %s %s %v", r.Pattern, r.PathValue("id"), r.PathValue("rest"), r.Form)
		})
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /a/{id}/{rest...}", func(_ http.ResponseWriter, r *http.Request) { _ = r.ParseForm() })
	for _, h := range []http.Handler{look(mux), look(NewHandler(mux, options(rec.Tracers, rec.Meters)...))} {
		seen = ""
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/a/7/b/c?q=1", nil))
		if want := "GET /a/{id}/{rest...} 7 b/c map[q:[1]]"; seen != want {
			t.Errorf("outside is seen %q, want %q", seen, want)
		}
	}
}

// TestHandler_TrailerThatWasNotAnnounced sends one in a chunked request.
func TestHandler_TrailerThatWasNotAnnounced(t *testing.T) {
	rec := conformance.NewRecorder(t)
	got := make(chan string, 1)
	h := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		got <- r.Trailer.Get("Checksum")
	})
	srv := httptest.NewServer(NewHandler(h, options(rec.Tracers, rec.Meters)...))
	defer srv.Close()
	conn, err := net.Dial("tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nChecksum: 900150\r\n\r\n")
	if v := <-got; v != "900150" {
		t.Errorf("the trailer is %q", v)
	}
}

func TestHandler_ClientLeft(t *testing.T) {
	f := func(what, status, errorType string, h http.HandlerFunc) {
		t.Helper()
		rec := conformance.NewRecorder(t)
		ctx, leave := context.WithCancel(t.Context())
		req := httptest.NewRequest(http.MethodGet, "/", nil).WithContext(ctx)
		serve(rec, recovers(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer leave()
			if what != "left after the answer" {
				leave()
			}
			h(w, r)
		})), req)
		span := rec.One(t)
		t.Log(what)
		conformance.Want(t, span, map[string]string{"http.response.status_code": status, "error.type": errorType})
		if isError := span.Status().Code == codes.Error; isError != (status == "500") {
			t.Errorf("%s: the status is %v", what, span.Status())
		}
		p := rec.Histogram(t, "http.server.request.duration")[0]
		want := strings.Trim(status+errorType, "-")
		if got := conformance.Texts(p.Attributes.ToSlice()); got["http.response.status_code"]+got["error.type"] != want {
			t.Errorf("%s: measured with %v", what, got)
		}
	}
	f("nothing written", "-", "context.Canceled", func(http.ResponseWriter, *http.Request) {})
	f("an error of the leaving", "-", "context.Canceled", func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, r.Context().Err().Error(), http.StatusInternalServerError)
	})
	f("left after the answer", "500", "500", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	f("began to answer", "200", "-", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "a") })
}

func TestHandler_AbortedAsTheClientLeft(t *testing.T) {
	rec := conformance.NewRecorder(t)
	ctx, leave := context.WithCancel(t.Context())
	leave()
	h := recovers(NewHandler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }),
		options(rec.Tracers, rec.Meters)...))
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil).WithContext(ctx))
	span := rec.One(t)
	conformance.Want(t, span, map[string]string{"error.type": "context.Canceled", "http.response.status_code": "-"})
	if span.Status().Code != codes.Unset {
		t.Errorf("the status is %v", span.Status())
	}
}

// TestHandler_RealClientLeaves hangs up on a real server.
func TestHandler_RealClientLeaves(t *testing.T) {
	rec := conformance.NewRecorder(t)
	began, done := make(chan struct{}), make(chan struct{})
	h := NewHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(began)
		<-r.Context().Done()
		http.Error(w, "late", http.StatusInternalServerError)
	}), options(rec.Tracers, rec.Meters)...)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(w, r)
		close(done)
	}))
	defer srv.Close()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-began
		cancel()
	}()
	req, _ := http.NewRequestWithContext(ctx, http.MethodGet, srv.URL, nil)
	client := &http.Client{Transport: NewTransport(nil, options(rec.Tracers, rec.Meters)...)}
	if _, err := client.Do(req); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	<-done
	for _, span := range rec.Spans() { // the client's and the server's
		conformance.Want(t, span, map[string]string{"error.type": "context.Canceled", "http.response.status_code": "-"})
		if span.Status().Code != codes.Unset {
			t.Errorf("the %v has the status %v", span.SpanKind(), span.Status())
		}
	}
	if n := len(rec.Spans()); n != 2 {
		t.Errorf("%d spans, want 2", n)
	}
}

func TestHandler_PublicEndpointSeesTheCaller(t *testing.T) {
	rec := conformance.NewRecorder(t)
	ctx, parent := conformance.Parent(t.Context())
	req := httptest.NewRequest(http.MethodGet, "/items/1", nil)
	traceContext.Inject(ctx, propagation.HeaderCarrier(req.Header))
	var seen trace.SpanContext
	serve(rec, shop(), req, WithPublicEndpoint(func(r *http.Request) bool {
		seen = trace.SpanContextFromContext(r.Context())
		return true
	}))
	if seen.SpanID() != parent.SpanContext().SpanID() {
		t.Errorf("the function sees %v, want the caller's %v", seen, parent.SpanContext())
	}
}

// deadlines is a writer that is asked without a ResponseController.
type deadlines struct {
	http.ResponseWriter
	read, write, duplex bool
}

func (d *deadlines) SetReadDeadline(time.Time) error  { d.read = true; return nil }
func (d *deadlines) SetWriteDeadline(time.Time) error { d.write = true; return nil }
func (d *deadlines) EnableFullDuplex() error          { d.duplex = true; return nil }

func TestWriter_Deadlines(t *testing.T) {
	rec := conformance.NewRecorder(t)
	h := NewHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		d := w.(interface {
			SetReadDeadline(t time.Time) error
			SetWriteDeadline(t time.Time) error
			EnableFullDuplex() error
		})
		if err := errors.Join(d.SetReadDeadline(time.Time{}), d.SetWriteDeadline(time.Time{}), d.EnableFullDuplex()); err != nil {
			t.Error(err)
		}
	}), options(rec.Tracers, rec.Meters)...)
	d := &deadlines{ResponseWriter: httptest.NewRecorder()}
	h.ServeHTTP(d, httptest.NewRequest(http.MethodGet, "/", nil))
	if !d.read || !d.write || !d.duplex {
		t.Errorf("what reaches the writer is %v %v %v", d.read, d.write, d.duplex)
	}
}

func TestTransport_NeitherResponseNorError(t *testing.T) {
	rec := conformance.NewRecorder(t)
	rt := NewTransport(roundTripFunc(func(*http.Request) (*http.Response, error) { return nil, nil }), options(rec.Tracers, rec.Meters)...)
	if res, err := rt.RoundTrip(get(t, "http://shop.test/")); res != nil || err != nil {
		t.Errorf("got %v, %v", res, err)
	}
	if span := rec.One(t); span.Status().Code != codes.Error {
		t.Errorf("the status is %v", span.Status())
	}
	rec.Reset()
	rt = NewTransport(roundTripFunc(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusOK}, nil
	}), options(rec.Tracers, rec.Meters)...)
	if res, err := rt.RoundTrip(get(t, "http://shop.test/")); err != nil || res.Body != nil {
		t.Errorf("got %v, %v", res, err)
	}
	conformance.Want(t, rec.One(t), map[string]string{"http.response.status_code": "200"})
}
