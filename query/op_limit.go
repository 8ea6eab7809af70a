package query

import (
	"context"
	"errors"
	"iter"
)

// limitOp leaves out the first rows, and ends its input when it has enough.
type limitOp struct {
	in   operator
	node *limitNode
}

func (o *limitOp) inputs() []operator { return []operator{o.in} }
func (o *limitOp) describe() string   { return o.node.describe() }

func (o *limitOp) morsels(ctx context.Context, x *exec) iter.Seq2[morsel, error] {
	return serialMorsels(ctx, x, o)
}

func (o *limitOp) rows(ctx context.Context, x *exec, emit func([]*vec, int) error) error {
	limit, offset := o.node.limit, o.node.offset
	if limit == 0 {
		return nil
	}
	size := chunkRows
	if limit >= 0 {
		// No more than may be wanted: the rest would be computed in vain.
		size = int(min(min(limit, chunkRows)+min(offset, chunkRows), chunkRows))
	}
	err := x.ordered(ctx, o.in, size, limited(limit, offset, emit))
	if errors.Is(err, errStop) {
		return nil
	}
	return err
}

// limited applies OFFSET and LIMIT to what is emitted, and stops the run when
// the limit is reached.
func limited(limit, offset int64, emit func([]*vec, int) error) func([]*vec, int) error {
	return func(cols []*vec, n int) error {
		lo := min(offset, int64(n))
		offset -= lo
		hi := int64(n)
		if limit >= 0 {
			hi = lo + min(hi-lo, limit)
			limit -= hi - lo
		}
		if lo < hi {
			if lo > 0 || hi < int64(n) {
				cut := make([]*vec, len(cols))
				for i, c := range cols {
					cut[i] = c.slice(int(lo), int(hi))
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
