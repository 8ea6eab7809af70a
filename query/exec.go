package query

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime/debug"

	"golang.org/x/sync/errgroup"
)

// exec runs one query. Scans stay open until close, because results point
// into them.
type exec struct {
	src     Source
	bud     *budget
	workers int
	scans   []Scan
}

func (x *exec) close() error {
	var errs []error
	for _, s := range x.scans {
		errs = append(errs, s.Close())
	}
	return errors.Join(errs...)
}

func (x *exec) stats() (st Stats) {
	for _, s := range x.scans {
		sc := s.Stats()
		st.PartsTotal += sc.PartsTotal
		st.PartsPruned += sc.PartsPruned
		st.PartsDamaged += sc.PartsDamaged
		st.RowsScanned += sc.RowsScanned
		st.BytesRead += sc.BytesRead
	}
	return st
}

// errStop ends a run whose consumer has enough.
var errStop = errors.New("enough rows")

// run executes p and gives its rows to emit, a few thousand at a time. maxRows
// is how many rows an order without LIMIT keeps at most.
func (x *exec) run(ctx context.Context, p *plan, maxRows int64, emit func([]*vec, int) error) error {
	frames, err := x.input(ctx, p)
	if err != nil {
		return err
	}
	if p.group != nil {
		g, err := x.group(ctx, p, frames)
		if err != nil {
			return err
		}
		defer func() { _ = g.acct.set(0) }() // giving back cannot fail
		f, err := g.frame()
		if err != nil {
			return err
		}
		frames = oneFrame(f)
	}
	if len(p.order) > 0 {
		return x.ordered(ctx, p, frames, maxRows, emit)
	}
	return x.stream(ctx, p, frames, emit)
}

// conditions returns what rows must meet to reach the output stage.
func (p *plan) conditions() []*expr {
	switch {
	case p.group == nil:
		return p.where
	case p.having != nil:
		return []*expr{p.having}
	}
	return nil
}

func oneFrame(f frame) iter.Seq2[frame, error] {
	return func(yield func(frame, error) bool) { yield(f, nil) }
}

// input opens what p reads.
func (x *exec) input(ctx context.Context, p *plan) (iter.Seq2[frame, error], error) {
	switch {
	case p.sub != nil:
		return x.subquery(ctx, p.sub)
	case !p.sc.table:
		return oneFrame(&vecFrame{n: 1}), nil
	}
	scan, err := x.src.Scan(ctx, p.req)
	if err != nil {
		return nil, fmt.Errorf("query: scan of %s: %w", p.req.Signal, err)
	}
	x.scans = append(x.scans, scan)
	return func(yield func(frame, error) bool) {
		for blk, err := range scan.Blocks() {
			if err != nil {
				yield(nil, fmt.Errorf("query: scan of %s: %w", p.req.Signal, err))
				return
			}
			if !yield(&blockFrame{blk: blk, cols: p.sc.cols}, nil) {
				return
			}
		}
	}, nil
}

// subquery runs p to its end and keeps its rows.
func (x *exec) subquery(ctx context.Context, p *plan) (iter.Seq2[frame, error], error) {
	var frames []*vecFrame
	acct := account{b: x.bud, stage: "a subquery in FROM"}
	err := x.run(ctx, p, 1<<31, func(cols []*vec, n int) error {
		f := &vecFrame{n: n}
		size := int64(0)
		for _, c := range cols {
			size += c.size()
			f.cols = append(f.cols, c.owned())
		}
		frames = append(frames, f)
		return acct.set(acct.held + size)
	})
	if err != nil {
		return nil, err
	}
	return func(yield func(frame, error) bool) {
		for _, f := range frames {
			if !yield(f, nil) {
				return
			}
		}
	}, nil
}

// seqShift makes room for a frame's row number below its own number.
const seqShift = 32

// weight estimates what the columns of a frame take before they are decoded:
// eight bytes a value. Only blocks are still to be decoded.
func weight(f frame) int64 {
	if b, ok := f.(*blockFrame); ok {
		return int64(b.rows()) * int64(len(b.cols)) * 8
	}
	return 0
}

// each runs work over the frames on several goroutines; worker tells them
// apart, and frame i has the number seq = i << seqShift.
func (x *exec) each(ctx context.Context, frames iter.Seq2[frame, error], work func(ctx context.Context, ev *eval, worker int, f frame, seq uint64) error) error {
	type job struct {
		f   frame
		seq uint64
	}
	bud := x.bud.part()
	defer bud.close()
	grp, ctx := errgroup.WithContext(ctx)
	jobs := make(chan job)
	room := newGate(bud)
	grp.Go(func() (err error) {
		defer close(jobs)
		defer recovered(&err)
		seq := uint64(0)
		for f, err := range frames {
			if err == nil {
				err = room.enter(ctx, weight(f))
			}
			if err != nil {
				return err
			}
			select {
			case jobs <- job{f, seq << seqShift}:
				seq++
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	for w := range x.workers {
		grp.Go(func() (err error) {
			defer recovered(&err)
			ev := newEval(ctx, bud)
			for j := range jobs {
				if err := work(ctx, ev, w, j.f, j.seq); err != nil {
					return err
				}
				bytes := ev.decoded
				ev.frame(nil)
				room.leave(bytes)
			}
			return nil
		})
	}
	return grp.Wait()
}

// recovered turns a panic into an error: a block that breaks its contract
// must not take the process down with the query.
func recovered(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("query: internal error: %v\n%s", r, debug.Stack())
	}
}

// rows calls f for each chunk, of at most size rows, of the rows of a frame that meet the
// conditions; ev stands on the chunk.
func (ev *eval) rows(ctx context.Context, fr frame, conds []*expr, size int, f func(c chunk) error) error {
	ev.frame(fr)
	sel, all, err := ev.filter(conds)
	if err != nil {
		return err
	}
	return chunks(fr.rows(), sel, all, size, func(c chunk) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		ev.chunk(c)
		return f(c)
	})
}

// group aggregates the input of p.
func (x *exec) group(ctx context.Context, p *plan, frames iter.Seq2[frame, error]) (*grouper, error) {
	groups := make([]*grouper, x.workers)
	err := x.each(ctx, frames, func(ctx context.Context, ev *eval, w int, f frame, seq uint64) error {
		if groups[w] == nil {
			groups[w] = newGrouper(p.group, x.bud)
		}
		return ev.rows(ctx, f, p.where, chunkRows, func(c chunk) error {
			return groups[w].add(ev, seq+uint64(c.row(0)))
		})
	})
	if err != nil {
		return nil, err
	}
	var total *grouper
	for _, g := range groups {
		switch {
		case g == nil:
		case total == nil:
			total = g
		default:
			if err := total.merge(g); err != nil {
				return nil, err
			}
		}
	}
	if total == nil {
		total = newGrouper(p.group, x.bud)
	}
	return total, nil
}

// ordered sorts the rows of p and emits them.
func (x *exec) ordered(ctx context.Context, p *plan, frames iter.Seq2[frame, error], maxRows int64, emit func([]*vec, int) error) error {
	const most = 1 << 31 // more rows than any memory budget holds
	n := min(maxRows, most)
	if p.limit >= 0 {
		n = min(p.limit, n)
	}
	n += min(p.offset, most)
	tops := make([]*topN, x.workers)
	conds := p.conditions()
	err := x.each(ctx, frames, func(ctx context.Context, ev *eval, w int, f frame, seq uint64) error {
		if tops[w] == nil {
			tops[w] = newTopN(n, p.order, p.out, x)
		}
		err := ev.rows(ctx, f, conds, chunkRows, func(c chunk) error {
			return tops[w].add(ev, seq+uint64(c.row(0)))
		})
		if err != nil {
			return err
		}
		return tops[w].endFrame(ev)
	})
	if err != nil {
		return err
	}
	rows := sortedRows(tops, n, p.offset)
	for _, t := range tops {
		if t != nil {
			clear(t.frames) // each goes when its rows have their values
			t.rows, t.fresh = nil, nil
		}
	}
	if err := x.fillRows(ctx, p, rows); err != nil {
		return err
	}
	for lo := 0; lo < len(rows); lo += chunkRows {
		part := rows[lo:min(lo+chunkRows, len(rows))]
		cols := make([]*vec, len(p.out))
		for j, e := range p.out {
			cols[j] = newVec(e.typ, len(part))
			for i, r := range part {
				cols[j].set(i, r.vals[j])
			}
		}
		if err := emit(cols, len(part)); err != nil {
			return err
		}
	}
	for _, t := range tops {
		if t != nil {
			_ = t.acct.set(0) // giving back cannot fail
		}
	}
	return nil
}

// pendingFrame is a frame with those of its rows that have no values yet.
type pendingFrame struct {
	frame
	list []*topRow
}

// fillRows computes the values of the rows that made it into the result
// without them.
func (x *exec) fillRows(ctx context.Context, p *plan, rows []*topRow) error {
	var pending []pendingFrame
	for f, rows := range pendingRows(rows) {
		pending = append(pending, pendingFrame{f, rows})
	}
	frames := func(yield func(frame, error) bool) {
		for i, f := range pending {
			pending[i] = pendingFrame{} // the frame and its columns may go
			if !yield(f, nil) {
				return
			}
		}
	}
	return x.each(ctx, frames, func(_ context.Context, ev *eval, _ int, f frame, _ uint64) error {
		t := newTopN(0, p.order, p.out, x)
		ev.frame(f)
		if err := t.fill(ev, f.(pendingFrame).list); err != nil {
			return err
		}
		return t.account() // stays accounted until the query ends
	})
}
