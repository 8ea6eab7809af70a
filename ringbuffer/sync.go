package ringbuffer

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// syncer brings the mapped file to disk: every interval while the ring is
// written to, and in rounds for the callers of SyncTo. One round serves all
// who came before it began; who comes later joins the next. Its goroutine is
// started by Open and joined by Close.
type syncer struct {
	kick chan struct{} // capacity 1
	stop chan struct{}
	idle sync.WaitGroup

	mu     sync.Mutex
	next   *round // the round that has not begun
	failed error  // sticky: after a failed sync the kernel may have dropped the pages

	syncs  atomic.Uint64
	errors atomic.Uint64
}

// round is one sync that others wait for.
type round struct {
	done chan struct{}
	err  error // set before done is closed
}

// SyncTo returns when everything that was committed before pos, at the latest
// at the call, is on disk. Callers share the syncs. In memory it returns nil at
// once. It returns the error of ctx when that ends first, ErrClosed, or the
// error of the disk, which stays until the ring is opened again.
func (r *Ring) SyncTo(ctx context.Context, pos uint64) error {
	if r.closed.Load() {
		return ErrClosed
	}
	if r.file == nil || pos == 0 {
		return nil
	}
	if head := r.headPos(); pos > head {
		return fmt.Errorf("ringbuffer: sync to position %d behind the head %d", pos, head)
	}
	rd, err := r.syncer.join()
	if err != nil {
		return err
	}
	select {
	case <-rd.done:
		return rd.err
	case <-r.done:
		// Close runs a last round; its result is the better answer.
		select {
		case <-rd.done:
			return rd.err
		case <-ctx.Done():
			return ctx.Err()
		}
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *syncer) join() (*round, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failed != nil {
		return nil, s.failed
	}
	if s.next == nil {
		s.next = &round{done: make(chan struct{})}
	}
	select {
	case s.kick <- struct{}{}:
	default:
	}
	return s.next, nil
}

// startSyncer starts the goroutine that Close joins.
func (r *Ring) startSyncer(interval time.Duration) {
	s := &r.syncer
	s.kick, s.stop = make(chan struct{}, 1), make(chan struct{})
	s.idle.Add(1)
	go r.syncLoop(interval)
}

func (r *Ring) syncLoop(interval time.Duration) {
	defer r.syncer.idle.Done()
	var tick <-chan time.Time
	if interval > 0 {
		t := time.NewTicker(interval)
		defer t.Stop()
		tick = t.C
	}
	var synced, before uint64
	for {
		select {
		case <-r.syncer.stop:
			return
		case <-r.syncer.kick:
		case <-tick:
			// A slot reserved before the last sync may have been committed
			// after it: one more sync follows the last reservation.
			if head := r.headPos(); head == synced && head == before {
				continue
			}
		}
		before, synced = synced, r.headPos()
		r.syncRound()
	}
}

// syncRound syncs once and tells those who waited for it.
func (r *Ring) syncRound() {
	s := &r.syncer
	s.mu.Lock()
	waiting := s.next
	s.next = nil
	err := s.failed
	s.mu.Unlock()
	if err == nil {
		r.publishHint()
		err = r.syncFile()
	}
	if waiting != nil {
		waiting.err = err
		close(waiting.done)
	}
}

// finishSync stops the goroutine, serves the last waiters and refuses later ones.
func (r *Ring) finishSync() error {
	s := &r.syncer
	close(s.stop)
	s.idle.Wait()
	r.syncRound()
	s.mu.Lock()
	err := s.failed
	if err == nil {
		s.failed = ErrClosed
	}
	late := s.next
	s.next = nil
	s.mu.Unlock()
	if late != nil {
		late.err = ErrClosed
		close(late.done)
	}
	return err
}

func (r *Ring) syncFile() error {
	s := &r.syncer
	s.syncs.Add(1)
	err := r.file.sync()
	if err == nil {
		return nil
	}
	s.errors.Add(1)
	err = fmt.Errorf("ringbuffer: sync %s: %w", r.file.path, err)
	s.mu.Lock()
	s.failed = err
	s.mu.Unlock()
	return err
}
