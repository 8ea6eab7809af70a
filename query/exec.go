package query

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime/debug"
	"sync"

	"golang.org/x/sync/errgroup"
)

// exec runs one query. Scans stay open until close, because results point
// into them.
type exec struct {
	src     Source
	bud     *budget
	workers int

	mu    sync.Mutex
	scans []Scan // guarded by mu
}

// open starts a scan that is closed with the query.
func (x *exec) open(ctx context.Context, req ScanRequest) (Scan, error) {
	scan, err := x.src.Scan(ctx, req)
	if err != nil {
		return nil, fmt.Errorf("query: scan of %s: %w", req.Signal, err)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.scans = append(x.scans, scan)
	return scan, nil
}

func (x *exec) close() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	var errs []error
	for _, s := range x.scans {
		errs = append(errs, s.Close())
	}
	return errors.Join(errs...)
}

func (x *exec) stats() (st Stats) {
	x.mu.Lock()
	defer x.mu.Unlock()
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

// seqShift makes room for a row's number in its morsel below the morsel's own.
const seqShift = 32

// each runs the morsels of op on several goroutines, and gives work the batches.
// worker tells the goroutines apart; seq is the number of the batch's morsel
// shifted by seqShift.
func (x *exec) each(ctx context.Context, op operator, work func(worker int, b *batch, seq uint64) error) error {
	return x.eachOf(ctx, func(ctx context.Context) iter.Seq2[morsel, error] { return op.morsels(ctx, x) }, work)
}

func (x *exec) eachOf(ctx context.Context, morsels func(context.Context) iter.Seq2[morsel, error], work func(worker int, b *batch, seq uint64) error) error {
	type job struct {
		m   morsel
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
		for m, err := range morsels(ctx) {
			if err == nil {
				err = room.enter(ctx, m.weight())
			}
			if err != nil {
				return err
			}
			select {
			case jobs <- job{m, seq << seqShift}:
				seq++
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	for id := range x.workers {
		grp.Go(func() (err error) {
			defer recovered(&err)
			w := newWorker(ctx, bud, chunkRows)
			for j := range jobs {
				if err := j.m.run(w, func(b *batch) error { return work(id, b, j.seq) }); err != nil {
					return err
				}
				room.leave(w.end())
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
