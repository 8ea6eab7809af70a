package storage

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync/atomic"

	"github.com/ttlog/ttlog/internal/membudget"
	"github.com/ttlog/ttlog/storage/column"
	"github.com/ttlog/ttlog/storage/internal/table"
)

var traceRef = column.Ref{Place: column.PlaceField, Name: "trace_id", Type: column.TypeID}

// Trace returns the spans of a trace as the bytes of one OTLP TracesData
// message, or ErrNotFound. It is [Store.ReadTrace] in one piece.
func (s *Store) Trace(ctx context.Context, id [16]byte) (out []byte, err error) {
	err = s.ReadTrace(ctx, id, func(piece []byte) error {
		// Messages of one type put behind each other are one message with all
		// their fields.
		out = append(out, piece...)
		return nil
	})
	return out, err
}

// ReadTrace calls emit with the spans of a trace, in pieces of a few hundred
// kilobytes that are an OTLP TracesData message each and valid during the call.
// It returns ErrNotFound where there are none, and the first error of emit.
// Parts that cannot be read at all are left out. What is damaged in others is
// too, and makes the error ErrIncomplete when all the rest was emitted. What was
// decoded of a trace is kept for the next time, up to 64 MiB a store.
//
// It waits for the memory to decode one row group, see [Options.Memory].
func (s *Store) ReadTrace(ctx context.Context, id [16]byte, emit func(piece []byte) error) error {
	held, err := s.reserveTrace(ctx)
	if err != nil {
		return fmt.Errorf("storage: trace %x: %w", id, err)
	}
	defer held.Close()
	sn, err := s.snapshot(ctx, Traces, math.MinInt64, math.MaxInt64)
	if err != nil {
		return err
	}
	defer sn.release()
	some := false
	var lost atomic.Int64
	send := func(piece []byte) error {
		some = true
		if err := ctx.Err(); err != nil {
			return err
		}
		held.Stall()
		defer held.Resume()
		return emit(piece)
	}
	// What is in memory first: it need not stay there while the parts are read.
	for _, b := range sn.memory {
		if err := eachOfTrace(b, string(id[:]), send); err != nil {
			return fmt.Errorf("storage: trace %x: %w", id, err)
		}
	}
	sn.forget()
	for _, p := range sn.parts {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("storage: trace %x: %w", id, err)
		}
		if _, err = p.p.FindTrace(id, s.files.traces, &lost, send); err != nil {
			return fmt.Errorf("storage: trace %x: %w", id, partError(p.h.path, err))
		}
	}
	switch {
	case lost.Load() > 0:
		return fmt.Errorf("%w: %w: trace %x: %d pages of columns could not be read", ErrIncomplete, ErrCorrupt, id, lost.Load())
	case some:
		return nil
	case sn.damaged > 0:
		return fmt.Errorf("%w: trace %x; it may be in one of %d damaged parts", ErrNotFound, id, sn.damaged)
	}
	return fmt.Errorf("%w: trace %x", ErrNotFound, id)
}

// pieceFactor is how many times its own size a piece may take with whoever
// gets it: as JSON it takes ten times.
const pieceFactor = 12

// reserveTrace reserves what reading a trace takes: the largest row group and
// half as much again to find its rows. A row group that was written with a
// larger budget and does not fit has the pool to itself.
//
// The parts of now tell: a snapshot is taken when the memory is there, because
// one that waits keeps rows in memory that are in parts by then.
func (s *Store) reserveTrace(ctx context.Context) (*membudget.Reservation, error) {
	if s.opts.Memory == nil {
		return nil, nil
	}
	sn, err := s.snapshot(ctx, Traces, math.MinInt64, math.MaxInt64)
	if err != nil {
		return nil, err
	}
	need := s.opts.groupBytes
	for _, p := range sn.parts {
		need = max(need, p.p.GroupMemory())
	}
	sn.release()
	need = need*3/2 + pieceFactor*table.PieceBytes
	return s.opts.Memory.Reserve(ctx, "traces", min(need, s.opts.Memory.Pool()))
}

// eachOfTrace calls emit with the rows of a block in memory that belong to a trace.
func eachOfTrace(b column.Block, id string, emit func(piece []byte) error) error {
	v, err := b.Vector(traceRef)
	if err != nil || v == nil {
		return err
	}
	var buf []byte
	c := b.(*table.Block).Chunk() // what is in memory is a table's
	size := table.PieceRows(int64(c.Bytes()), c.Rows.N)
	for rows := range slices.Chunk(rowsEqual(v, id), size) {
		if buf, err = b.AppendOTLP(buf[:0], rows); err == nil {
			err = emit(buf)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// rowsEqual returns the rows of a vector of codes that have a value.
func rowsEqual(v *column.Vector, value string) (rows []uint32) {
	wanted := make([]bool, len(v.Dict))
	some := false
	for i, s := range v.Dict {
		wanted[i] = s == value
		some = some || wanted[i]
	}
	if !some {
		return nil
	}
	valid := func(i int) bool { return v.Valid == nil || v.Valid[i/64]>>(i%64)&1 == 1 }
	run := 0
	for i := range v.Len {
		at := i
		if v.RunEnds != nil {
			for uint32(i) >= v.RunEnds[run] {
				run++
			}
			at = run
		}
		if wanted[v.Codes[at]] && valid(i) {
			rows = append(rows, uint32(i))
		}
	}
	return rows
}
