package receiver

import (
	"context"
	"errors"
	"mime"
	"net/http"
	"os"
	"strconv"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/ttlog/ttlog/internal/hops"
	"github.com/ttlog/ttlog/internal/otlpjson"
	"github.com/ttlog/ttlog/internal/otlpwire"
)

const (
	typeProtobuf = "application/x-protobuf"
	typeJSON     = "application/json"
	typeText     = "text/plain; charset=utf-8"
)

// HTTPHandler returns the handler of /v1/traces, /v1/logs and /v1/metrics;
// other paths are 404.
func (r *Receiver) HTTPHandler() http.Handler {
	mux := http.NewServeMux()
	for _, s := range []otlpwire.Signal{otlpwire.Traces, otlpwire.Logs, otlpwire.Metrics} {
		mux.HandleFunc("/v1/"+s.String(), func(w http.ResponseWriter, req *http.Request) { r.serve(w, req, s) })
	}
	return mux
}

func (r *Receiver) serve(w http.ResponseWriter, req *http.Request, s otlpwire.Signal) {
	// The deadline holds for refused requests too: the server reads some of
	// what is left of their bodies. A writer that is not a connection's, as in
	// tests, knows no deadlines.
	deadline := http.NewResponseController(w)
	_ = deadline.SetReadDeadline(time.Now().Add(r.opts.ReadTimeout))
	c := exchange{r: r, w: w, req: req, signal: s, lease: lease{budget: &r.inFlight}}
	defer c.end()
	payload, f := c.payload()
	if f == nil {
		// The body is here. Whoever waits for room or for the disk now is not
		// to be cut off for it.
		_ = deadline.SetReadDeadline(time.Time{})
	}
	var a otlpwire.Admission
	if f == nil {
		a, f = r.accept(req.Context(), s, payload)
	}
	if f != nil {
		r.stats.refused(s, HTTP, f.reason)
		c.refuse(f)
		return
	}
	r.opts.Trail.Add(req.Header.Get(hops.Header))
	r.stats.accepted(s, HTTP, &a)
	w.Header().Set("Content-Type", c.contentType)
	answer := response(&a)
	if c.contentType == typeJSON {
		answer = responseJSON(s, &a)
	}
	if len(answer) > 0 {
		_, _ = w.Write(answer) // a client that is gone sends again
	}
}

// exchange is one request over HTTP and its answer.
type exchange struct {
	r      *Receiver
	w      http.ResponseWriter
	req    *http.Request
	signal otlpwire.Signal
	lease  lease
	// translated is the lease of a JSON body's protobuf, which alone is on the
	// heap: all others need no allocation.
	translated *lease

	contentType string // of the request and so of the answer; "" when not one of ours
	code        int    // overrides the answer's code when not 0
}

func (c *exchange) end() {
	c.lease.end()
	if c.translated != nil {
		c.translated.end()
	}
}

// payload returns the request's protobuf bytes, valid until the lease ends.
func (c *exchange) payload() ([]byte, *refusal) {
	encoding, f := c.headers()
	if f != nil {
		return nil, f
	}
	if c.req.ContentLength > int64(c.r.opts.MaxBodyBytes) {
		return nil, c.r.tooLarge()
	}
	body, err := c.lease.readAll(c.req.Body, c.r.opts.MaxBodyBytes, c.req.ContentLength)
	if err != nil {
		return nil, c.r.unread(err)
	}
	if encoding != "" {
		if body, err = c.r.decompress(c.req.Context(), encoding, body, &c.lease); err != nil {
			return nil, c.r.undecoded(err)
		}
	}
	if c.contentType == typeProtobuf {
		return body, nil
	}
	return c.fromJSON(body)
}

// fromJSON returns the protobuf of a JSON body.
func (c *exchange) fromJSON(body []byte) ([]byte, *refusal) {
	l := &lease{budget: &c.r.inFlight}
	c.translated = l
	request, err := otlpjson.Request(c.signal, body, l.take)
	switch {
	case errors.Is(err, otlpwire.ErrNoRoom):
		return nil, c.r.noRoom(l)
	case err != nil:
		return nil, refuse(malformed, "%s", err)
	}
	return request, nil
}

// headers checks method, type and encoding, and returns the encoding.
func (c *exchange) headers() (encoding string, f *refusal) {
	t, _, err := mime.ParseMediaType(c.req.Header.Get("Content-Type"))
	if err == nil && (t == typeProtobuf || t == typeJSON) {
		c.contentType = t
	}
	if f := c.r.enter(c.req); f != nil {
		return "", f
	}
	if c.req.Method != http.MethodPost {
		c.code = http.StatusMethodNotAllowed
		c.w.Header().Set("Allow", http.MethodPost)
		return "", refuse(unsupported, "method %.20q: want POST", c.req.Method)
	}
	if c.contentType == "" {
		return "", refuse(unsupported, "content type %.100q: want %s or %s", c.req.Header.Get("Content-Type"), typeProtobuf, typeJSON)
	}
	if encoding, f = encodingOf(c.req.Header.Values("Content-Encoding")); f != nil {
		c.w.Header().Set("Accept-Encoding", acceptEncodings)
	}
	return encoding, f
}

// unread is the refusal of a body that could not be read.
func (r *Receiver) unread(err error) *refusal {
	switch {
	case errors.Is(err, errTooLarge):
		return r.tooLarge()
	case errors.Is(err, errNoBudget):
		return r.busy()
	case errors.Is(err, os.ErrDeadlineExceeded):
		return refuse(tooSlow, "request did not arrive within %s", r.opts.ReadTimeout)
	}
	return refuse(aborted, "read body: %s", err)
}

// undecoded is the refusal of a body that could not be decompressed.
func (r *Receiver) undecoded(err error) *refusal {
	switch {
	case errors.Is(err, errTooLarge):
		return r.tooLarge()
	case errors.Is(err, errNoBudget):
		return r.busy()
	case errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded):
		return refuse(aborted, "decompress body: %s", err)
	}
	return refuse(malformed, "decompress body: %s", err)
}

// refuse answers with the error.
func (c *exchange) refuse(f *refusal) {
	code := c.code
	if code == 0 {
		code = answers[f.reason].http
	}
	h := c.w.Header()
	if answers[f.reason].later {
		h.Set("Retry-After", strconv.FormatInt(c.r.retryAfterSeconds(), 10))
	}
	st := c.r.status(f).Proto()
	var body []byte
	var err error
	switch c.contentType {
	case typeProtobuf:
		h.Set("Content-Type", typeProtobuf)
		body, err = proto.Marshal(st)
	case typeJSON:
		h.Set("Content-Type", typeJSON)
		body, err = protojson.Marshal(st)
	default:
		h.Set("Content-Type", typeText)
		h.Set("X-Content-Type-Options", "nosniff")
		body = append([]byte(f.text), '\n')
	}
	if err != nil {
		body = nil // the text is UTF-8, and so nothing can fail
	}
	c.w.WriteHeader(code)
	_, _ = c.w.Write(body) // the client may be gone
}
