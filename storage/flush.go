package storage

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/ttlog/ttlog/internal/freelist"
	"github.com/ttlog/ttlog/storage/internal/part"
	"github.com/ttlog/ttlog/storage/internal/vfs"
)

// How long the flusher waits after a failed attempt: the first time, and at most.
const (
	minBackoff = 100 * time.Millisecond
	maxBackoff = 5 * time.Second
)

// Flush returns when everything appended before the call is in durable parts,
// when an attempt to write it that began after the call failed, or when the
// context ends. Rows that could not be written stay in memory, visible to
// scans, and are tried again in the background.
func (s *Store) Flush(ctx context.Context) error {
	if s.opts.ReadOnly {
		return ErrReadOnly
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return ErrClosed
	}
	return s.flushLocked(ctx)
}

func (s *Store) flushLocked(ctx context.Context) error {
	target := s.active.seq
	if s.active.empty() {
		if s.sealed == nil {
			return nil
		}
		target = s.sealed.seq
	}
	s.want = max(s.want, target)
	began := s.attempts
	s.wakeFlusher()
	for s.flushed < target {
		if s.flushErr != nil && s.failed > began {
			return s.flushErr
		}
		if s.flusherDone {
			return ErrClosed
		}
		if err := s.waitLocked(ctx); err != nil {
			return fmt.Errorf("storage: flush: %w", err)
		}
	}
	return nil
}

// wakeFlusher makes the flusher look again. It may be called with any lock.
func (s *Store) wakeFlusher() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// runFlusher is the goroutine that writes sealed generations. Open starts it;
// it ends when stop is closed.
func (s *Store) runFlusher(stop <-chan struct{}) {
	defer s.wg.Done()
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	backoff := time.Duration(0)
	for {
		g, attempt, pause := s.nextFlush()
		if g != nil {
			began := time.Now()
			err := s.flushGeneration(g)
			s.flushedOrNot(g, attempt, time.Since(began), err)
			if err == nil {
				backoff = 0
				s.wakeMaintenance()
				continue
			}
			backoff = min(max(2*backoff, minBackoff), maxBackoff)
			pause = backoff
		}
		timer.Reset(pause)
		select {
		case <-stop:
			return
		case <-s.wake:
		case <-timer.C:
		}
	}
}

// nextFlush returns the generation to write now, sealing the active one when
// it is time; without one, how long until it may be.
func (s *Store) nextFlush() (g *generation, attempt uint64, pause time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if s.sealed == nil && !s.active.empty() && (s.want >= s.active.seq || s.active.full(&s.opts, now)) {
		s.sealLocked()
	}
	if s.sealed != nil {
		s.attempts++
		return s.sealed, s.attempts, 0
	}
	pause = time.Hour
	if !s.active.empty() && s.opts.FlushInterval > 0 {
		pause = max(s.active.born.Add(s.opts.FlushInterval).Sub(now), time.Millisecond)
	}
	return nil, 0, pause
}

// flushedOrNot records how an attempt ended.
func (s *Store) flushedOrNot(g *generation, attempt uint64, took time.Duration, err error) {
	s.mu.Lock()
	s.flushTime += took
	if err == nil {
		s.sealed = nil
		s.flushed = g.seq
		s.lastFlush = time.Now()
		s.counters.Flushes++
	} else {
		s.failed = attempt
		s.counters.FlushErrors++
	}
	first := err != nil && s.flushErr == nil
	recovered := err == nil && s.flushErr != nil
	s.flushErr = err
	s.changedLocked()
	s.mu.Unlock()
	s.scanned.Settle()
	switch {
	case first:
		s.log.Error("storage: cannot write; rows stay in memory and are tried again", "error", err)
	case recovered:
		s.log.Info("storage: writing works again")
	}
}

// flushGeneration writes the tables of a sealed generation, one part each. A
// table that is published leaves the generation, so that a later attempt goes
// on with the rest.
func (s *Store) flushGeneration(g *generation) error {
	s.mu.Lock()
	keys := g.keys()
	s.mu.Unlock()
	var errs []error
	for _, d := range signalDirs {
		of := func(k key) bool { return k.signal == d.signal }
		if !slices.ContainsFunc(keys, of) {
			continue
		}
		if err := s.prepareSignal(d.name); err != nil {
			errs = append(errs, err)
			keys = slices.DeleteFunc(keys, of) // the others can be written
		}
	}
	var born newborns
	errs = append(errs, forEachKey(keys, func(k key) error { return s.flushTable(g, k, &born) }))
	return errors.Join(append(errs, s.name(g, born.list))...)
}

// prepareSignal makes the directory of a signal, once.
func (s *Store) prepareSignal(name string) error {
	if s.signalsReady[name] {
		return nil
	}
	if err := ensureDir(s.fs, filepath.Join(s.dir, name)); err != nil {
		return fmt.Errorf("storage: create %s: %w", filepath.Join(s.dir, name), err)
	}
	s.signalsReady[name] = true
	return nil
}

// forEachKey runs flush for the partitions. They are independent of each other,
// and making a small part durable is mostly waiting for the disk (a sync of the
// file, of its name, of the manifest and its name): some of them wait together.
func forEachKey(keys []key, flush func(k key) error) error {
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		errs []error // guarded by mu
		next int     // guarded by mu
	)
	take := func() (k key, ok bool) {
		mu.Lock()
		defer mu.Unlock()
		// A full disk fails for each; one that only refuses a partition
		// must not hold up the others.
		if next == len(keys) || len(errs) >= 3 {
			return key{}, false
		}
		next++
		return keys[next-1], true
	}
	work := func() {
		for k, ok := take(); ok; k, ok = take() {
			if err := flush(k); err != nil {
				mu.Lock()
				errs = append(errs, fmt.Errorf("flush %s: %w", k, err))
				mu.Unlock()
			}
		}
	}
	for range min(maxFlushWorkers, len(keys)) - 1 {
		wg.Go(work)
	}
	work()
	wg.Wait()
	return errors.Join(errs...)
}

// flushTable writes the table of a partition and publishes it, or adds it to
// born for the flush to publish it with others.
func (s *Store) flushTable(g *generation, k key, born *newborns) error {
	s.mu.Lock()
	t := g.tables[k]
	p := s.partitionLocked(k)
	s.mu.Unlock()
	if p.claimFresh() {
		n, err := s.bear(p, t)
		if err == nil {
			born.add(n)
		}
		return err
	}
	h, err := s.writePart(context.Background(), p, entry{received: t.received}, func(w io.Writer) (part.Info, error) {
		return part.Write(w, s.partOptions(), t.table)
	})
	if err != nil {
		return err
	}
	return s.commit(p, func(m *manifest) {
		m.parts = append(slices.Clip(m.parts), h.entry)
		m.marks = withMark(m.marks, s.opts.Ring, t.end)
	}, []*handle{h}, nil, func() { s.tableFlushed(g, k, h.entry) })
}

// tableFlushed takes a table whose part is published out of its generation.
// mu is held.
func (s *Store) tableFlushed(g *generation, k key, e entry) {
	s.letGo(g.tables[k])
	delete(g.tables, k)
	s.counters.FlushedRows += e.rows
	s.counters.FlushedBytes += e.size
}

// writePart writes a part under a new number: temporary file, sync, rename,
// sync of the directory. What fails leaves no file behind, as far as possible.
// e is what the manifest is to say of the part beside what the file tells.
func (s *Store) writePart(ctx context.Context, p *partition, e entry, write func(w io.Writer) (part.Info, error)) (*handle, error) {
	p.commitMu.Lock()
	err := s.prepareDir(p)
	p.commitMu.Unlock()
	if err != nil {
		return nil, err
	}
	id := p.reserve()
	path := p.path(partName(id))
	temp := path + tempSuffix
	f, err := s.fs.Create(temp)
	if err != nil {
		return nil, fmt.Errorf("storage: create part: %w", err)
	}
	if err := e.fill(ctx, f, write); err != nil {
		s.removeFile(temp)
		return nil, fmt.Errorf("storage: write %s: %w", temp, err)
	}
	if err = s.fs.Rename(temp, path); err == nil {
		err = s.fs.SyncDir(p.dir)
	}
	if err != nil {
		s.removeFile(temp)
		s.removeFile(path)
		return nil, fmt.Errorf("storage: publish %s: %w", path, err)
	}
	e.id = id
	return s.files.add(p.key, path, e), nil
}

// writeBuffers are shared by the parts that are written one after another.
var writeBuffers = freelist.New(maxFlushWorkers, func() *bufio.Writer { return bufio.NewWriterSize(nil, 256<<10) })

// fill fills a new file, syncs and closes it, and notes in e what it holds.
func (e *entry) fill(ctx context.Context, f vfs.File, write func(w io.Writer) (part.Info, error)) error {
	sum := &summing{stop: ctx.Err, w: f, hash: xxhash.New()}
	buf := writeBuffers.Take()
	buf.Reset(sum)
	info, err := write(buf)
	if err == nil {
		err = buf.Flush()
	}
	buf.Reset(nil)
	writeBuffers.Give(buf)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	e.created, e.size, e.sum = time.Now().Unix(), sum.n, sum.hash.Sum64()
	e.rows, e.minTime, e.maxTime = info.Rows, info.MinTime, info.MaxTime
	if info.Packed {
		e.level = max(e.level, 1)
	}
	return nil
}

// summing counts and hashes what it passes on, and stops when the context ends.
type summing struct {
	stop func() error
	w    io.Writer
	hash *xxhash.Digest
	n    int64
}

func (s *summing) Write(p []byte) (int, error) {
	if err := s.stop(); err != nil {
		return 0, err
	}
	n, err := s.w.Write(p)
	_, _ = s.hash.Write(p[:n]) // never fails
	s.n += int64(n)
	if err == nil && n < len(p) {
		err = io.ErrShortWrite
	}
	return n, err
}
