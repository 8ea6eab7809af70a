package ttloghttp

import (
	"errors"
	"io"
	"net/http"
	"sync/atomic"

	"github.com/ttlog/ttlog/instrument/internal/httpsemconv"
)

var errPanicked = errors.New("ttloghttp: the base transport panicked")

// body ends the call when the response has been read, failed or closed. Read
// and Close may come from different goroutines, so ending is atomic.
type body struct {
	base  io.ReadCloser
	call  *httpsemconv.Call
	ended atomic.Bool
}

// newBody wraps the body of res. A response without one has ended already; the
// body of a protocol switch stays writable.
func newBody(res *http.Response, call *httpsemconv.Call) io.ReadCloser {
	if res.Body == nil || res.Body == http.NoBody {
		call.End(nil)
		return res.Body
	}
	b := &body{base: res.Body, call: call}
	if w, ok := res.Body.(io.Writer); ok {
		return &writableBody{body: b, Writer: w}
	}
	return b
}

func (b *body) end(err error) {
	if b.ended.CompareAndSwap(false, true) {
		b.call.End(err)
	}
}

// Read implements [io.Reader].
func (b *body) Read(p []byte) (int, error) {
	n, err := b.base.Read(p)
	switch {
	case err == nil:
	case errors.Is(err, io.EOF):
		b.end(nil)
	default:
		b.end(err)
	}
	return n, err
}

// Close implements [io.Closer]. Closing before the end is how a caller that
// needs no more says so, and not an error.
func (b *body) Close() error {
	err := b.base.Close()
	b.end(nil)
	return err
}

type writableBody struct {
	*body
	io.Writer
}
