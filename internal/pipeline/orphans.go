package pipeline

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"slices"
	"sync"

	"github.com/ttlog/ttlog/internal/pipeline/spill"
)

// orphans are the spill queues of forwarders that are no longer configured.
// Nobody sends what they hold, unless such a forwarder comes back with the next
// start, so they are kept until their room is needed.
type orphans struct {
	log *slog.Logger // immutable

	mu      sync.Mutex // guards what follows
	dirs    []string
	yielded spill.Records
}

// findOrphans finds and logs the queues that nobody sends from any more.
func findOrphans(o Options, configured func(forwarder string) bool) *orphans {
	found := &orphans{log: o.Logger}
	if o.SpillDir == "" {
		return found
	}
	queues, err := spill.List(o.SpillDir, spillPrefix)
	if err != nil {
		return found // New says so when it creates the queues
	}
	for _, q := range queues {
		if configured(q.Name) {
			continue
		}
		found.dirs = append(found.dirs, q.Dir)
		o.Logger.Warn("pipeline: requests for a collector that is no longer configured stay on disk; `ttlog spill drop` gives them up",
			"directory", q.Dir, "collector", q.Title, "bytes", q.Bytes)
	}
	return found
}

// yield gives up the oldest of each queue until n bytes are free, and returns
// how many are.
func (o *orphans) yield(n uint64) (freed uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for len(o.dirs) > 0 && freed < n {
		got, left, err := o.yieldLocked(o.dirs[0], n-freed)
		freed += got
		if err != nil {
			o.log.Warn("pipeline: cannot give up what is kept for a collector that is no longer configured", "directory", o.dirs[0], "error", err)
		}
		if left {
			break
		}
		o.dirs = o.dirs[1:] // empty, or of no help
	}
	return freed
}

// yieldLocked does so with one queue, which is removed when nothing is left.
func (o *orphans) yieldLocked(dir string, n uint64) (freed uint64, left bool, err error) {
	if _, err := os.Stat(dir); err != nil {
		return 0, false, nil //nolint:nilerr // somebody else has dropped it
	}
	q, err := spill.Open(dir, spill.Options{Logger: o.log})
	if err != nil {
		return 0, false, err
	}
	freed, records, err := q.Yield(n)
	for signal, lost := range q.Stats().Yielded.Records {
		o.yielded[signal] += lost
	}
	left = q.Stats().Bytes > 0
	if e := q.Close(); err == nil {
		err = e
	}
	if records > 0 {
		o.log.Warn(dropped, "reason", "spill_yielded", "directory", dir, "records", records, "error", errYield)
	}
	if !left && err == nil {
		err = spill.Remove(dir)
	}
	return freed, left && err == nil, err
}

func (o *orphans) stats() OrphanStats {
	o.mu.Lock()
	defer o.mu.Unlock()
	st := OrphanStats{Yielded: o.yielded}
	o.dirs = slices.DeleteFunc(o.dirs, func(dir string) bool {
		bytes, err := spill.Size(dir)
		if err == nil {
			st.Queues++
			st.Bytes += bytes
		}
		return errors.Is(err, fs.ErrNotExist)
	})
	return st
}

// SpillQueue is one queue of a data directory, as [SpillQueues] lists them.
type SpillQueue struct {
	spill.Info
	// Served tells that whoever writes to the ring, or did so last, sends from it.
	Served bool
}

// Reader returns the name of the ring's reader that the queue belongs to.
func (q SpillQueue) Reader() string { return forwardPrefix + q.Name }

// SpillQueues lists the queues in dir. readers are those of the ring.
func SpillQueues(dir string, readers []string) ([]SpillQueue, error) {
	found, err := spill.List(dir, spillPrefix)
	if err != nil {
		return nil, err
	}
	queues := make([]SpillQueue, len(found))
	for i, info := range found {
		queues[i].Info = info
		queues[i].Served = slices.Contains(readers, queues[i].Reader())
	}
	return queues, nil
}
