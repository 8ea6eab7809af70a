package httpsemconv

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
)

// Inner returns the request to be served in the place of r: the same with
// another context. It is part of the exchange, so that no request is allocated.
func (x *Exchange) Inner(r *http.Request, ctx context.Context) *http.Request { //nolint:revive // ctx is the new one
	if r.ContentLength < 0 && r.Trailer == nil {
		// net/http writes a trailer that was not announced into the map of the
		// request that it made. An empty one is there for both.
		r.Trailer = http.Header{}
	}
	x.given, x.inner = r, *r.WithContext(ctx)
	if r.Body != nil && (r.ContentLength < 0 || x.server.cfg.ReadEvents) && r.Body != http.NoBody {
		x.body = countedBody{ReadCloser: r.Body, exchange: x}
		x.inner.Body = &x.body
	}
	return &x.inner
}

// HandBack notes at outer what was noted at inner, a copy of it: net/http
// removes the files of a form that it finds at its own request, and a
// middleware outside may ask which pattern matched. Only what has changed is
// written, for others may be reading the rest.
func HandBack(outer, inner *http.Request) {
	if inner.MultipartForm != outer.MultipartForm {
		outer.MultipartForm = inner.MultipartForm
	}
	if outer.Form == nil && inner.Form != nil {
		outer.Form = inner.Form
	}
	if outer.PostForm == nil && inner.PostForm != nil {
		outer.PostForm = inner.PostForm
	}
	if inner.Pattern == outer.Pattern {
		return
	}
	outer.Pattern = inner.Pattern
	for rest := inner.Pattern; ; {
		_, name, ok := strings.Cut(rest, "{")
		if !ok {
			return
		}
		if name, rest, ok = strings.Cut(name, "}"); !ok {
			return
		}
		if name = strings.TrimSuffix(name, "..."); name != "$" {
			outer.SetPathValue(name, inner.PathValue(name))
		}
	}
}

// countedBody counts the bytes of a body whose length the head did not tell.
// The transport of a reverse proxy may still read when the handler has returned.
type countedBody struct {
	io.ReadCloser
	exchange *Exchange
	read     atomic.Int64
}

// Read implements [io.Reader].
func (b *countedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.read.Add(int64(n))
	if b.exchange.server.cfg.ReadEvents && n > 0 {
		b.exchange.span.AddEvent("read")
	}
	return n, err
}

// requestSize returns the size of the request's body.
func (x *Exchange) requestSize() int64 {
	return max(x.inner.ContentLength, x.body.read.Load())
}
