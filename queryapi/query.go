package queryapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/ttlog/ttlog/internal/membudget"
	"github.com/ttlog/ttlog/query"
)

const (
	// maxQueryBytes bounds the body of a query: the text, its parameters, and
	// the JSON around them.
	maxQueryBytes = 4 << 20
	// heldBytes is how much of an answer is held back, so that an error up to
	// there is a problem document and not a connection that breaks off.
	heldBytes = 64 << 10
	// flushBytes is how much of an answer the encoders gather before they
	// write it.
	flushBytes = 64 << 10
	// writeTimeout is how long a client may take none of what it is sent. The
	// answer holds parts of the store open.
	writeTimeout = 30 * time.Second
)

// request is what a client asks.
type request struct {
	sql     string
	args    []any
	timeout time.Duration  // 0: the engine's
	zone    *time.Location // nil: UTC
}

// query runs SQL and streams the answer.
func (a *api) query(w http.ResponseWriter, r *http.Request) {
	format, ok := a.negotiate(r)
	if !ok {
		fail(w, http.StatusNotAcceptable, "none of the media types in Accept can be had here")
		return
	}
	req, status, err := readRequest(w, r)
	if err == nil && req.zone == nil {
		req.zone, err = decodeZone(r.URL.Query().Get("tz"))
	}
	if err != nil {
		fail(w, status, err.Error())
		return
	}
	ctx := r.Context()
	if req.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, req.timeout)
		defer cancel()
	}
	out := &heldWriter{w: newClientWriter(w), mediaType: format.MediaType()}
	ctx = membudget.WithCut(ctx, out.w.cut)
	enc := format.Encoder(out)
	engine := a.engine
	if req.zone != nil {
		engine = engine.In(req.zone)
	}
	st, err := engine.Stream(ctx, req.sql, req.args, answer{enc, w.Header()})
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() != nil {
		err = fmt.Errorf("query: timeout of %s reached: %w", req.timeout, query.ErrLimit)
	}
	if err == nil {
		err = errors.Join(enc.Close(st), out.release())
	}
	a.finish(out, r, err)
}

// finish ends an answer that was streamed.
func (a *api) finish(out *heldWriter, r *http.Request, err error) {
	switch {
	case err == nil:
	case out.released:
		// Part of the answer is with the client. Breaking the connection off
		// is the only way left to say that it is not whole.
		a.Logger.Warn("queryapi: answer cut off", "error", err)
		panic(http.ErrAbortHandler)
	default:
		a.failQuery(out.w, r, err)
	}
}

// readRequest reads the body of a query in either of its forms.
func readRequest(w http.ResponseWriter, r *http.Request) (req request, status int, err error) {
	if coding := r.Header.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		return req, http.StatusUnsupportedMediaType, fmt.Errorf("a query is sent as it is, not as %s", coding)
	}
	media := "text/plain"
	if header := r.Header.Get("Content-Type"); header != "" {
		if media, _, err = mime.ParseMediaType(header); err != nil {
			return req, http.StatusBadRequest, fmt.Errorf("Content-Type: %w", err)
		}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxQueryBytes))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return req, http.StatusRequestEntityTooLarge, fmt.Errorf("a query of more than %d bytes", maxQueryBytes)
	}
	if err != nil {
		return req, http.StatusBadRequest, err
	}
	switch media {
	case "text/plain", "application/sql", "application/x-www-form-urlencoded": // the last is what curl -d says
		return request{sql: string(body)}, http.StatusBadRequest, nil
	case "application/json":
		req, err = decodeRequest(body)
		return req, http.StatusBadRequest, err
	}
	return req, http.StatusUnsupportedMediaType, fmt.Errorf("a query is text/plain or application/json, not %s", media)
}

func decodeRequest(body []byte) (req request, err error) {
	var doc struct {
		Query   *string `json:"query"`
		Params  any     `json:"params"`
		Timeout any     `json:"timeout"`
		TZ      string  `json:"tz"`
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	d.DisallowUnknownFields()
	err = d.Decode(&doc)
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		// Its own text shows the Go type of doc.
		return req, fmt.Errorf("the body is no {\"query\", \"params\", \"timeout\", \"tz\"}: %s found at byte %d", e.Value, e.Offset)
	}
	if err != nil {
		return req, fmt.Errorf("the body is no {\"query\", \"params\", \"timeout\", \"tz\"}: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return req, errors.New("the body goes on behind the JSON document")
	}
	if doc.Query == nil {
		return req, errors.New(`the body has no "query"`)
	}
	req.sql = *doc.Query
	switch params := plain(doc.Params).(type) {
	case nil:
	case []any:
		req.args = params
		for i, v := range params {
			if err := checkValue(fmt.Sprintf("$%d", i+1), v); err != nil {
				return req, err
			}
		}
	case map[string]any:
		req.args = []any{params}
		for name, v := range params {
			if err := checkValue(":"+name, v); err != nil {
				return req, err
			}
		}
	default:
		return req, errors.New(`"params" is neither an array ($1, $2) nor an object (:name)`)
	}
	if req.zone, err = decodeZone(doc.TZ); err != nil {
		return req, err
	}
	req.timeout, err = decodeTimeout(doc.Timeout)
	return req, err
}

// decodeZone reads the name of a time zone, nil for none.
func decodeZone(name string) (*time.Location, error) {
	if name == "" {
		return nil, nil
	}
	zone, err := query.LoadZone(name)
	if err != nil {
		return nil, fmt.Errorf("\"tz\": %w", err)
	}
	return zone, nil
}

// checkValue tells of a parameter that cannot be a value in a query.
func checkValue(name string, v any) error {
	if _, isObject := v.(map[string]any); isObject {
		return fmt.Errorf(`"params": %.50s is an object; a parameter is a string, a number, true, false or null`, name)
	}
	return nil
}

// decodeTimeout reads "1.5s" or a number of seconds.
func decodeTimeout(v any) (time.Duration, error) {
	var d time.Duration
	var err error
	switch v := v.(type) {
	case nil:
		return 0, nil
	case string:
		d, err = time.ParseDuration(v)
	case json.Number:
		d, err = time.ParseDuration(v.String() + "s")
	default:
		err = errors.New("not a string")
	}
	if err != nil || d <= 0 {
		return 0, errors.New(`"timeout" is neither a duration such as "1.5s" nor a number of seconds above 0`)
	}
	return d, nil
}

// plain turns the numbers of decoded JSON into int64 or float64, in place.
func plain(v any) any {
	switch v := v.(type) {
	case json.Number:
		if n, err := strconv.ParseInt(v.String(), 10, 64); err == nil {
			return n
		}
		f, _ := v.Float64() // out of range is an infinity
		return f
	case []any:
		for i := range v {
			v[i] = plain(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = plain(v[k])
		}
	}
	return v
}

// clientWriter is a ResponseWriter that gives up on a client that takes nothing
// for a while, and at once where others need what its answer holds.
type clientWriter struct {
	http.ResponseWriter
	conn *http.ResponseController

	mu   sync.Mutex
	over bool // guarded by mu
}

func newClientWriter(w http.ResponseWriter) *clientWriter {
	return &clientWriter{ResponseWriter: w, conn: http.NewResponseController(w)}
}

// cut makes the write under way and all later ones fail. Any goroutine may
// call it.
func (c *clientWriter) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.over = true
	_ = c.conn.SetWriteDeadline(time.Now())
}

// Write writes b in pieces, each within the time that a client may take. Not
// every ResponseWriter knows deadlines; those that do not write without.
func (c *clientWriter) Write(b []byte) (n int, err error) {
	for piece := range slices.Chunk(b, flushBytes) {
		c.extend()
		m, err := c.ResponseWriter.Write(piece)
		if n += m; err != nil {
			return n, err
		}
	}
	return n, nil
}

// Flush sends what is buffered.
func (c *clientWriter) Flush() error {
	c.extend()
	if err := c.conn.Flush(); !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	return nil
}

func (c *clientWriter) extend() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.over {
		_ = c.conn.SetWriteDeadline(time.Now().Add(writeTimeout))
	}
}

// heldWriter holds the beginning of an answer back.
type heldWriter struct {
	w         *clientWriter
	mediaType string
	held      []byte
	released  bool
}

// Write passes on what no longer fits.
func (h *heldWriter) Write(b []byte) (int, error) {
	if !h.released && len(h.held)+len(b) <= heldBytes {
		h.held = append(h.held, b...)
		return len(b), nil
	}
	if err := h.release(); err != nil {
		return 0, err
	}
	return h.w.Write(b)
}

// release sends the header and what was held.
func (h *heldWriter) release() error {
	if h.released {
		return nil
	}
	h.released = true
	h.w.Header().Set("Content-Type", h.mediaType)
	h.w.WriteHeader(http.StatusOK)
	_, err := h.w.Write(h.held)
	h.held = nil
	return err
}
