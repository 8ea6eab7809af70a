// Package freelist keeps a few values that are expensive to make for whoever
// needs one next. A sync.Pool keeps one for each core that ever had one, until
// the garbage collector has run twice: with buffers of megabytes and many
// cores that is most of a process's memory. A [List] keeps as many as it was
// told, for good.
package freelist

// List holds values that nobody uses at present. It is safe for concurrent use.
type List[T any] struct {
	idle  chan T
	fresh func() T
}

// New returns a list that keeps at most n values and makes one where it has none.
func New[T any](n int, fresh func() T) List[T] { return List[T]{make(chan T, n), fresh} }

// Take returns a value, which is the caller's until it gives it back.
func (l List[T]) Take() T {
	select {
	case v := <-l.idle:
		return v
	default:
		return l.fresh()
	}
}

// Give gives a value back, or to the garbage collector where enough are kept.
func (l List[T]) Give(v T) {
	select {
	case l.idle <- v:
	default:
	}
}
