package exec

import (
	"context"
	"errors"

	"golang.org/x/sync/errgroup"

	"github.com/ttlog/ttlog/query/eval"
)

// streamJob is a morsel on its way through a worker. The worker sends the
// morsel's output on out and closes it; the consumer takes the jobs in the
// order of the scan, so that the same query gives the same rows in the same
// order, and no more than a few chunks wait anywhere.
type streamJob struct {
	m     morsel
	out   chan streamChunk
	bytes int64 // of the frames' columns; set before out is closed
	chunk int64 // of the largest chunk; set before out is closed
}

// streamChunk owns the memory of its columns, and those the frames'.
type streamChunk struct {
	cols  []*eval.Vec
	n     int
	bytes int64
}

// Ordered runs op and gives its rows to emit in order, at most size at a time. An
// emit that returns errStop ends it without an error.
func (x *Exec) Ordered(ctx context.Context, op Operator, size int, emit func([]*eval.Vec, int) error) error {
	if s, ok := op.(serial); ok {
		return s.rows(ctx, x, emit)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	bud := x.Budget.Part()
	defer bud.Close()
	room := newGate(bud)
	grp, ctx := errgroup.WithContext(ctx)
	jobs := make(chan *streamJob)
	queue := make(chan *streamJob, 2*x.workers)
	grp.Go(func() (err error) {
		defer close(queue)
		defer close(jobs)
		defer Recovered(&err)
		for m, err := range op.morsels(ctx, x) {
			if err == nil {
				err = room.enter(ctx, m.weight())
			}
			if err != nil {
				return err
			}
			j := &streamJob{m: m, out: make(chan streamChunk, 1)}
			// The queue first: a worker's job is always one that the
			// consumer will come to.
			for _, to := range []chan *streamJob{queue, jobs} {
				select {
				case to <- j:
				case <-ctx.Done():
					return ctx.Err()
				}
			}
		}
		return nil
	})
	for range x.workers {
		grp.Go(func() (err error) {
			defer Recovered(&err)
			w := newWorker(ctx, bud, size)
			for j := range jobs {
				if err := j.emitChunks(w); err != nil {
					return err
				}
			}
			return nil
		})
	}
	err := consume(ctx, queue, bud, room, emit)
	if err != nil {
		cancel()
	}
	if werr := grp.Wait(); err == nil || errors.Is(err, context.Canceled) && werr != nil {
		err = werr
	}
	if errors.Is(err, errStop) {
		return nil
	}
	return err
}

// consume emits the jobs' output in order, and gives back what each held.
func consume(ctx context.Context, queue chan *streamJob, bud *eval.Budget, room *gate, emit func([]*eval.Vec, int) error) error {
	for j := range queue {
		for open := true; open; {
			select {
			case c, ok := <-j.out:
				if open = ok; !ok {
					room.leave(j.bytes + 2*j.chunk) // one waits, one is made
					_ = bud.Grab(-j.bytes, "")      // giving back cannot fail
					break
				}
				if err := emit(c.cols, c.n); err != nil {
					return err
				}
				_ = bud.Grab(-c.bytes, "")
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
	return nil
}

// emitChunks runs the job's morsel and sends what it gives.
func (j *streamJob) emitChunks(w *worker) error {
	send := func(cols []*eval.Vec, n int) error {
		out := streamChunk{n: n, cols: cols}
		for _, ev := range w.evals {
			if ev.Err != nil {
				return ev.Err
			}
			out.bytes += ev.Disown(&ev.Made)
		}
		j.chunk = max(j.chunk, out.bytes)
		select {
		case j.out <- out:
			return nil
		case <-w.ctx.Done():
			return w.ctx.Err()
		}
	}
	err := j.m.run(w, func(b *batch) error {
		if f, ok := b.f.(*eval.VecFrame); ok && b.all && f.Len <= w.size {
			return send(f.Cols, f.Len)
		}
		return b.chunks(w.size, func(ev *eval.Evaluator, _ uint64) error {
			cols := make([]*eval.Vec, b.f.Width())
			for i := range cols {
				cols[i] = ev.Gather(i)
			}
			return send(cols, ev.Rows)
		})
	})
	if err != nil {
		return err
	}
	for _, ev := range w.evals {
		j.bytes += ev.Disown(&ev.Decoded)
		ev.Enter(nil)
		if ev.Err != nil {
			return ev.Err
		}
	}
	close(j.out)
	return nil
}
