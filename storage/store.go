package storage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/ttlog/ttlog/internal/membudget"
	"github.com/ttlog/ttlog/storage/encoding"
	"github.com/ttlog/ttlog/storage/internal/filepool"
	"github.com/ttlog/ttlog/storage/internal/vfs"
)

// Store is an open data directory. All its methods may be called by several
// goroutines.
//
// Lock order: compactMu or loadMu, then a partition's commitMu, then mu, then files.mu.
type Store struct {
	dir       string
	opts      Options
	fs        vfs.FS
	log       *slog.Logger
	lock      io.Closer
	files     *files
	listing   listing
	coders    *encoding.Coders
	scanned   *membudget.Cache // what only scans keep in memory
	watermark uint64
	replayed  map[key]uint64 // watermarks of Options.Ring at Open

	// loadMu is held while the directory of a signal is looked at. It comes
	// before the partitions' commitMu.
	loadMu sync.Mutex

	// signalsReady has the signals whose directory is there, durably. It
	// belongs to the flusher.
	signalsReady map[string]bool

	// compactMu is held by whoever merges or removes parts: one at a time.
	compactMu sync.Mutex
	// announced tells that it was said that parts go for the store's size.
	// compactMu guards it.
	announced bool

	wake     chan struct{} // for the flusher, holds one
	maintain chan struct{} // for maintenance, holds one
	cancel   context.CancelFunc
	wg       sync.WaitGroup // Open adds, Close waits

	mu         sync.Mutex
	partitions map[key]*partition
	active     *generation
	sealed     *generation       // being written; nil when there is none
	ends       map[Signal]uint64 // last ring position by signal
	end        uint64            // highest of them
	counters   Counters
	trash      []string          // files that could not be removed
	unknown    []string          // files at the top that are not ours
	found      []Damage          // of VERSION, when it was opened
	missing    map[Signal]Damage // directories that cannot be listed
	overlays   map[Signal][]overlaid

	changed     chan struct{} // closed and replaced when something below changes
	closing     bool
	closed      bool
	flusherDone bool
	want        uint64 // a Flush waits for this generation
	flushed     uint64 // last generation that is durable
	attempts    uint64 // flush attempts begun
	failed      uint64 // last attempt that failed
	flushErr    error  // of the last attempt
	compactErr  error  // of the last merge

	lastFlush   time.Time     // that succeeded
	flushTime   time.Duration // of all attempts together
	compactTime time.Duration // of all merges together
}

// Open opens a data directory, which it makes if need be, and begins its
// background work. With Options.ReadOnly the directory has to exist. The
// caller closes the store.
//
// Parts and manifests that cannot be read do not keep the rest from being
// served: they are left as they are, logged, and reported by Status. Errors
// wrap ErrLocked, ErrVersion or ErrCorrupt (of VERSION) where one applies.
func Open(dir string, o Options) (*Store, error) {
	o = o.withDefaults()
	ctx, cancel := context.WithCancel(context.Background())
	s := &Store{
		dir: dir, opts: o, fs: o.fs, log: o.Logger, cancel: cancel,
		signalsReady: map[string]bool{}, replayed: map[key]uint64{}, partitions: map[key]*partition{}, missing: map[Signal]Damage{}, ends: map[Signal]uint64{}, overlays: map[Signal][]overlaid{},
		wake: make(chan struct{}, 1), maintain: make(chan struct{}, 1), changed: make(chan struct{}),
		active: newGeneration(1), coders: encoding.NewCoders(),
	}
	s.files = newFiles(&s.opts, filepool.New(s.fs, s.opts.MaxOpenFiles), s.removeFile)
	s.scanned = o.Memory.Cache("rows under scans", nil)
	if err := s.open(); err != nil {
		cancel()
		s.files.close()
		if s.lock != nil {
			err = errors.Join(err, s.lock.Close())
		}
		return nil, err
	}
	if o.ReadOnly {
		return s, nil
	}
	s.wg.Add(2)
	go s.runFlusher(ctx.Done())
	go s.runMaintenance(ctx)
	return s, nil
}

func (s *Store) open() error {
	if !s.opts.ReadOnly {
		if err := s.openForWriting(); err != nil {
			return err
		}
	} else if damage, err := versionDamage(s.fs, s.dir); err != nil {
		return err
	} else if damage != nil {
		s.found = append(s.found, Damage{File: filepath.Join(s.dir, versionName), Err: damage})
	}
	for _, d := range signalDirs {
		if err := s.loadSignal(d.signal); err != nil {
			return err
		}
	}
	for k, p := range s.partitions {
		if pos := p.man.position(s.opts.Ring); pos != 0 {
			s.replayed[k] = pos
			s.watermark = max(s.watermark, pos)
		}
	}
	return s.listTop()
}

func (s *Store) openForWriting() error {
	// A directory of an unknown format is not even locked: that writes.
	_, err := versionDamage(s.fs, s.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := ensureDir(s.fs, s.dir); err != nil {
		return fmt.Errorf("storage: create %s: %w", s.dir, err)
	}
	lockPath := filepath.Join(s.dir, lockName)
	if damage := notFile(s.fs, lockPath); damage != nil {
		// Nobody can have locked that.
		if err := s.setAside(lockPath, damage); err != nil {
			return err
		}
	}
	lock, holder, err := s.fs.Lock(lockPath, fmt.Sprintf("pid %d\n", os.Getpid()))
	if errors.Is(err, vfs.ErrLocked) {
		return lockError(s.dir, holder, err)
	}
	if err != nil {
		return fmt.Errorf("storage: lock %s: %w", s.dir, err)
	}
	s.lock = lock
	damage, err := versionDamage(s.fs, s.dir)
	switch {
	case damage != nil:
		return s.repairVersion(damage)
	case errors.Is(err, fs.ErrNotExist):
		return initVersion(s.fs, s.dir)
	case err != nil:
		return err
	}
	version, err := readVersion(s.fs, s.dir)
	if err == nil && version < storeVersion {
		return writeVersion(s.fs, s.dir)
	}
	return err
}

// listTop remembers what stands in the data directory that is not ours.
func (s *Store) listTop() error {
	entries, err := s.fs.ReadDir(s.dir)
	if err != nil {
		return fmt.Errorf("storage: list %s: %w", s.dir, err)
	}
	known := map[string]bool{versionName: true, versionTemp: true, lockName: true, ringDirName: true}
	for _, d := range signalDirs {
		known[d.name] = true
	}
	for _, e := range entries {
		if !known[e.Name()] {
			s.unknown = append(s.unknown, e.Name())
		}
	}
	return nil
}

// partitionLocked returns the partition, a new one if there is none yet.
func (s *Store) partitionLocked(k key) *partition {
	p := s.partitions[k]
	if p == nil {
		p = newPartition(s.dir, k)
		s.partitions[k] = p
	}
	return p
}

// waitLocked waits until something changes that Append or Flush may wait for.
// It gives mu up meanwhile.
func (s *Store) waitLocked(ctx context.Context) error {
	changed := s.changed
	s.mu.Unlock()
	defer s.mu.Lock()
	select {
	case <-changed:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *Store) changedLocked() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// Close flushes, ends the background work and gives the directory up. When the
// flush fails, its error is returned and the rows that are not durable are
// lost to this store; a ring still has them. Scans that are open stay valid
// until they are closed. Closing again does nothing.
func (s *Store) Close() error {
	s.mu.Lock()
	if s.closing {
		s.mu.Unlock()
		s.wg.Wait()
		return nil
	}
	s.closing = true
	s.changedLocked()
	var err error
	if !s.opts.ReadOnly {
		err = s.flushLocked(context.Background())
	}
	s.mu.Unlock()
	err = errors.Join(err, s.settleDebris())
	s.cancel()
	s.wg.Wait()
	s.compactMu.Lock() // a forced Compact sees the closed store and ends
	defer s.compactMu.Unlock()
	s.mu.Lock()
	s.closed, s.flusherDone = true, true
	s.changedLocked()
	s.mu.Unlock()
	s.files.close()
	s.emptyTrash()
	if s.lock != nil {
		err = errors.Join(err, s.lock.Close())
	}
	return err
}
