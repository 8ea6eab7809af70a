package eval

import (
	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/types"
	"github.com/ttlog/ttlog/storage/column"
)

// BoundedFrame is a frame that may know bounds of a column of times.
type BoundedFrame interface {
	Frame
	// Bounds returns bounds on a column that has a value in every row, for all
	// rows; nil where they are not known.
	Bounds(column int) ([]column.Bounds, error)
	// Alone returns a frame of some rows, where they are few and can be read
	// without the others.
	Alone(rows []uint32) (Frame, bool)
}

// bucketed returns time_bucket of a column of the frame as runs, or nil where it is
// to be computed row by row. Rows are stored in the order of time where all else is
// equal, so that most pages of times are within one bucket: those are not read.
func (ev *Evaluator) bucketed(e *plan.Expr) *Encoded {
	f, ok := ev.Frame.(BoundedFrame)
	if !ok || e.Bucket == 0 || !ofColumn(e) {
		return nil
	}
	out, ok := ev.buckets[e]
	if !ok {
		out = ev.bucketRuns(f, e)
		ev.buckets[e] = out
	}
	return out
}

// ofColumn reports whether an expression is of a column itself, and of constants.
func ofColumn(e *plan.Expr) bool {
	for _, a := range e.Args {
		if !a.IsConst() && (!a.IsCol() || a.Column != e.Single) {
			return false
		}
	}
	return e.Single >= 0
}

func (ev *Evaluator) bucketRuns(f BoundedFrame, e *plan.Expr) *Encoded {
	bounds, err := f.Bounds(e.Single)
	if err != nil || bounds == nil {
		return nil // who reads the column meets the error
	}
	ends := NewVec(types.Time, 2*len(bounds))
	for i, b := range bounds {
		ends.Ints[2*i], ends.Ints[2*i+1] = b.Least, b.Greatest
	}
	buckets := ev.overValues(ends, e)
	split := func(i int) bool {
		least, greatest := buckets.At(2*i), buckets.At(2*i+1)
		return least.IsNull() || least != greatest // between times without a bucket are others
	}
	var rows []uint32
	from := uint32(0)
	for i, b := range bounds {
		for ; from < b.End && split(i); from++ {
			rows = append(rows, from)
		}
		from = b.End
	}
	inner, ok := ev.bucketsAlone(f, e, rows)
	if !ok {
		return nil
	}
	runs := bucketRuns{}
	from, next := uint32(0), 0
	for i, b := range bounds {
		if !split(i) {
			runs.add(buckets.At(2*i), b.End)
		} else {
			for ; from < b.End; from++ {
				runs.add(inner.At(next), from+1)
				next++
			}
		}
		from = b.End
	}
	return runs.encoded(e.Type)
}

// bucketsAlone computes time_bucket of some rows.
func (ev *Evaluator) bucketsAlone(f BoundedFrame, e *plan.Expr, rows []uint32) (*Vec, bool) {
	if len(rows) == 0 {
		return nil, true
	}
	few, ok := f.Alone(rows)
	if !ok {
		return nil, false
	}
	col, err := few.Column(e.Single)
	if err != nil {
		return nil, false
	}
	times := col.Entries
	if !col.Flat() {
		times = times.Gather(col.Positions(nil, &Chunk{Len: len(rows)}))
	}
	return ev.overValues(times, e), ev.Err == nil
}

// bucketRuns are values in runs.
type bucketRuns struct {
	values []types.Value
	ends   []uint32
}

func (r *bucketRuns) add(v types.Value, end uint32) {
	if n := len(r.values); n > 0 && r.values[n-1] == v {
		r.ends[n-1] = end
		return
	}
	r.values, r.ends = append(r.values, v), append(r.ends, end)
}

func (r *bucketRuns) encoded(t types.Type) *Encoded {
	v := NewVec(t, len(r.values)+1)
	for i, x := range r.values {
		v.Set(i, x)
	}
	v.SetNull(len(r.values))
	return &Encoded{Entries: v, runEnds: r.ends}
}
