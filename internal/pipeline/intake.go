package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/internal/ringpack"
	"github.com/ttlog/ttlog/ringbuffer"
)

// intake reads batches from the ring for one sink. One goroutine uses it; the
// atomics are for others to look at.
type intake struct {
	ring    *ringbuffer.Ring
	rd      *ringbuffer.Reader
	opts    Options
	linger  time.Duration
	log     *slog.Logger
	notes   *notes
	catalog *catalog
	hurry   chan struct{} // ends a linger early
	batch   batch
	// single is the position below which a batch holds one record.
	single uint64

	idle    atomic.Bool   // the ring was found dry and everything read is consumed
	unknown atomic.Uint64 // records stepped over
}

// lingerStep is the longest a lingering intake goes without looking at the ring.
const lingerStep = 5 * time.Millisecond

func newIntake(ring *ringbuffer.Ring, reader, title string, o Options, linger time.Duration) (*intake, error) {
	o.BatchBytes = min(o.BatchBytes, max(int(ring.Stats().Size/8), 1))
	rd, err := ring.Reader(reader)
	if err != nil {
		return nil, err
	}
	log := o.Logger.With("sink", title)
	return &intake{
		ring: ring, rd: rd, opts: o, linger: linger, hurry: make(chan struct{}, 1), log: log, notes: newNotes(log, o.LogInterval),
		catalog: &catalog{ring: ring, known: make(map[uint32]*scopeDef)},
	}, nil
}

// next returns the next batch, which is valid until the call after. It waits
// for the first record at most for tick (0: as long as it takes) and returns an
// empty batch then; an error means that there will be no more.
func (in *intake) next(ctx context.Context, tick time.Duration) (*batch, error) {
	b := &in.batch
	b.reset()
	full := in.fill(b)
	if b.end == 0 {
		if err := in.wait(ctx, tick); err != nil {
			return nil, err
		}
		full = in.fill(b)
	}
	if b.end > 0 && !full {
		in.gather(ctx, b)
	}
	return b, ctx.Err()
}

// gather lingers until the batch is full or the time is over.
func (in *intake) gather(ctx context.Context, b *batch) {
	for left := in.linger; left > 0; left -= lingerStep {
		step := time.NewTimer(min(left, lingerStep))
		select {
		case <-step.C:
		case <-in.hurry:
			left = 0
		case <-ctx.Done():
			left = 0
		}
		step.Stop()
		if in.fill(b) {
			return
		}
	}
}

// hasten ends the linger under way, or else the next one.
func (in *intake) hasten() {
	select {
	case in.hurry <- struct{}{}:
	default:
	}
}

// wait returns nil when there may be a record, or tick is over.
func (in *intake) wait(ctx context.Context, tick time.Duration) error {
	in.idle.Store(true)
	defer in.idle.Store(false)
	wctx := ctx
	if tick > 0 {
		var cancel context.CancelFunc
		wctx, cancel = context.WithTimeout(ctx, tick)
		defer cancel()
	}
	err := in.rd.Wait(wctx)
	if err != nil && ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		return nil
	}
	return err
}

// fill reads records until the batch is full (it returns true then) or the
// ring is dry.
func (in *intake) fill(b *batch) (full bool) {
	for b.bytes < in.opts.BatchBytes && b.count < in.opts.BatchRecords {
		r, ok := in.rd.Next()
		if !ok {
			return false
		}
		b.end = r.End
		in.take(b, r)
		if r.Pos < in.single {
			return true
		}
	}
	return true
}

func (in *intake) take(b *batch, r ringbuffer.Record) {
	switch r.Kind {
	case otlpwire.KindTracesRequest, otlpwire.KindLogsRequest, otlpwire.KindMetricsRequest:
		s, _ := otlpwire.SignalOf(r.Kind)
		b.addWhole(s, r.Data, r.End)
		return
	case otlpwire.KindTracesZstd, otlpwire.KindLogsZstd, otlpwire.KindMetricsZstd:
		s, request, err := ringpack.Request(r.Kind, r.Data, b.free)
		if err != nil {
			break
		}
		b.addUnpacked(s, request, r.End)
		return
	case otlpwire.KindSpan, otlpwire.KindLog:
		id, message, err := otlpwire.SplitRef(r.Data)
		if err != nil {
			break
		}
		if _, ok := in.catalog.scope(id); !ok {
			break
		}
		s, _ := otlpwire.SignalOf(r.Kind)
		b.addRecord(s, record{scope: id, data: message, end: r.End})
		return
	}
	in.unknown.Add(1)
	if in.notes != nil { // the writer says so, where a snapshot is read
		in.notes.tell(slog.LevelError, "pipeline: record of the ring is not understood and stepped over", "unknown", 1,
			fmt.Errorf("record of kind %d and %d bytes at position %d", r.Kind, len(r.Data), r.Pos))
	}
}

// pause waits for d, or until ctx ends, and tells whether it did not.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
