package exec

import (
	"context"
	"errors"
	"iter"

	"github.com/ttlog/ttlog/query/eval"
	"github.com/ttlog/ttlog/query/plan"
)

// limitOp leaves out the first rows, and ends its input when it has enough.
type limitOp struct {
	in   Operator
	node *plan.Limit
}

func (o *limitOp) inputs() []Operator { return []Operator{o.in} }
func (o *limitOp) describe() string   { return o.node.Describe() }

func (o *limitOp) morsels(ctx context.Context, x *Exec) iter.Seq2[morsel, error] {
	return serialMorsels(ctx, x, o)
}

func (o *limitOp) rows(ctx context.Context, x *Exec, emit func([]*eval.Vec, int) error) error {
	limit, offset := o.node.Limit, o.node.Offset
	if limit == 0 {
		return nil
	}
	size := eval.ChunkRows
	if limit >= 0 {
		// No more than may be wanted: the rest would be computed in vain.
		size = int(min(min(limit, eval.ChunkRows)+min(offset, eval.ChunkRows), eval.ChunkRows))
	}
	err := x.Ordered(ctx, o.in, size, limited(limit, offset, emit))
	if errors.Is(err, errStop) {
		return nil
	}
	return err
}

// limited applies OFFSET and LIMIT to what is emitted, and stops the run when
// the limit is reached.
func limited(limit, offset int64, emit func([]*eval.Vec, int) error) func([]*eval.Vec, int) error {
	return func(cols []*eval.Vec, n int) error {
		lo := min(offset, int64(n))
		offset -= lo
		hi := int64(n)
		if limit >= 0 {
			hi = lo + min(hi-lo, limit)
			limit -= hi - lo
		}
		if lo < hi {
			if lo > 0 || hi < int64(n) {
				cut := make([]*eval.Vec, len(cols))
				for i, c := range cols {
					cut[i] = c.Slice(int(lo), int(hi))
				}
				cols = cut
			}
			if err := emit(cols, int(hi-lo)); err != nil {
				return err
			}
		}
		if limit == 0 {
			return errStop
		}
		return nil
	}
}
