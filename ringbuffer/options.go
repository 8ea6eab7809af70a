package ringbuffer

import (
	"math/bits"
	"time"
)

// Options are the knobs of Open. The zero value means the defaults.
type Options struct {
	// Size is the size of the data area in bytes, rounded up to a power of
	// two; 0 or less means 64 MiB. A file that exists keeps its size.
	Size int64
	// CatalogSize is the room for definitions in bytes; 0 or less means
	// 1 MiB. A file that exists keeps its size.
	CatalogSize int64
	// SyncInterval is the time between background syncs of a ring that was
	// written to: the most that power loss can take. 0 means one second,
	// less than 0 never. SyncTo works with every value.
	SyncInterval time.Duration

	// boot replaces the boot id of the machine in tests of power loss.
	boot *[16]byte
}

const (
	defaultSize     = 64 << 20
	defaultCatalog  = 1 << 20
	defaultInterval = time.Second
)

func (o Options) withDefaults() Options {
	if o.Size <= 0 {
		o.Size = defaultSize
	}
	if o.CatalogSize <= 0 {
		o.CatalogSize = defaultCatalog
	}
	if o.SyncInterval == 0 {
		o.SyncInterval = defaultInterval
	}
	o.Size = roundSize(o.Size)
	o.CatalogSize = (o.CatalogSize + 4095) &^ 4095
	return o
}

// roundSize returns the smallest permitted size of a data area at or above n.
// A power of two turns the division in every Reserve into a mask.
func roundSize(n int64) int64 {
	if n <= minSize {
		return minSize
	}
	if n > maxSize {
		return maxSize
	}
	return 1 << bits.Len64(uint64(n-1))
}
