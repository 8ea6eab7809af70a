package query

import (
	"context"
	"errors"
	"iter"

	"golang.org/x/sync/errgroup"
)

// streamJob is a frame on its way through a worker. The worker sends the
// frame's output on out and closes it; the consumer takes the jobs in the
// order of the scan, so that the same query gives the same rows in the same
// order, and no more than a few chunks wait anywhere.
type streamJob struct {
	f     frame
	out   chan streamChunk
	bytes int64 // of the frame's columns; set before out is closed
	chunk int64 // of the largest chunk; set before out is closed
}

// streamChunk owns the memory of its columns, and those the frame's.
type streamChunk struct {
	cols  []*vec
	n     int
	bytes int64
}

// stream emits the rows of p in the order of the scan.
func (x *exec) stream(ctx context.Context, p *plan, frames iter.Seq2[frame, error], emit func([]*vec, int) error) error {
	emit = limited(p.limit, p.offset, emit)
	if p.limit == 0 {
		return nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	bud := x.bud.part()
	defer bud.close()
	room := newGate(bud)
	grp, ctx := errgroup.WithContext(ctx)
	jobs := make(chan *streamJob)
	queue := make(chan *streamJob, 2*x.workers)
	grp.Go(func() (err error) {
		defer close(queue)
		defer close(jobs)
		defer recovered(&err)
		for f, err := range frames {
			if err == nil {
				err = room.enter(ctx, weight(f))
			}
			if err != nil {
				return err
			}
			j := &streamJob{f: f, out: make(chan streamChunk, 1)}
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
			defer recovered(&err)
			ev := newEval(ctx, bud)
			for j := range jobs {
				if err := x.project(ctx, p, ev, j); err != nil {
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
func consume(ctx context.Context, queue chan *streamJob, bud *budget, room *gate, emit func([]*vec, int) error) error {
	for j := range queue {
		for open := true; open; {
			select {
			case c, ok := <-j.out:
				if open = ok; !ok {
					room.leave(j.bytes + 2*j.chunk) // one waits, one is made
					_ = bud.grab(-j.bytes, "")      // giving back cannot fail
					break
				}
				if err := emit(c.cols, c.n); err != nil {
					return err
				}
				_ = bud.grab(-c.bytes, "")
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
	return nil
}

// project computes the output of one frame.
func (x *exec) project(ctx context.Context, p *plan, ev *eval, j *streamJob) error {
	size := chunkRows
	if p.limit >= 0 {
		// No more than may be wanted: the rest would be computed in vain.
		size = int(min(min(p.limit, chunkRows)+min(p.offset, chunkRows), chunkRows))
	}
	err := ev.rows(ctx, j.f, p.conditions(), size, func(c chunk) error {
		out := streamChunk{n: c.n, cols: make([]*vec, len(p.out))}
		for i, e := range p.out {
			out.cols[i] = ev.vec(e)
			if !e.isCol() && !e.shared { // which vec counts
				ev.made += out.cols[i].width()
			}
			ev.account(accountGrain)
		}
		out.bytes = ev.disown(&ev.made)
		j.chunk = max(j.chunk, out.bytes)
		if ev.err != nil {
			return ev.err
		}
		select {
		case j.out <- out:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	if err == nil {
		j.bytes = ev.disown(&ev.decoded)
		ev.frame(nil)
		close(j.out)
		err = ev.err
	}
	return err
}

// limited applies OFFSET and LIMIT to what is emitted, and stops the run when
// the limit is reached.
func limited(limit, offset int64, emit func([]*vec, int) error) func([]*vec, int) error {
	return func(cols []*vec, n int) error {
		lo := min(offset, int64(n))
		offset -= lo
		hi := int64(n)
		if limit >= 0 {
			hi = lo + min(hi-lo, limit)
			limit -= hi - lo
		}
		if lo < hi {
			if lo > 0 || hi < int64(n) {
				cut := make([]*vec, len(cols))
				for i, c := range cols {
					cut[i] = c.slice(int(lo), int(hi))
				}
				cols = cut
			}
			if err := emit(cols, int(hi-lo)); err != nil {
				return err
			}
		}
		if limit == 0 {
			return errStop
		}
		return nil
	}
}
