package eval

import (
	"context"
	"slices"
)

// Stride is how much serial work is done between two looks at the context: a
// fraction of a millisecond.
const Stride = 1 << 12

// Watch looks at a context as work goes on that is done in one piece. It belongs
// to one goroutine.
type Watch struct {
	ctx  context.Context
	work int // since the last look
}

// NewWatch returns a watch that looks at ctx.
func NewWatch(ctx context.Context) Watch { return Watch{ctx: ctx} }

// Spent says that about n steps of work were done, and returns the context's error
// where it is time to look and that has ended.
func (w *Watch) Spent(n int) error {
	if w.work += n; w.work < Stride {
		return nil
	}
	w.work = 0
	return w.ctx.Err()
}

// Interrupted returns the context's error, and looks for it each Stride of i.
func Interrupted(ctx context.Context, i int) error {
	if i%Stride != 0 {
		return nil
	}
	return ctx.Err()
}

// SortUntil sorts, or returns the context's error soon after that ended and
// leaves the list in any order.
func SortUntil[T any](ctx context.Context, list []T, compare func(a, b T) int) error {
	n, over := 0, false
	slices.SortFunc(list, func(a, b T) int {
		if n++; !over && n%Stride == 0 {
			over = ctx.Err() != nil
		}
		if over {
			return 0 // what looks sorted is soon done
		}
		return compare(a, b)
	})
	return ctx.Err()
}
