package ttloghttp

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/ttlog/ttlog/instrument/internal/httpsemconv"
)

// writer notes the status and the size of a response on its way to base. Which
// optional interfaces base has is copied by wrap.
type writer struct {
	base     http.ResponseWriter
	request  *http.Request // as it came
	status   int
	size     int64
	late     bool // the status is an error that the client had not waited for
	hijacked bool
	wrote    func() // nil without events
}

// Header implements [http.ResponseWriter].
func (w *writer) Header() http.Header { return w.base.Header() }

// Unwrap lets [http.ResponseController] reach what writer does not know of.
func (w *writer) Unwrap() http.ResponseWriter { return w.base }

// WriteHeader implements [http.ResponseWriter]. Only the first final status
// counts: 1xx answers, but for a protocol switch, come before it.
func (w *writer) WriteHeader(code int) {
	if w.status == 0 && (code >= 200 || code == http.StatusSwitchingProtocols) {
		w.status = code
		// Asked here and not at the end: a client may also leave because it
		// has got its error.
		w.late = code >= 500 && httpsemconv.Left(w.request)
	}
	w.base.WriteHeader(code)
}

func (w *writer) began() {
	if w.status == 0 {
		w.status = http.StatusOK
	}
}

// passed counts bytes of the body.
func (w *writer) passed(n int64) {
	w.size += n
	if w.wrote != nil {
		w.wrote()
	}
}

// Write implements [http.ResponseWriter].
func (w *writer) Write(b []byte) (int, error) {
	w.began()
	n, err := w.base.Write(b)
	w.passed(int64(n))
	return n, err
}

// WriteString implements [io.StringWriter].
func (w *writer) WriteString(s string) (int, error) {
	w.began()
	n, err := io.WriteString(w.base, s)
	w.passed(int64(n))
	return n, err
}

// SetReadDeadline and its like are what [http.ResponseController] calls. Code
// from before it asserts them on the writer itself.
func (w *writer) SetReadDeadline(t time.Time) error {
	return http.NewResponseController(w.base).SetReadDeadline(t)
}

// SetWriteDeadline sets the deadline for writing the response.
func (w *writer) SetWriteDeadline(t time.Time) error {
	return http.NewResponseController(w.base).SetWriteDeadline(t)
}

// EnableFullDuplex lets a handler read while it writes.
func (w *writer) EnableFullDuplex() error {
	return http.NewResponseController(w.base).EnableFullDuplex()
}

// CloseNotify is always there, because frameworks that predate
// [http.Request.Context] assert it without asking. Where base has none, the
// channel never fires.
func (w *writer) CloseNotify() <-chan bool {
	if c, ok := w.base.(http.CloseNotifier); ok { //nolint:staticcheck // gin's Stream still calls it
		return c.CloseNotify()
	}
	return make(chan bool, 1)
}

func (w *writer) flush() {
	w.began()
	w.base.(http.Flusher).Flush()
}

func (w *writer) flushError() error {
	w.began()
	if f, ok := w.base.(interface{ FlushError() error }); ok {
		return f.FlushError()
	}
	w.base.(http.Flusher).Flush()
	return nil
}

func (w *writer) hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := w.base.(http.Hijacker).Hijack()
	w.hijacked = w.hijacked || err == nil
	return conn, rw, err
}

func (w *writer) readFrom(src io.Reader) (int64, error) {
	// An empty source writes nothing, but the status is then 200 all the same.
	w.began()
	n, err := w.base.(io.ReaderFrom).ReadFrom(src)
	w.passed(n)
	return n, err
}

func (w *writer) push(target string, opts *http.PushOptions) error {
	return w.base.(http.Pusher).Push(target, opts)
}
