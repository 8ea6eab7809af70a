package storage

import (
	"context"
	"fmt"
	"time"

	"github.com/ttlog/ttlog/storage/internal/table"
)

// Append decodes one Export…ServiceRequest of a signal (or TracesData and its
// likes, which are the same bytes) and adds its rows, all or none. Scans that
// begin later see them; they are durable after the next flush. The request is
// not kept. rows is the number of rows added. An error about the bytes wraps
// otlpwire.ErrMalformed.
//
// end is the position behind the request in the ring Options.Ring, 0 for one
// that does not come from a ring. The rows of a partition whose watermark for
// that ring is at or behind end are skipped: they are in its parts already. So
// that this is exact, the caller appends the records of a signal in the order
// of the ring (an end before an earlier one of its signal is refused with
// ErrOrder), and while it replays what lies below Watermark, each record by
// itself. A request without rows does nothing but pass on its end.
//
// Append waits while unflushed rows take more memory than
// Options.MaxPendingBytes, until the context ends.
func (s *Store) Append(ctx context.Context, signal Signal, request []byte, end uint64) (rows int, err error) {
	if s.opts.ReadOnly {
		return 0, ErrReadOnly
	}
	if _, ok := signalDir(signal); !ok {
		return 0, fmt.Errorf("storage: append: unknown signal %d", signal)
	}
	if s.opts.Ring == 0 {
		end = 0
	}
	batch, err := table.Decode(signal, request)
	if err != nil {
		s.count(func(c *Counters) { c.Rejected++ })
		return 0, fmt.Errorf("storage: append %s: %w", signal, err)
	}
	defer batch.Release() // the tables have copies
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.admitLocked(ctx); err != nil {
		return 0, err
	}
	if end != 0 && end < s.ends[signal] {
		return 0, fmt.Errorf("%w: %s at %d after %d", ErrOrder, signal, end, s.ends[signal])
	}
	now := time.Now()
	rows = s.addLocked(signal, batch, len(request), end, now)
	if end != 0 {
		s.ends[signal] = end
		s.end = max(s.end, end)
	}
	s.counters.Appends++
	s.counters.AppendedRows += int64(rows)
	if s.active.full(&s.opts, now) {
		s.sealLocked()
	}
	return rows, nil
}

// admitLocked waits until there is room for more rows. A request that finds
// the memtable within its bound is let in whatever its own size, which the
// caller bounds.
func (s *Store) admitLocked(ctx context.Context) error {
	for {
		if s.closing {
			return ErrClosed
		}
		if s.sealed == nil || s.sealed.bytes()+s.active.bytes() < s.opts.MaxPendingBytes {
			return nil
		}
		s.counters.Stalls++
		if err := s.waitLocked(ctx); err != nil {
			return fmt.Errorf("storage: append: waiting for the flush of %d bytes: %w", s.sealed.bytes(), err)
		}
	}
}

// addLocked adds the rows of a batch that are not in parts yet.
func (s *Store) addLocked(signal Signal, batch *table.Batch, size int, end uint64, now time.Time) (rows int) {
	g := s.active
	for _, d := range batch.Days() {
		k := key{signal: signal, day: clampDay(d)}
		if end != 0 && s.replayed[k] >= end {
			continue
		}
		if g.empty() {
			g.born = now
			s.wakeFlusher()
		}
		t := g.tables[k]
		if t == nil {
			t = &memTable{table: table.New(signal), received: at(now)}
			g.tables[k] = t
		}
		before := t.table.Rows()
		t.table.Append(batch, d)
		rows += t.table.Rows() - before
		t.end = max(t.end, end)
		t.received = t.received.union(at(now))
	}
	s.counters.SkippedRows += int64(batch.Rows() - rows)
	if rows == 0 {
		return 0
	}
	if _, ok := g.low[signal]; !ok && end != 0 {
		g.low[signal] = s.ends[signal]
	}
	g.rows += int64(rows)
	g.input += int64(size)
	return rows
}

// sealLocked begins a new generation, if the last one that was sealed is
// written; otherwise the flusher seals when it is.
func (s *Store) sealLocked() {
	if s.sealed != nil || s.active.empty() {
		return
	}
	s.sealed = s.active
	s.active = newGeneration(s.sealed.seq + 1)
	s.wakeFlusher()
}

// Durable returns the ring position below which every row that was appended is
// in durable parts. It is exact between the appends of a caller that hands
// over the records of each signal in order: records at or before it that were
// not appended yet are not known to the store. It may fall back when a signal
// that was silent for long gets rows again; what was released stays released.
func (s *Store) Durable() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	durable := s.end
	for _, g := range []*generation{s.sealed, s.active} {
		if g.empty() {
			continue
		}
		for _, low := range g.low {
			durable = min(durable, low)
		}
	}
	return durable
}

// Watermark returns the highest durable position that any partition had for
// the ring when the store was opened. Below it a replay has to append each
// record by itself.
func (s *Store) Watermark() uint64 { return s.watermark }
