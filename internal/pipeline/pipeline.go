package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ttlog/ttlog/internal/pipeline/spill"
	"github.com/ttlog/ttlog/ringbuffer"
)

// Pipeline drains one ring. Its methods may be called by several goroutines.
type Pipeline struct {
	// Immutable after New.
	ring     *ringbuffer.Ring
	opts     Options
	store    *storeSink // nil without a store
	forwards []*forwardSink
	ctx      context.Context // ends at Close
	cancel   context.CancelFunc

	wg sync.WaitGroup // Start adds every goroutine

	// orphans are the queues of forwarders that are no longer configured.
	orphans *orphans

	mu      sync.Mutex // guards what follows
	started bool
	closed  bool
}

// ErrClosed is returned by Drain and Start after Close.
var ErrClosed = errors.New("pipeline: closed")

// New registers the sinks as readers of the ring and opens their spill queues.
// Readers and queues of forwarders that are no longer configured: the readers
// are removed, since they would hold the ring's space for ever; the queues are
// left where they are, and both are logged. The ring, the store and the
// forwarders stay the caller's, to be closed after the pipeline.
func New(ring *ringbuffer.Ring, o Options) (*Pipeline, error) {
	o = o.withDefaults()
	if err := o.validate(); err != nil {
		return nil, fmt.Errorf("pipeline: %w", err)
	}
	p := &Pipeline{ring: ring, opts: o}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	if err := p.open(); err != nil {
		return nil, errors.Join(fmt.Errorf("pipeline: %w", err), p.Close())
	}
	return p, nil
}

func (p *Pipeline) open() error {
	if err := p.removeReaders(); err != nil {
		return err
	}
	p.orphans = findOrphans(p.opts, p.configured)
	// The largest record, with the padding in front of it, takes a little more
	// than half of the ring; see ringbuffer.Ring.MaxRecord.
	lagging := p.ring.Stats().Size/2 - 32
	if p.opts.Store != nil {
		in, err := newIntake(p.ring, storeReader, storeReader, p.opts, p.opts.Linger)
		if err != nil {
			return err
		}
		in.single = p.opts.Store.Watermark()
		p.store = &storeSink{
			in: in, store: p.opts.Store, opts: p.opts, log: in.log, lagging: lagging,
			flush: make(chan struct{}, 1), asm: newAssembler(in.catalog), replayTo: p.ring.Stats().Head,
		}
		p.store.consumed.Store(in.rd.Position())
	}
	for _, nf := range p.opts.Forwarders {
		if err := p.openForward(nf, lagging); err != nil {
			return fmt.Errorf("forwarder %s: %w", cmp.Or(nf.Title, nf.Name), err)
		}
	}
	return nil
}

func (p *Pipeline) openForward(nf NamedForwarder, lagging uint64) error {
	title := cmp.Or(nf.Title, nf.Name)
	in, err := newIntake(p.ring, forwardPrefix+nf.Name, title, p.opts, p.opts.ForwardLinger)
	if err != nil {
		return err
	}
	f := &forwardSink{
		name: nf.Name, title: title, in: in, to: nf.Forwarder, opts: p.opts, log: in.log, lagging: lagging, synced: time.Now(),
		direct: make(chan *delivery), spilled: make(chan struct{}, 1), asm: newAssembler(in.catalog),
	}
	p.forwards = append(p.forwards, f)
	if p.opts.SpillDir == "" {
		return nil
	}
	f.queue, err = spill.Open(filepath.Join(p.opts.SpillDir, spillPrefix+nf.Name), spill.Options{
		Limit: p.opts.SpillLimit / int64(len(p.opts.Forwarders)), Title: title, Room: p.opts.SpillRoom, Logger: f.log,
	})
	if err != nil {
		return err
	}
	if st := f.queue.Stats(); st.Frames > 0 {
		f.log.Info("pipeline: requests kept on disk are sent first", "requests", st.Frames, "records", st.Records, "bytes", st.Bytes)
	}
	return nil
}

// removeReaders removes the cursors of sinks that are no longer there.
func (p *Pipeline) removeReaders() error {
	for _, name := range p.ring.ReaderNames() {
		forward, isForward := strings.CutPrefix(name, forwardPrefix)
		stale := isForward && !p.configured(forward)
		if name == storeReader {
			stale = p.opts.Store == nil
		}
		if !stale {
			continue
		}
		p.opts.Logger.Warn("pipeline: the ring's reader of a sink that is no longer configured is removed", "reader", name)
		if err := p.ring.RemoveReader(name); err != nil {
			return err
		}
	}
	return nil
}

func (p *Pipeline) configured(forwarder string) bool {
	return slices.ContainsFunc(p.opts.Forwarders, func(f NamedForwarder) bool { return f.Name == forwarder })
}

// Start starts the sinks.
func (p *Pipeline) Start() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return ErrClosed
	}
	if p.started {
		return errors.New("pipeline: started already")
	}
	p.started = true
	start := func(f func(context.Context)) { p.wg.Go(func() { f(p.ctx) }) }
	if p.store != nil {
		start(p.store.run)
		start(p.store.flushLoop)
	}
	for _, f := range p.forwards {
		start(f.read)
		start(f.send)
	}
	start(p.report)
	return nil
}

// report writes the lines of the sinks' notes that are due.
func (p *Pipeline) report(ctx context.Context) {
	for pause(ctx, p.opts.LogInterval) {
		p.flushNotes(false)
	}
}

func (p *Pipeline) flushNotes(all bool) {
	if p.store != nil {
		p.store.in.notes.flush(all)
	}
	for _, f := range p.forwards {
		f.in.notes.flush(all)
	}
}

// drainPoll is the time between two looks of Drain.
const drainPoll = 2 * time.Millisecond

// Drain returns when everything committed before the call is with every sink:
// durable in the store, and taken (or refused for good) by every collector,
// what its spill queue held included. When ctx ends first the error names the
// sinks that are behind; nothing is lost by that, they go on.
func (p *Pipeline) Drain(ctx context.Context) error {
	var store, forwarders error
	var wg sync.WaitGroup
	wg.Go(func() { store = p.DrainStore(ctx) })
	wg.Go(func() { forwarders = p.DrainForwarders(ctx) })
	wg.Wait()
	return errors.Join(store, forwarders)
}

// DrainStore is [Pipeline.Drain] for the store alone.
func (p *Pipeline) DrainStore(ctx context.Context) error {
	if p.store == nil {
		return nil
	}
	target := p.ring.Stats().Head
	return p.poll(ctx, storeReader, func() (bool, error) { return p.store.drained(ctx, target) })
}

// CatchUp returns when scans of the store see everything committed before the
// call, which need not be durable in it, or when ctx ends. It costs next to
// nothing when they do already.
func (p *Pipeline) CatchUp(ctx context.Context) error {
	if p.store == nil {
		return nil
	}
	target := p.ring.Head()
	if p.store.shows(target) {
		return nil
	}
	p.store.in.hasten()
	return p.poll(ctx, storeReader, func() (bool, error) { return p.store.shows(target), nil })
}

// Replayed tells whether the store has been given everything that the ring held
// when the pipeline was made.
func (p *Pipeline) Replayed() bool { return p.store == nil || p.store.replayed() }

// DrainForwarders is [Pipeline.Drain] for the collectors alone, which may not
// be there for hours.
func (p *Pipeline) DrainForwarders(ctx context.Context) error {
	target := p.ring.Stats().Head
	var wg sync.WaitGroup
	errs := make([]error, len(p.forwards))
	for i, f := range p.forwards {
		wg.Go(func() {
			errs[i] = p.poll(ctx, f.title, func() (bool, error) { return f.drained(target), nil })
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

func (p *Pipeline) poll(ctx context.Context, sink string, done func() (bool, error)) error {
	for {
		ok, err := done()
		if err != nil {
			return fmt.Errorf("pipeline: drain %s: %w", sink, err)
		}
		if ok {
			return nil
		}
		if p.ctx.Err() != nil {
			return ErrClosed
		}
		if !pause(ctx, drainPoll) {
			return fmt.Errorf("pipeline: drain %s: %w", sink, context.Cause(ctx))
		}
	}
}

// Yield gives up n bytes of what is kept on disk for collectors, as far as
// there are as many: what is kept for those that are no longer configured, then
// what the others have most of. It returns how many bytes are free now that
// were not; what it cost is counted and said. It may be called until Close has
// returned, by a spill queue as well.
func (p *Pipeline) Yield(n uint64) (freed uint64) {
	freed = p.orphans.yield(n)
	held := func(f *forwardSink) int64 {
		if f.queue == nil {
			return 0
		}
		return f.queue.Stats().Bytes
	}
	for freed < n && len(p.forwards) > 0 {
		most := slices.MaxFunc(p.forwards, func(a, b *forwardSink) int { return cmp.Compare(held(a), held(b)) })
		got := most.yield(1) // a segment
		if got == 0 {
			break
		}
		freed += got
	}
	return freed
}

// Stats returns the figures of the sinks.
func (p *Pipeline) Stats() Stats {
	st := Stats{Orphaned: p.orphans.stats()}
	if s := p.store; s != nil {
		st.Sinks = append(st.Sinks, s.counters.stats(storeReader, s.in))
	}
	for _, f := range p.forwards {
		fs := f.counters.stats(f.name, f.in)
		if f.queue != nil {
			fs.Spill = f.queue.Stats()
		}
		if p, ok := f.to.(partial); ok {
			fs.PartialSuccesses, fs.RejectedRecords, _ = p.PartialSuccesses()
		}
		st.Sinks = append(st.Sinks, fs)
	}
	return st
}

// Close stops the sinks where they are and waits for them; Drain comes first
// when everything has to be delivered. What is not consumed stays in the ring
// and in the spill queues; with a ring in memory the requests for collectors
// are moved to their queues. Close is idempotent.
func (p *Pipeline) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil
	}
	p.closed = true
	p.cancel()
	p.wg.Wait()
	p.flushNotes(true)
	var errs []error
	if p.store != nil {
		p.store.release()
		p.store.in.rd.Close()
	}
	for _, f := range p.forwards {
		f.in.rd.Close()
		if f.queue == nil {
			continue
		}
		if !p.ring.Stats().FileBacked {
			errs = append(errs, p.rescue(f))
		}
		errs = append(errs, f.queue.Close())
	}
	return errors.Join(errs...)
}

// rescue moves what a forwarder has not consumed of a ring in memory, which
// ends with the process, to its queue.
func (p *Pipeline) rescue(f *forwardSink) error {
	in, err := newIntake(p.ring, forwardPrefix+f.name, f.title, p.opts, 0)
	if errors.Is(err, ringbuffer.ErrClosed) {
		return nil // the ring was closed first; there is nothing left to read
	}
	if err != nil {
		return fmt.Errorf("pipeline: close: %w", err)
	}
	defer in.rd.Close()
	asm := newAssembler(in.catalog)
	for {
		b := &in.batch
		b.reset()
		in.fill(b)
		if b.end == 0 {
			return nil
		}
		for _, c := range b.sorted() {
			if _, err := f.queue.Append(c.signal, c.size(), c.payload(asm, nil)); err != nil {
				return fmt.Errorf("pipeline: close: %w", err)
			}
		}
		in.rd.Release(b.end)
	}
}
