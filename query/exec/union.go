package exec

import (
	"context"
	"iter"
)

// unionOp is the rows of its inputs, one input's after the other's.
type unionOp struct{ list []Operator }

func (o *unionOp) inputs() []Operator { return o.list }
func (o *unionOp) describe() string   { return "Union of " + counted(len(o.list), "input") }

func (o *unionOp) morsels(ctx context.Context, x *Exec) iter.Seq2[morsel, error] {
	return func(yield func(morsel, error) bool) {
		for _, in := range o.list {
			for m, err := range in.morsels(ctx, x) {
				if !yield(m, err) {
					return
				}
			}
		}
	}
}
