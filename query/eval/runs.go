package eval

import (
	"sort"

	"github.com/ttlog/ttlog/query/plan"
)

// Run is rows of a chunk, next to each other, that have one number.
type Run struct {
	ID  uint32
	End int // the row behind the last
}

// appendRun appends rows up to end, to the last run where that has the number.
func appendRun(runs []Run, id uint32, end int) []Run {
	if n := len(runs); n > 0 && runs[n-1].ID == id {
		runs[n-1].End = end
		return runs
	}
	return append(runs, Run{id, end})
}

// AppendRuns appends numbers of rows as runs.
func AppendRuns(dst []Run, ids []uint32) []Run {
	for i, id := range ids {
		if i > 0 && id == ids[i-1] {
			dst[len(dst)-1].End = i + 1
		} else {
			dst = append(dst, Run{id, i + 1})
		}
	}
	return dst
}

// Runs returns the numbers of an expression's values in ev's chunk, as IDs does,
// as runs: rows are clustered, and few runs take less time than many rows. The
// result lasts until the next call.
func (in *Interner) Runs(ev *Evaluator, e *plan.Expr) []Run {
	in.runs = in.runs[:0]
	if col := ev.bucketed(e); col != nil {
		return in.entryRuns(ev, col.Entries, col)
	}
	if e.Single >= 0 {
		if entries := ev.entries(e); entries != nil && ev.Err == nil {
			return in.entryRuns(ev, entries, ev.column(e.Single))
		}
	}
	in.runs = AppendRuns(in.runs, in.IDs(ev, e))
	return in.runs
}

// entryRuns returns the numbers of the entries of a column.
func (in *Interner) entryRuns(ev *Evaluator, entries *Vec, col *Encoded) []Run {
	in.remember(entries)
	in.codes = col.appendRuns(in.codes[:0], &ev.Chunk)
	for _, r := range in.codes {
		in.runs = appendRun(in.runs, in.entryID(entries, r.ID), r.End)
	}
	return in.runs
}

// entryID returns the number of an entry, which is looked up once a frame.
func (in *Interner) entryID(entries *Vec, p uint32) uint32 {
	m := in.memo[p]
	if m == 0 {
		m = in.ID(entries.At(int(p))) + 1
		in.memo[p] = m
	}
	return m - 1
}

// appendRuns appends the entries of the chunk's rows as runs.
func (e *Encoded) appendRuns(dst []Run, c *Chunk) []Run {
	if c.Sel != nil || e.valid != nil {
		return AppendRuns(dst, e.Positions(make([]uint32, 0, c.Len), c))
	}
	if e.runEnds == nil {
		return AppendRuns(dst, e.codes[c.lo:c.lo+c.Len])
	}
	run := sort.Search(len(e.runEnds), func(i int) bool { return int(e.runEnds[i]) > c.lo })
	for at := 0; at < c.Len; run++ {
		at = min(int(e.runEnds[run])-c.lo, c.Len)
		entry := uint32(run)
		if e.codes != nil {
			entry = e.codes[run]
		}
		dst = append(dst, Run{entry, at})
	}
	return dst
}
