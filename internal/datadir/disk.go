package datadir

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	// defaultReserve is what is left free of the file system, and
	// reserveShare the most of it that the default takes.
	defaultReserve = 256 << 20
	reserveShare   = 20
	// lookEvery is how often the file system is asked.
	lookEvery = time.Second
	// ownShare is what the store keeps in any case of its share of the file
	// system: others who fill it are not to cost all that was stored.
	ownShare = 10
)

// space is how full a file system is, for who is not its superuser.
type space struct{ total, free uint64 }

// disk watches the file system of a data directory.
type disk struct {
	// Immutable after newDisk.
	path    string
	reserve uint64
	share   float64 // of the file system that may be used, 0 for no such limit
	log     *slog.Logger

	next atomic.Int64          // when to look again, in ns
	low  atomic.Pointer[error] // why there is no room; nil where there is

	mu   sync.Mutex // guards seen
	seen space
}

func newDisk(path string, reserve int64, share float64, log *slog.Logger) (*disk, error) {
	d := &disk{path: path, share: share, log: log}
	now, err := spaceOf(path)
	if err != nil {
		return nil, fmt.Errorf("file system of %s: %w", path, err)
	}
	switch {
	case reserve > 0:
		d.reserve = uint64(reserve)
	case reserve == 0:
		d.reserve = min(defaultReserve, now.total/reserveShare)
	}
	d.look()
	return d, nil
}

// room returns why nothing more may be put on the disk: less than the reserve
// is free, which is for what is acknowledged already, for merges and manifests.
// It is called with every request.
func (d *disk) room() error {
	now, next := time.Now().UnixNano(), d.next.Load()
	if now >= next && d.next.CompareAndSwap(next, now+int64(lookEvery)) {
		d.look()
	}
	if err := d.low.Load(); err != nil {
		return *err
	}
	return nil
}

// look asks the file system.
func (d *disk) look() {
	now, err := spaceOf(d.path)
	if err != nil {
		return // who wants to write will see
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.seen = now
	was := d.low.Load()
	enough := d.reserve
	if was != nil {
		enough += enough / 4 // not to and fro at the limit
	}
	switch {
	case now.free >= enough && was != nil:
		d.low.Store(nil)
		d.log.Info("there is room on the disk again", "free", now.free)
	case now.free < enough:
		err := fmt.Errorf("the disk is full: %d MiB of %d are free, and %d are kept free to store what was taken",
			now.free>>20, now.total>>20, d.reserve>>20)
		d.low.Store(&err)
		if was == nil {
			d.log.Error("new telemetry is refused until there is room on the disk", "free", now.free, "total", now.total, "reserve", d.reserve)
		}
	}
}

// limit returns what parts may take so that no more than the share of the file
// system is used, whoever uses it. held is what the store has there now.
func (d *disk) limit(held int64) int64 {
	now, err := spaceOf(d.path)
	if err != nil {
		return 0 // no limit: nothing is removed on a guess
	}
	share := int64(float64(now.total) * d.share)
	others := int64(now.total-now.free) - held
	return max(share-max(others, 0), share/ownShare, 1)
}

// status returns what was seen last.
func (d *disk) status() DiskStatus {
	_ = d.room()
	d.mu.Lock()
	defer d.mu.Unlock()
	return DiskStatus{Total: d.seen.total, Free: d.seen.free, Reserve: d.reserve, Full: d.low.Load() != nil}
}

// noSpace tells whether an error says that a disk, or a quota, is full.
func noSpace(err error) bool { return errors.Is(err, syscall.ENOSPC) || errors.Is(err, errQuota) }
