package storage

import (
	"context"
	"fmt"
	"math"

	"github.com/ttlog/ttlog/storage/column"
)

var traceRef = column.Ref{Place: column.PlaceField, Name: "trace_id", Type: column.TypeID}

// Trace returns the spans of a trace as the bytes of one OTLP TracesData
// message, or ErrNotFound. Parts that cannot be read at all are left out. What
// was decoded for a trace is kept for the next ones, up to 64 MiB a store.
func (s *Store) Trace(ctx context.Context, id [16]byte) ([]byte, error) {
	sn, err := s.snapshot(ctx, Traces, math.MinInt64, math.MaxInt64)
	if err != nil {
		return nil, err
	}
	defer sn.release()
	// Messages of one type put behind each other are one message with all
	// their fields.
	var out []byte
	for _, p := range sn.parts {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("storage: trace %x: %w", id, err)
		}
		if out, _, err = p.p.FindTrace(out, id, s.files.traces); err != nil {
			return nil, fmt.Errorf("storage: trace %x: %w", id, partError(p.h.path, err))
		}
	}
	for _, b := range sn.memory {
		if out, err = appendTrace(out, b, string(id[:])); err != nil {
			return nil, fmt.Errorf("storage: trace %x: %w", id, err)
		}
	}
	if len(out) == 0 && sn.damaged > 0 {
		return nil, fmt.Errorf("%w: trace %x; it may be in one of %d damaged parts", ErrNotFound, id, sn.damaged)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%w: trace %x", ErrNotFound, id)
	}
	return out, nil
}

// appendTrace appends the rows of a block that belong to a trace.
func appendTrace(dst []byte, b column.Block, id string) ([]byte, error) {
	v, err := b.Vector(traceRef)
	if err != nil || v == nil {
		return dst, err
	}
	rows := rowsEqual(v, id)
	if len(rows) == 0 {
		return dst, nil
	}
	return b.AppendOTLP(dst, rows)
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
