package exec

import (
	"context"
	"sync"

	"github.com/ttlog/ttlog/query/eval"
)

// gate keeps the frames that are worked on at once within half of a budget, and
// within what the query reserved, so that many cores do not fail a query that
// few would answer. It is for one
// goroutine that enters, and any number that leave.
type gate struct {
	limit int64
	freed chan struct{}

	mu      sync.Mutex
	inside  int64 // frames; guarded by mu
	largest int64 // bytes that a frame took so far, or may take; guarded by mu
	known   bool  // a frame has left: largest is more than a guess; guarded by mu
}

func newGate(b *eval.Budget) *gate { return &gate{limit: b.Frames, freed: make(chan struct{}, 1)} }

// enter waits until there is room for a frame of about n bytes. One frame
// always has room, and no more than two before the first has shown its size.
func (g *gate) enter(ctx context.Context, n int64) error {
	for {
		g.mu.Lock()
		g.largest = max(g.largest, n)
		ok := g.inside == 0 || (g.inside+1)*g.largest <= g.limit && (g.known || g.inside < 2)
		if ok {
			g.inside++
		}
		g.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-g.freed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// leave says that a frame is done with, and how many bytes it took.
func (g *gate) leave(n int64) {
	g.mu.Lock()
	g.inside--
	g.known = true
	g.largest = max(g.largest, n)
	g.mu.Unlock()
	select {
	case g.freed <- struct{}{}:
	default:
	}
}
