package otlp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/ttlog/ttlog/internal/hops"
	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/internal/redact"
)

const contentProtobuf = "application/x-protobuf"

// httpSender speaks OTLP/HTTP with protobuf bodies.
type httpSender struct {
	// Immutable after newHTTPSender.
	url       string
	via       func() string // may be nil
	client    *http.Client
	transport *http.Transport
	header    http.Header
	gzip      bool
}

func newHTTPSender(t Target, a address, via func() string) (*httpSender, error) {
	tlsConfig, err := t.tlsConfig()
	if err != nil {
		return nil, err
	}
	// As http.DefaultTransport is, which the application may have replaced.
	transport := &http.Transport{
		Proxy:                 proxy,
		DialContext:           (&net.Dialer{Timeout: 30 * time.Second}).DialContext,
		TLSClientConfig:       tlsConfig,
		ForceAttemptHTTP2:     true,
		MaxIdleConnsPerHost:   4,
		IdleConnTimeout:       90 * time.Second,
		TLSHandshakeTimeout:   10 * time.Second,
		ExpectContinueTimeout: time.Second,
	}
	s := &httpSender{url: a.url, via: via, transport: transport, header: make(http.Header), gzip: t.Compression == CompressionGzip}
	s.client = &http.Client{
		Transport: transport,
		// A redirect would send the body, headers and their secrets to a
		// host nobody configured.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	s.header.Set("User-Agent", userAgent)
	for k, v := range t.Headers {
		s.header.Set(k, v)
	}
	s.header.Set("Content-Type", contentProtobuf)
	if s.gzip {
		s.header.Set("Content-Encoding", "gzip")
	}
	return s, nil
}

func (s *httpSender) close() error {
	s.transport.CloseIdleConnections()
	return nil
}

func (s *httpSender) send(ctx context.Context, _ otlpwire.Signal, payload []byte) ([]byte, error) {
	if s.gzip {
		buf := compressed.Get().(*bytes.Buffer)
		defer putCompressed(buf)
		if err := gzipTo(buf, payload); err != nil {
			return nil, s.fail(err)
		}
		payload = buf.Bytes()
	}
	var out lentBytes
	defer out.takeBack()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, out.lend(payload))
	if err != nil {
		return nil, s.fail(err)
	}
	req.Header = s.header.Clone()
	if s.via != nil {
		req.Header.Set(hops.Header, s.via())
	}
	req.ContentLength = int64(len(payload))
	req.GetBody = func() (io.ReadCloser, error) { return out.lend(payload), nil }
	resp, err := s.client.Do(req)
	if err != nil {
		return nil, s.fail(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxResponseBytes))
	if resp.StatusCode/100 != 2 {
		return nil, s.refused(resp, body)
	}
	if err != nil {
		// The status line says that the request was taken; what is lost with
		// the rest is at most a note about a part of it.
		return nil, nil
	}
	if contentType(resp) != contentProtobuf {
		return nil, nil
	}
	return body, nil
}

// fail is the error of an attempt that got no answer.
func (s *httpSender) fail(err error) error {
	if ue, ok := errors.AsType[*url.Error](err); ok {
		err = ue.Err // the URL is in our own text already
	}
	return &Error{endpoint: redact.URL(s.url), Message: err.Error(), cause: err, verdict: unreachable}
}

// refused is the error of an answer that is no success.
func (s *httpSender) refused(resp *http.Response, body []byte) error {
	e := &Error{endpoint: redact.URL(s.url), Status: resp.Status, Message: statusText(contentType(resp), body)}
	if e.verdict = httpVerdict(resp.StatusCode); !e.permanent {
		e.RetryAfter = retryAfter(resp.Header.Get("Retry-After"), time.Now())
	}
	if location := resp.Header.Get("Location"); location != "" && resp.StatusCode/100 == 3 {
		e.Message = fmt.Sprintf("redirects are not followed (to %q)", redact.URL(clip([]byte(location))))
	}
	return e
}

// httpVerdict follows OTLP in what may be retried, but for what is said of the
// sender and not of the request: credentials, those of a proxy and a client
// that was too slow among them, and redirects. A 500 is what INTERNAL is over
// gRPC.
func httpVerdict(code int) verdict {
	switch code {
	case http.StatusTooManyRequests:
		return throttled
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout, http.StatusRequestTimeout:
		return unavailable
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusProxyAuthRequired:
		return unauthorized
	case http.StatusRequestEntityTooLarge:
		return tooLarge
	case http.StatusBadRequest, http.StatusUnprocessableEntity, http.StatusInternalServerError:
		return rejected
	}
	if code/100 == 3 {
		return redirected
	}
	return unsupported
}

// proxy is that of the environment. An error does not show its password.
func proxy(r *http.Request) (*url.URL, error) {
	u, err := http.ProxyFromEnvironment(r)
	if err != nil {
		return nil, errors.New(redact.Text(err.Error()))
	}
	return u, nil
}

// statusText returns the message of a google.rpc.Status (field 2), or the
// text of a textual answer.
func statusText(contentType string, body []byte) string {
	if contentType != contentProtobuf {
		return clip(bytes.TrimSpace(body))
	}
	for f := otlpwire.Scan(body); f.Next(); {
		if f.Num == 2 {
			return clip(f.Bytes())
		}
	}
	return ""
}

func contentType(resp *http.Response) string {
	t, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if err != nil {
		return ""
	}
	return t
}

// retryAfter reads a Retry-After header: seconds or an HTTP date.
func retryAfter(v string, now time.Time) time.Duration {
	if v == "" {
		return 0
	}
	d := time.Duration(0)
	if seconds, err := strconv.ParseUint(v, 10, 63); err == nil {
		d = time.Duration(min(seconds, uint64(maxRetryAfter/time.Second))) * time.Second
	} else if at, err := http.ParseTime(v); err == nil {
		d = at.Sub(now)
	}
	return min(max(d, 0), maxRetryAfter)
}

var (
	compressed  = sync.Pool{New: func() any { return new(bytes.Buffer) }}
	compressors = sync.Pool{New: func() any { return gzip.NewWriter(io.Discard) }}
)

// maxPooledBytes keeps one huge request from staying in the pool.
const maxPooledBytes = 4 << 20

func putCompressed(b *bytes.Buffer) {
	if b.Cap() <= maxPooledBytes {
		b.Reset()
		compressed.Put(b)
	}
}

func gzipTo(dst *bytes.Buffer, src []byte) error {
	w := compressors.Get().(*gzip.Writer)
	defer compressors.Put(w)
	w.Reset(dst)
	if _, err := w.Write(src); err != nil {
		return fmt.Errorf("gzip: %w", err)
	}
	if err := w.Close(); err != nil {
		return fmt.Errorf("gzip: %w", err)
	}
	return nil
}

// lentBytes lends a buffer to the HTTP transport, which may go on reading a
// request's body after the call that sent it has returned. After takeBack no
// reader touches the buffer any more.
type lentBytes struct {
	mu    sync.Mutex
	taken bool
}

func (l *lentBytes) lend(b []byte) io.ReadCloser { return &lentReader{owner: l, rest: b} }

func (l *lentBytes) takeBack() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.taken = true
}

type lentReader struct {
	owner *lentBytes
	rest  []byte
}

func (r *lentReader) Read(p []byte) (int, error) {
	r.owner.mu.Lock()
	defer r.owner.mu.Unlock()
	if r.owner.taken {
		return 0, errors.New("otlp: request is over")
	}
	if len(r.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

func (r *lentReader) Close() error { return nil }
