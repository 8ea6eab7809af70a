package receiver

import (
	"errors"
	"io"
	"sync"
	"sync/atomic"
)

// budget bounds the bytes that all requests hold together.
type budget struct {
	limit int64 // immutable
	used  atomic.Int64
}

// take takes n bytes, or nothing and returns false.
func (b *budget) take(n int64) bool {
	if b.used.Add(n) > b.limit {
		b.used.Add(-n)
		return false
	}
	return true
}

// lease is what one request holds of the budget. It is for one goroutine.
type lease struct {
	budget *budget
	held   int64
	asked  int64     // held, or what it would have been
	bufs   []*[]byte // from the pool
}

func (l *lease) take(n int) bool {
	l.asked = l.held + int64(n)
	if !l.budget.take(int64(n)) {
		return false
	}
	l.held += int64(n)
	return true
}

// end gives everything back; the buffers that readAll returned with it.
func (l *lease) end() {
	l.budget.used.Add(-l.held)
	l.held = 0
	for _, b := range l.bufs {
		if cap(*b) <= maxPooledBytes {
			*b = (*b)[:0]
			buffers.Put(b)
		}
	}
	l.bufs = nil
}

var buffers = sync.Pool{New: func() any { b := make([]byte, 0, minBuffer); return &b }}

const minBuffer = 4 << 10

// What ends readAll early.
var (
	errTooLarge = errors.New("body exceeds the limit")
	errNoBudget = errors.New("too many bytes in flight")
)

// readAll reads src to its end, at most limit bytes. hint is how many to
// expect, or less than 0. Memory grows with what really arrives, whatever the
// hint says. The result is valid until the lease ends.
func (l *lease) readAll(src io.Reader, limit int, hint int64) ([]byte, error) {
	p := buffers.Get().(*[]byte)
	l.bufs = append(l.bufs, p)
	buf := (*p)[:0]
	if !l.take(cap(buf)) {
		return nil, errNoBudget
	}
	for {
		if len(buf) == cap(buf) {
			size := 2 * cap(buf)
			if hint > int64(len(buf)) && hint < int64(4*cap(buf)) {
				size = int(hint) + 1 // one more, to see the end without growing
			}
			size = min(size, limit+1)
			if size <= len(buf) {
				return nil, errTooLarge
			}
			if !l.take(size - cap(buf)) {
				return nil, errNoBudget
			}
			grown := make([]byte, len(buf), size)
			copy(grown, buf)
			buf = grown
			*p = buf
		}
		n, err := src.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if len(buf) > limit {
			return nil, errTooLarge
		}
		if errors.Is(err, io.EOF) {
			return buf, nil
		}
		if err != nil {
			return nil, err
		}
	}
}
