package ttloghttp

import (
	"bufio"
	"io"
	"net"
	"net/http"
)

// writer notes the status of a response on its way to base. Which optional
// interfaces base has is copied by wrap.
type writer struct {
	base     http.ResponseWriter
	status   int
	hijacked bool
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
	}
	w.base.WriteHeader(code)
}

func (w *writer) began() {
	if w.status == 0 {
		w.status = http.StatusOK
	}
}

// Write implements [http.ResponseWriter].
func (w *writer) Write(b []byte) (int, error) {
	w.began()
	return w.base.Write(b)
}

// WriteString implements [io.StringWriter].
func (w *writer) WriteString(s string) (int, error) {
	w.began()
	return io.WriteString(w.base, s)
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
	return w.base.(io.ReaderFrom).ReadFrom(src)
}

func (w *writer) push(target string, opts *http.PushOptions) error {
	return w.base.(http.Pusher).Push(target, opts)
}
