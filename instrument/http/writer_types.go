package ttloghttp

import (
	"bufio"
	"io"
	"net"
	"net/http"
)

// One type for each set of optional interfaces, so that a type assertion on the
// wrapped writer answers as it would on the writer itself. The letters say
// which: F Flusher, H Hijacker, R ReaderFrom, P Pusher. Each holds one pointer,
// so making an interface value of it allocates nothing; composing them at run
// time from smaller parts would.
type (
	writerF    struct{ *writer }
	writerH    struct{ *writer }
	writerFH   struct{ *writer }
	writerR    struct{ *writer }
	writerFR   struct{ *writer }
	writerHR   struct{ *writer }
	writerFHR  struct{ *writer }
	writerP    struct{ *writer }
	writerFP   struct{ *writer }
	writerHP   struct{ *writer }
	writerFHP  struct{ *writer }
	writerRP   struct{ *writer }
	writerFRP  struct{ *writer }
	writerHRP  struct{ *writer }
	writerFHRP struct{ *writer }
)

const (
	hasFlusher = 1 << iota
	hasHijacker
	hasReaderFrom
	hasPusher
)

// wrap returns w with exactly the optional interfaces of its base.
func (w *writer) wrap() http.ResponseWriter {
	has := 0
	if _, ok := w.base.(http.Flusher); ok {
		has |= hasFlusher
	}
	if _, ok := w.base.(http.Hijacker); ok {
		has |= hasHijacker
	}
	if _, ok := w.base.(io.ReaderFrom); ok {
		has |= hasReaderFrom
	}
	if _, ok := w.base.(http.Pusher); ok {
		has |= hasPusher
	}
	switch has {
	case hasFlusher:
		return writerF{w}
	case hasHijacker:
		return writerH{w}
	case hasFlusher | hasHijacker:
		return writerFH{w}
	case hasReaderFrom:
		return writerR{w}
	case hasFlusher | hasReaderFrom:
		return writerFR{w}
	case hasHijacker | hasReaderFrom:
		return writerHR{w}
	case hasFlusher | hasHijacker | hasReaderFrom:
		return writerFHR{w}
	case hasPusher:
		return writerP{w}
	case hasFlusher | hasPusher:
		return writerFP{w}
	case hasHijacker | hasPusher:
		return writerHP{w}
	case hasFlusher | hasHijacker | hasPusher:
		return writerFHP{w}
	case hasReaderFrom | hasPusher:
		return writerRP{w}
	case hasFlusher | hasReaderFrom | hasPusher:
		return writerFRP{w}
	case hasHijacker | hasReaderFrom | hasPusher:
		return writerHRP{w}
	case hasFlusher | hasHijacker | hasReaderFrom | hasPusher:
		return writerFHRP{w}
	}
	return w
}

func (w writerF) Flush()            { w.flush() }
func (w writerF) FlushError() error { return w.flushError() }

func (w writerH) Hijack() (net.Conn, *bufio.ReadWriter, error) { return w.hijack() }

func (w writerFH) Flush()                                       { w.flush() }
func (w writerFH) FlushError() error                            { return w.flushError() }
func (w writerFH) Hijack() (net.Conn, *bufio.ReadWriter, error) { return w.hijack() }

func (w writerR) ReadFrom(src io.Reader) (int64, error) { return w.readFrom(src) }

func (w writerFR) Flush()                                { w.flush() }
func (w writerFR) FlushError() error                     { return w.flushError() }
func (w writerFR) ReadFrom(src io.Reader) (int64, error) { return w.readFrom(src) }

func (w writerHR) Hijack() (net.Conn, *bufio.ReadWriter, error) { return w.hijack() }
func (w writerHR) ReadFrom(src io.Reader) (int64, error)        { return w.readFrom(src) }

func (w writerFHR) Flush()                                       { w.flush() }
func (w writerFHR) FlushError() error                            { return w.flushError() }
func (w writerFHR) Hijack() (net.Conn, *bufio.ReadWriter, error) { return w.hijack() }
func (w writerFHR) ReadFrom(src io.Reader) (int64, error)        { return w.readFrom(src) }

func (w writerP) Push(t string, o *http.PushOptions) error { return w.push(t, o) }

func (w writerFP) Flush()                                   { w.flush() }
func (w writerFP) FlushError() error                        { return w.flushError() }
func (w writerFP) Push(t string, o *http.PushOptions) error { return w.push(t, o) }

func (w writerHP) Hijack() (net.Conn, *bufio.ReadWriter, error) { return w.hijack() }
func (w writerHP) Push(t string, o *http.PushOptions) error     { return w.push(t, o) }

func (w writerFHP) Flush()                                       { w.flush() }
func (w writerFHP) FlushError() error                            { return w.flushError() }
func (w writerFHP) Hijack() (net.Conn, *bufio.ReadWriter, error) { return w.hijack() }
func (w writerFHP) Push(t string, o *http.PushOptions) error     { return w.push(t, o) }

func (w writerRP) ReadFrom(src io.Reader) (int64, error)    { return w.readFrom(src) }
func (w writerRP) Push(t string, o *http.PushOptions) error { return w.push(t, o) }

func (w writerFRP) Flush()                                   { w.flush() }
func (w writerFRP) FlushError() error                        { return w.flushError() }
func (w writerFRP) ReadFrom(src io.Reader) (int64, error)    { return w.readFrom(src) }
func (w writerFRP) Push(t string, o *http.PushOptions) error { return w.push(t, o) }

func (w writerHRP) Hijack() (net.Conn, *bufio.ReadWriter, error) { return w.hijack() }
func (w writerHRP) ReadFrom(src io.Reader) (int64, error)        { return w.readFrom(src) }
func (w writerHRP) Push(t string, o *http.PushOptions) error     { return w.push(t, o) }

func (w writerFHRP) Flush()                                       { w.flush() }
func (w writerFHRP) FlushError() error                            { return w.flushError() }
func (w writerFHRP) Hijack() (net.Conn, *bufio.ReadWriter, error) { return w.hijack() }
func (w writerFHRP) ReadFrom(src io.Reader) (int64, error)        { return w.readFrom(src) }
func (w writerFHRP) Push(t string, o *http.PushOptions) error     { return w.push(t, o) }
