package storage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync/atomic"

	"github.com/ttlog/ttlog/storage/column"
	"github.com/ttlog/ttlog/storage/internal/part"
)

// Deletion says which rows are to be deleted: those that Match picks of the rows
// that the request may be about.
type Deletion struct {
	ScanRequest
	// Match returns the rows of a block that go, ascending, numbered from 0.
	Match func(b column.Block) (rows []uint32, err error)
	// Statement says in words which rows those are, and By who asks, for the log.
	Statement, By string
}

// Deleted is what a deletion did.
type Deleted struct {
	// Rows are gone. Parts is how many parts had some of them.
	Rows  int64
	Parts int
	// Bytes is how much smaller the parts are. The disk has them back when the
	// last scan that began before has ended.
	Bytes int64
	// PartsDamaged is how many parts may have such rows and cannot be read
	// whole. They are as they were.
	PartsDamaged int
}

// Delete deletes rows for good: each part that has some is written again without
// them, and takes its own place in one step. It is about the rows that were
// appended before the call; what comes meanwhile stays. Scans that began before
// see the rows until they end.
//
// With an error some parts may be done already, as Deleted says; the same call
// goes on with the rest. Merges and retention wait meanwhile.
func (s *Store) Delete(ctx context.Context, d Deletion) (Deleted, error) {
	var done Deleted
	if s.opts.ReadOnly {
		return done, ErrReadOnly
	}
	if err := s.Flush(ctx); err != nil {
		return done, err
	}
	s.compactMu.Lock()
	defer s.compactMu.Unlock()
	from, to := d.bounds()
	sn, err := s.snapshot(ctx, d.Signal, from, to)
	if err != nil {
		return done, err
	}
	defer sn.release()
	sn.forget() // came later
	done.PartsDamaged = sn.damaged
	for _, sp := range sn.parts {
		if err := ctx.Err(); err != nil {
			return done, fmt.Errorf("storage: delete: %w", err)
		}
		err := s.deleteFrom(ctx, sp, &d, &done, func(c *Counters, rows, _ int64) { c.DeletedRows += rows })
		switch {
		case errors.Is(err, ErrCorrupt), errors.Is(err, fs.ErrNotExist):
			s.noteDamage(sp.h, err)
			sp.h.refuseMerge()
			done.PartsDamaged++
		case err != nil:
			return done, err
		}
	}
	s.log.Info("storage: deleted rows", "signal", d.Signal.String(), "statement", d.Statement, "rows", done.Rows, "parts", done.Parts,
		"bytes", done.Bytes, "damaged", done.PartsDamaged)
	return done, nil
}

// deleteFrom deletes the rows of one part, and counts them and the bytes that it is
// smaller by.
func (s *Store) deleteFrom(ctx context.Context, sp scanPart, d *Deletion, done *Deleted, count func(c *Counters, rows, bytes int64)) error {
	gone, rows, err := matched(sp, d)
	if err != nil || rows == 0 {
		return err
	}
	h := sp.h
	s.mu.Lock()
	p := s.partitions[h.key]
	s.mu.Unlock()
	gained := func(left int64) { // Store.mu is held
		bytes := h.entry.size - left
		done.Rows, done.Parts, done.Bytes = done.Rows+rows, done.Parts+1, done.Bytes+bytes
		count(&s.counters, rows, bytes)
	}
	drop := map[uint64]bool{h.entry.id: true}
	if rows == h.entry.rows {
		return s.commit(p, without(drop), nil, drop, func() { gained(0) })
	}
	return s.rewrite(ctx, p, sp, gone, rows, gained)
}

// matched returns the rows of a part that go, by row group, and their number. A
// page that cannot be read is an error: nobody knows what it holds.
func matched(sp scanPart, d *Deletion) (gone map[int][]uint32, rows int64, err error) {
	var lost atomic.Int64
	f := d.filter()
	f.Lost = &lost
	blocks, _, err := sp.p.Blocks(f)
	if err != nil {
		return nil, 0, partError(sp.h.path, err)
	}
	gone = make(map[int][]uint32)
	for i, b := range blocks {
		blocks[i] = nil
		list, err := d.Match(partBlock{Block: b, path: sp.h.path, part: sp.h.number})
		if err != nil {
			return nil, 0, err
		}
		if len(list) > 0 {
			gone[b.(interface{ Group() int }).Group()] = list
			rows += int64(len(list))
		}
	}
	if n := lost.Load(); n > 0 {
		return nil, 0, corruptf("%s has %d damaged pages", sp.h.path, n)
	}
	return gone, rows, nil
}

// rewrite writes a part again without rows, and tells its size when it has taken its
// place.
func (s *Store) rewrite(ctx context.Context, p *partition, sp scanPart, gone map[int][]uint32, rows int64, taken func(size int64)) error {
	n, memory := s.mergeable([]*part.Part{sp.p}, []*handle{sp.h})
	if n == 0 {
		return fmt.Errorf("storage: delete from %s: its row groups are too large for the memory limit", sp.h.path)
	}
	held, err := s.opts.Memory.ReserveSlowly(ctx, "deletes", memory)
	if err != nil {
		return fmt.Errorf("storage: delete from %s: %w", p.key, err)
	}
	defer held.Close()
	old := sp.h.entry
	h, err := s.writePart(ctx, p, entry{level: old.level, received: old.received}, func(w io.Writer) (part.Info, error) {
		o := s.partOptions()
		o.Packed = func(*part.Part) bool { return old.level > 0 }
		info, err := part.Rewrite(w, o, sp.p, func(group int) []uint32 { return gone[group] })
		if want := old.rows - rows; err == nil && info.Rows != want {
			err = corruptf("%d rows are left where %d should be", info.Rows, want)
		}
		return info, err
	})
	if err != nil {
		return fmt.Errorf("storage: delete from %s: %w", p.key, partError("", err))
	}
	drop := map[uint64]bool{old.id: true}
	return s.commit(p, replaced(drop, h.entry), []*handle{h}, drop, func() { taken(h.entry.size) })
}
