package datadir

import (
	"fmt"
	"io/fs"
	"math/bits"
	"os"
	"path/filepath"
	"strings"

	"github.com/ttlog/ttlog/internal/quantity"
)

// guestShare is what part of a file system a directory takes at most that
// nobody has set a limit for.
const guestShare = 4

// What a ring is where nobody asked for a size.
const (
	// defaultRing is the most, and minDefaultRing the least. MinRing is the least
	// that somebody may ask for: a request may take a quarter of it.
	defaultRing    = 64 << 20
	MinRing        = 1 << 20
	minDefaultRing = 4 << 20
	// ringShare is what part of a limit on the disk it may take.
	ringShare = 4
	// ringBeside is what the file of a ring has beside the ring: its header and
	// the catalog.
	ringBeside = 1<<20 + 4096
)

// A store writes its rows out when they took flushRing/flushOf of the ring: one
// generation is being written while the next one comes in, and there is room
// for a sender in a hurry.
const (
	flushRing = 5
	flushOf   = 16
	// maxFlushBytes is what a larger ring does not change.
	maxFlushBytes = 20 << 20
)

// partShare is what part of a limit one part may take: parts go as a whole.
const partShare = 8

// LimitError is a limit on the size of a data directory below what can work.
type LimitError struct {
	// Setting is what set it, such as a flag.
	Setting string
	// Limit is what was asked for, Least what can work, of which Ring is for
	// the ring's file.
	Limit, Least, Ring int64
	// Share tells that the limit was said as a part of the file system, and
	// Exists that the ring is there already.
	Share  float64
	Exists bool
}

// Error says what would work.
func (e *LimitError) Error() string {
	limit := quantity.FormatBytes(e.Limit)
	if e.Share > 0 {
		limit = fmt.Sprintf("%g%% of the file system is %s, which", e.Share*100, limit)
	}
	ring := "its ring takes " + quantity.FormatBytes(e.Ring)
	if e.Exists {
		ring = "the ring that it was made with takes " + quantity.FormatBytes(e.Ring)
	}
	text := fmt.Sprintf("%s: %s is too little: a data directory needs %s at least, since %s, and to store what that holds takes as much again",
		e.Setting, limit, quantity.FormatBytes(e.Least), ring)
	switch {
	case e.Share > 0 || e.Limit >= 1<<20:
	case e.Limit <= 1<<10:
		text += fmt.Sprintf("; did you mean %dGiB?", e.Limit)
	default:
		text += fmt.Sprintf("; did you mean %dMiB?", e.Limit)
	}
	return text
}

// leastDisk returns the smallest limit that works with a ring: the ring's file;
// a part as large as what is stored at a time, another one that is being
// written, and a merge of the two, together no more than the ring holds, since
// no part is larger than the requests it is made of; and a little for
// manifests and what else is small.
func leastDisk(ring int64) (least, file int64) {
	file = ring + ringBeside
	return file + ring + 1<<20, file
}

// withLimits returns the options with what follows from the limits on the disk
// and from the size of the ring that is there, or will be.
func (o Options) withLimits(dir string, total int64) (Options, error) {
	limit := o.MaxDisk.Of(total)
	if o.MaxDiskDefault && o.MaxDisk.Share == 0 {
		limit = min(limit, total/guestShare)
	}
	ring, exists := ringBytes(dir)
	if !exists {
		if ring = o.RingBytes; ring <= 0 {
			ring = defaultRing
			if o.DefaultRingBytes > 0 {
				ring = o.DefaultRingBytes
			}
			for limit > 0 && ring > limit/ringShare && ring > minDefaultRing {
				ring /= 2
			}
			o.RingBytes = ring
		}
		ring = 1 << bits.Len64(uint64(ring-1)) // as the ring is made
	}
	least, file := leastDisk(ring)
	switch {
	case limit == 0 || o.MaxDiskDefault && o.MaxDisk.Share > 0:
	case o.MaxDiskDefault:
		limit = max(limit, least)
		o.MaxDisk = quantity.OfBytes(limit)
	case limit < least:
		return o, &LimitError{Setting: o.MaxDiskSetting, Limit: limit, Least: least, Ring: file, Share: o.MaxDisk.Share, Exists: exists}
	}
	if o.Store.FlushBytes <= 0 {
		o.Store.FlushBytes = int(min(maxFlushBytes, ring/flushOf*flushRing))
	}
	if limit > 0 && o.Store.MaxPartBytes <= 0 {
		o.Store.MaxPartBytes = min(512<<20, max(limit/partShare, 1<<20))
	}
	o.spillBytes = o.SpillMax.Of(total)
	if o.spillBytes == 0 {
		o.spillBytes = defaultSpill
		if limit > 0 {
			o.spillBytes = min(defaultSpill, limit/spillShare)
		}
	}
	return o, nil
}

// ringBytes returns the size of the ring that a directory has.
func ringBytes(dir string) (ring int64, exists bool) {
	info, err := os.Stat(ringPath(dir))
	if err != nil || info.Size() <= ringBeside {
		return 0, false
	}
	return info.Size() - ringBeside, true
}

// The queues of forwarders together take no more than defaultSpill, and no more
// than a part of a limit on the directory, unless told otherwise.
const (
	defaultSpill = 1 << 30
	spillShare   = 4
)

// partSuffix is that of the store's parts, those that are being written
// included.
const partSuffix = ".part"

// beside returns the bytes that a data directory takes beside the store's
// parts: the ring, what is kept for collectors, what was set aside.
func beside(dir string) (bytes int64) {
	_ = filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || strings.HasSuffix(strings.TrimSuffix(e.Name(), ".tmp"), partSuffix) {
			return nil //nolint:nilerr // what cannot be read, or is gone by now, is not counted
		}
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() {
			bytes += info.Size()
		}
		return nil
	})
	return bytes
}
