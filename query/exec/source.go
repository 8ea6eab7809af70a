package exec

import (
	"context"
	"iter"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/storage/column"
)

// Source is what an [Engine] reads. It must be safe for concurrent use.
type Source interface {
	// Scan starts a scan. The engine closes it.
	Scan(ctx context.Context, req ScanRequest) (Scan, error)
	// Columns returns the columns of a signal's table that have values
	// somewhere: the attribute columns with their types; fixed columns may be
	// listed and are ignored.
	Columns(ctx context.Context, signal otlpwire.Signal) ([]column.Ref, error)
}

// Finder is a [Source] that may have more attributes than Columns lists, which
// are then storage.MaxListed.
type Finder interface {
	Source
	// FindColumns returns all attribute columns that have one of the names.
	FindColumns(ctx context.Context, signal otlpwire.Signal, names []string) ([]column.Ref, error)
}

// ScanRequest is what a scan may leave out. Blocks may hold rows outside it;
// the engine filters.
type ScanRequest struct {
	Signal otlpwire.Signal
	// From and To bound the timestamp in nanoseconds since the epoch: rows in
	// [From, To) are wanted. 0 is no bound.
	From, To int64
	// Where holds comparisons that every wanted row meets.
	Where []column.Predicate
	// Ended tells why nobody wants the rows any more, nil while somebody does:
	// blocks read no more columns then. It may be nil itself. The context of Scan may
	// end earlier, with what reads the blocks first.
	Ended func() error
}

// Scan is a snapshot of a table's rows.
type Scan interface {
	// Blocks returns the blocks in an order that is the same each time for
	// the same rows. It is ranged over once, by one goroutine; the blocks are
	// used by others, and are valid until Close.
	Blocks() iter.Seq2[column.Block, error]
	// Stats returns what the scan touched so far.
	Stats() ScanStats
	// Close gives up the blocks and what they point to.
	Close() error
}

// ScanStats is what a scan touched.
type ScanStats struct {
	PartsTotal, PartsPruned int
	// PartsDamaged is how many parts could not be read: rows of theirs that
	// were wanted are missing.
	PartsDamaged int
	// PagesDamaged is how many pages of columns could not be read: rows have no
	// value there.
	PagesDamaged           int64
	RowsScanned, BytesRead int64
	// PagesPassed is how many pages of dictionaries filters left out.
	PagesPassed int64
	// LeftOut are the indexes that left row groups out, and how many.
	LeftOut []LeftOut
}

// LeftOut is how many row groups an index left out.
type LeftOut struct {
	Index  string
	Groups int
}
