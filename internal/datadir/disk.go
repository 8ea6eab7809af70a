package datadir

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/ttlog/ttlog/internal/pipeline"
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
	// yieldMargin is what part of the reserve is free beyond it when what is
	// kept for collectors begins to be given up, and yieldFree, where the
	// reserve is small, what is free then: parts have to be written.
	yieldMargin = 16
	yieldFree   = 64 << 20
	// maxYields bounds how often room is asked for that is taken again meanwhile.
	maxYields = 16
)

// space is how full a file system is, for who is not its superuser.
type space struct{ total, free uint64 }

// disk watches the file system of a data directory, and what the directory
// takes of it.
type disk struct {
	// Immutable after newDisk.
	path    string
	reserve uint64
	share   float64 // of the file system that may be used, 0 for no such limit
	bytes   int64   // that the directory may take, 0 for no such limit
	floor   int64   // that parts may take in any case
	// yieldBelow is how much is free when what is kept for collectors begins to
	// be given up. keepFree is what parts leave free where they have a limit: so
	// much that requests that were refused are taken again.
	yieldBelow, keepFree uint64
	log                  *slog.Logger

	// spills is what yields before stored telemetry does; nil until it is open.
	spills atomic.Pointer[pipeline.Pipeline]
	next   atomic.Int64          // when to look again, in ns
	low    atomic.Pointer[error] // why there is no room; nil where there is

	mu   sync.Mutex // guards seen
	seen space
}

// newDisk watches for a directory whose file system is as now says. floor is
// what parts may take in any case.
func newDisk(path string, o Options, now space, floor int64) *disk {
	d := &disk{path: path, share: o.MaxDisk.Share, bytes: max(o.MaxDisk.Bytes, 0), floor: floor, log: o.Logger}
	d.reserve = uint64(o.Reserve.Of(int64(now.total)))
	if o.Reserve.Unsaid() {
		d.reserve = min(defaultReserve, now.total/reserveShare)
	}
	d.yieldBelow = max(d.reserve+d.reserve/yieldMargin, min(yieldFree, now.total/reserveShare))
	d.keepFree = d.yieldBelow + d.reserve/4
	d.look()
	return d
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
	// What is kept for collectors is given up before anything is refused.
	if spills := d.spills.Load(); spills != nil && now.free < d.yieldBelow {
		if spills.Yield(d.keepFree-now.free) > 0 {
			if now, err = spaceOf(d.path); err != nil {
				return
			}
		}
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

// limit returns what parts may take, 0 for no limit; held is what they take
// now. Before parts have to go, what is kept for collectors does.
func (d *disk) limit(held int64) int64 {
	spills := d.spills.Load()
	if spills == nil {
		return 0 // nothing is removed while it is not known who has to yield
	}
	limit := d.partsLimit(held)
	// More may have been kept for collectors by the time that some is given up.
	for range maxYields {
		if limit <= 0 || held <= limit || spills.Yield(uint64(held-limit)) == 0 {
			break
		}
		limit = d.partsLimit(held)
	}
	return limit
}

// partsLimit returns what parts may take, 0 for no limit: what is left of what
// the directory may take, or of the share of the file system, whoever uses it;
// and no more than leaves free what is to be kept free, so that the oldest goes
// before the newest is refused. Of what is held a tenth of the limit stays
// however much others write, and what a flush and a merge need does in any
// case: what was just acknowledged does not go.
func (d *disk) partsLimit(held int64) int64 {
	if d.share <= 0 && d.bytes <= 0 {
		return 0
	}
	now, err := spaceOf(d.path)
	if err != nil {
		return 0 // no limit: nothing is removed on a guess
	}
	whole := d.bytes
	others := beside(d.path)
	if d.share > 0 {
		whole = int64(float64(now.total) * d.share)
		others = int64(now.total-now.free) - held
	}
	limit := whole - max(others, 0)
	limit = min(limit, held+int64(now.free)-int64(d.keepFree))
	return max(limit, min(held, whole/ownShare), d.floor, 1)
}

// diskStatus returns what was seen last of the file system, and what the
// directory takes of it.
func (d *DataDir) diskStatus() DiskStatus {
	st := d.disk.status()
	held := d.Store.DiskBytes()
	st.Used = held + beside(d.path)
	if info, err := os.Stat(ringPath(d.path)); err == nil {
		st.Ring = info.Size()
	}
	if d.disk.share > 0 || d.disk.bytes > 0 {
		st.Limit = d.disk.partsLimit(held) + st.Used - held
	}
	return st
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
