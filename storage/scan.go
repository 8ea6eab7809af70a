package storage

import (
	"context"
	"iter"
	"math"
	"sync"
	"sync/atomic"

	"github.com/ttlog/ttlog/storage/column"
	"github.com/ttlog/ttlog/storage/internal/part"
)

// ScanRequest says which rows a scan is about.
type ScanRequest struct {
	Signal Signal
	// From and To bound the timestamps, in nanoseconds since the Unix epoch:
	// From is in, To is not. To 0 is no bound; From 0 leaves out what is
	// before 1970 only when To is set too.
	From, To int64
	// Where are predicates that all have to hold.
	Where []column.Predicate
	// Ended, where set, tells why nobody wants the rows any more, nil while
	// somebody does: reading a column of a part fails with it from then on. The
	// context of Scan is for making the snapshot.
	Ended func() error
}

func (r *ScanRequest) bounds() (from, to int64) {
	from, to = r.From, r.To
	if to == 0 {
		to = math.MaxInt64
		if from == 0 {
			from = math.MinInt64
		}
	}
	return from, to
}

// ScanStats counts what a scan did so far.
type ScanStats struct {
	// PartsTotal is the number of parts of the signal, PartsPruned how many of
	// them were left out by time or predicates.
	PartsTotal, PartsPruned int
	// PartsDamaged is how many parts could not be read and are missing from
	// the result, though rows of theirs may match. Where it is not known how
	// many those are, because a manifest is damaged, all files count, or one.
	PartsDamaged int
	// PagesDamaged is how many pages of columns could not be read. Rows have no
	// value there: those that were wanted for one are missing. A filter that is
	// damaged counts as well, and costs no row.
	PagesDamaged int64
	// PagesPassed is how many pages of dictionaries were not read because filters
	// of values or texts said that they have nothing wanted.
	PagesPassed int64
	// Groups is how many row groups the parts that were not left out as a whole
	// have, Pruned how many of them were left out, by what said so.
	Groups int
	Pruned Pruned
	// RowsScanned is the number of rows of the blocks that were handed over.
	RowsScanned int64
	// BytesRead is the number of bytes read from part files.
	BytesRead int64
}

// Pruned is how many row groups were left out by the time of their rows, their
// services, bounds of values, because they have no such attribute, by the trace
// filter, by value filters and by the texts that they do not have.
type Pruned = part.Pruned

// Scan is a snapshot of the rows of a signal: what was in parts and in the
// memtable when it was made. A Scan is for one goroutine, the blocks it hands
// over are for several.
type Scan struct {
	req   ScanRequest
	snap  *snapshot
	stats ScanStats
	read  atomic.Int64
	lost  atomic.Int64 // pages
	pass  atomic.Int64 // pages of dictionaries
	close sync.Once
}

// Scan returns a snapshot of the rows that may match the request; it leaves
// out what surely does not, and the caller filters the rest. The caller closes
// the scan, which keeps files open and memory held until then.
func (s *Store) Scan(ctx context.Context, req ScanRequest) (*Scan, error) {
	from, to := req.bounds()
	snap, err := s.snapshot(ctx, req.Signal, from, to)
	if err != nil {
		return nil, err
	}
	sc := &Scan{req: req, snap: snap}
	sc.stats.PartsTotal, sc.stats.PartsDamaged = snap.total, snap.damaged
	sc.stats.PartsPruned = snap.total - snap.damaged - len(snap.parts)
	return sc, nil
}

// Blocks hands over the blocks of the snapshot. What is in memory comes first:
// once it is handed over, rows that are flushed in the meantime need not stay
// there for as long as the parts are read. It is to be ranged over once. The
// sequence ends with the first error. A block's errors wrap ErrCorrupt when the
// part is damaged.
func (sc *Scan) Blocks() iter.Seq2[column.Block, error] {
	return func(yield func(column.Block, error) bool) {
		for i, b := range sc.snap.memory {
			sc.snap.memory[i] = nil // the consumer's alone, to be freed when it is done
			sc.stats.RowsScanned += int64(b.Rows())
			if !yield(b, nil) {
				return
			}
		}
		sc.snap.forget()
		for _, p := range sc.snap.parts {
			more := true
			kept, pruned, err := p.p.Each(sc.filter(), func(b column.Block) bool {
				sc.stats.RowsScanned += int64(b.Rows())
				more = yield(partBlock{Block: b, path: p.h.path, part: p.h.number}, nil)
				return more
			})
			sc.stats.Groups += kept + pruned
			switch {
			case err != nil:
				yield(nil, partError(p.h.path, err))
				return
			case !more:
				return
			case kept == 0:
				sc.stats.PartsPruned++
			}
		}
	}
}

func (sc *Scan) filter() part.Filter {
	f := sc.req.filter()
	f.Read, f.Lost, f.Passed, f.Pruned = &sc.read, &sc.lost, &sc.pass, &sc.stats.Pruned
	return f
}

// filter returns what a part has to know of the request.
func (r *ScanRequest) filter() part.Filter {
	f := part.Filter{Where: r.Where, Ended: r.Ended}
	if r.From != 0 || r.To != 0 {
		f.From, f.To = r.bounds()
	}
	return f
}

// partBlock says which file an error is about.
type partBlock struct {
	column.Block
	path string
	part uint64 // see handle.number; 0 of some rows of a block
}

// Identity implements [column.Lasting].
func (b partBlock) Identity() (id column.Identity, ok bool) {
	g, ok := b.Block.(interface{ Group() int })
	if !ok || b.part == 0 {
		return id, false
	}
	return column.Identity{Part: b.part, Group: g.Group()}, true
}

func (b partBlock) Vector(ref column.Ref) (*column.Vector, error) {
	v, err := b.Block.Vector(ref)
	return v, partError(b.path, err)
}

func (b partBlock) Attributes(place column.Place) (column.Attributes, error) {
	a, err := b.Block.Attributes(place)
	if err != nil {
		return nil, partError(b.path, err)
	}
	return partAttributes{a, b.path}, nil
}

// Select implements [column.Selector].
func (b partBlock) Select(rows []uint32) column.Block {
	return partBlock{Block: b.Block.(column.Selector).Select(rows), path: b.path}
}

// Narrow implements [column.Narrower].
func (b partBlock) Narrow(where []column.Predicate, kept column.Selections) (column.Narrowed, error) {
	n, err := b.Block.(column.Narrower).Narrow(where, kept)
	return n, partError(b.path, err)
}

// Bounds implements [column.Bounded].
func (b partBlock) Bounds(ref column.Ref) ([]column.Bounds, error) {
	if of, ok := b.Block.(column.Bounded); ok {
		list, err := of.Bounds(ref)
		return list, partError(b.path, err)
	}
	return nil, nil
}

// Summary implements [column.Summarized].
func (b partBlock) Summary() (s column.Summary, ok bool) {
	if b, ok := b.Block.(column.Summarized); ok {
		return b.Summary()
	}
	return s, false
}

type partAttributes struct {
	column.Attributes
	path string
}

func (a partAttributes) Append(dst []column.Attribute, row int) ([]column.Attribute, error) {
	dst, err := a.Attributes.Append(dst, row)
	return dst, partError(a.path, err)
}

func (b partBlock) AppendOTLP(dst []byte, rows []uint32) ([]byte, error) {
	dst, err := b.Block.AppendOTLP(dst, rows)
	return dst, partError(b.path, err)
}

// Stats returns what the scan did so far.
func (sc *Scan) Stats() ScanStats {
	st := sc.stats
	st.BytesRead = sc.read.Load()
	st.PagesDamaged = sc.lost.Load()
	st.PagesPassed = sc.pass.Load()
	return st
}

// Damaged reports whether blocks came upon damaged pages so far. Unlike Stats it
// may be called while others use the scan.
func (sc *Scan) Damaged() bool { return sc.lost.Load() > 0 }

// Close gives the snapshot up; its blocks must not be used any more. Closing
// again does nothing.
func (sc *Scan) Close() error {
	sc.end()
	return nil
}

func (sc *Scan) end() { sc.close.Do(sc.snap.release) }
