package ttloghttp

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"sync/atomic"

	"github.com/ttlog/ttlog/instrument/internal/httpsemconv"
)

var (
	errPanicked   = errors.New("ttloghttp: the base transport panicked")
	errNoResponse = errors.New("ttloghttp: the base transport returned neither a response nor an error")
)

// outgoing is one call of the transport, the request that it sends in the place
// of the caller's, and what must outlive the response's body: one allocation.
type outgoing struct {
	httpsemconv.Call
	sent   http.Request
	ending ending
}

// body ends the call when the response has been read, failed, closed or
// forgotten.
type body struct {
	base   io.ReadCloser
	ending *ending
	// forgotten waits for the garbage collector to find a body that nobody
	// read to its end or closed.
	forgotten runtime.Cleanup
}

// ending is what must outlive a body. Read, Close and the garbage collector may
// come from different goroutines, so ending is atomic.
type ending struct {
	call *httpsemconv.Call
	done atomic.Bool
	read atomic.Int64 // bytes
}

func (e *ending) abandon() {
	if e.done.CompareAndSwap(false, true) {
		e.call.Abandon()
	}
}

// newBody wraps the body of res. A response without one has ended already; the
// body of a protocol switch stays writable.
func newBody(res *http.Response, o *outgoing) io.ReadCloser {
	if res.Body == nil || res.Body == http.NoBody {
		o.End(nil, 0)
		return res.Body
	}
	o.ending.call = &o.Call
	b := &body{base: res.Body, ending: &o.ending}
	b.forgotten = runtime.AddCleanup(b, (*ending).abandon, b.ending)
	if w, ok := res.Body.(io.Writer); ok {
		return &writableBody{body: b, Writer: w}
	}
	return b
}

func (b *body) end(err error) {
	if b.ending.done.CompareAndSwap(false, true) {
		b.forgotten.Stop()
		b.ending.call.End(err, b.ending.read.Load())
	}
}

// Read implements [io.Reader].
func (b *body) Read(p []byte) (int, error) {
	n, err := b.base.Read(p)
	b.ending.read.Add(int64(n))
	switch err {
	case nil:
	case io.EOF: // as readers compare it: an error that wraps it is none of the kind
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

// CloseWrite lets [httputil.ReverseProxy] pass on that one side has ended.
func (b *writableBody) CloseWrite() error {
	if c, ok := b.Writer.(interface{ CloseWrite() error }); ok {
		return c.CloseWrite()
	}
	return fmt.Errorf("ttloghttp: close the writing half of a response's body: %w", http.ErrNotSupported)
}
