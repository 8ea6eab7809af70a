package exec

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime/debug"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/ttlog/ttlog/query/eval"
	"github.com/ttlog/ttlog/query/spill"
)

// Exec runs one query. Scans stay open until close, because results point
// into them.
type Exec struct {
	src     Source
	Budget  *eval.Budget
	workers int
	// Ended, where set, tells why the query is over, nil while it is not.
	Ended func() error
	// Kept, where set, returns what other queries kept of the blocks.
	Kept func() *Kept
	// Spill, where set, takes what exceeds the budget. It is closed with the query.
	Spill *spill.File
	// SpillEarly makes operators put on the disk what they can, whether it fits the
	// memory or not: tests only.
	SpillEarly bool

	mu    sync.Mutex
	scans []Scan // guarded by mu
}

// New returns what runs a query over src within a budget.
func New(src Source, b *eval.Budget, workers int) *Exec {
	return &Exec{src: src, Budget: b, workers: workers}
}

// openScan starts a scan that is closed with the query.
func (x *Exec) openScan(ctx context.Context, req ScanRequest) (Scan, error) {
	scan, err := x.src.Scan(ctx, req)
	if err != nil {
		return nil, fmt.Errorf("query: scan of %s: %w", req.Signal, err)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.scans = append(x.scans, scan)
	return scan, nil
}

// Close ends the scans: what results point to is gone.
func (x *Exec) Close() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	var errs []error
	for _, s := range x.scans {
		errs = append(errs, s.Close())
	}
	errs = append(errs, x.Spill.Close())
	return errors.Join(errs...)
}

// Stats returns what all scans touched.
func (x *Exec) Stats() (st ScanStats) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, s := range x.scans {
		sc := s.Stats()
		st.PartsTotal += sc.PartsTotal
		st.PartsPruned += sc.PartsPruned
		st.PartsDamaged += sc.PartsDamaged
		st.PagesDamaged += sc.PagesDamaged
		st.RowsScanned += sc.RowsScanned
		st.BytesRead += sc.BytesRead
	}
	return st
}

// damaged reports whether some page could not be read so far, or nobody knows.
func (x *Exec) damaged() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, s := range x.scans {
		if d, ok := s.(interface{ Damaged() bool }); !ok || d.Damaged() {
			return true
		}
	}
	return false
}

// Peak returns the most memory that the query held at once.
func (x *Exec) Peak() string { return eval.FormatBytes(x.Budget.Peak.Load()) }

// errStop ends a run whose consumer has enough.
var errStop = errors.New("enough rows")

// seqShift makes room for a row's number in its morsel below the morsel's own.
const seqShift = 32

// each runs the morsels of op on several goroutines, and gives work the batches.
// worker tells the goroutines apart; seq is the number of the batch's morsel
// shifted by seqShift.
func (x *Exec) each(ctx context.Context, op Operator, work func(worker int, b *batch, seq uint64) error) error {
	return x.eachOf(ctx, func(ctx context.Context) iter.Seq2[morsel, error] { return op.morsels(ctx, x) }, work)
}

func (x *Exec) eachOf(ctx context.Context, morsels func(context.Context) iter.Seq2[morsel, error], work func(worker int, b *batch, seq uint64) error) error {
	type job struct {
		m   morsel
		seq uint64
	}
	bud := x.Budget.Part()
	defer bud.Close()
	grp, ctx := errgroup.WithContext(ctx)
	jobs := make(chan job)
	room := newGate(bud)
	grp.Go(func() (err error) {
		defer close(jobs)
		defer Recovered(&err)
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
			defer Recovered(&err)
			w := newWorker(ctx, bud, eval.ChunkRows)
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

// Recovered turns a panic into an error: a block that breaks its contract
// must not take the process down with the query.
func Recovered(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("query: internal error: %v\n%s", r, debug.Stack())
	}
}
