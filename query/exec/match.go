package exec

import (
	"context"
	"slices"

	"github.com/ttlog/ttlog/query/eval"
	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/storage/column"
)

// Matcher returns a function that picks the rows of a block of a scan that meet all
// conditions, ascending. It is for one goroutine.
func (x *Exec) Matcher(ctx context.Context, scan *plan.Scan, conds []*plan.Expr) func(b column.Block) ([]uint32, error) {
	w := newWorker(ctx, x.Budget, eval.ChunkRows)
	return func(blk column.Block) (rows []uint32, err error) {
		err = w.give(&blockFrame{blk: blk, cols: scan.Cols}, 0, func(b *batch) error {
			sel, all, err := b.eval().Filter(conds, b.sel, b.all)
			if err != nil {
				return err
			}
			if rows = slices.Clone(sel); all {
				rows = make([]uint32, b.f.Rows())
				for i := range rows {
					rows[i] = uint32(i)
				}
			}
			return nil
		})
		return rows, err
	}
}
