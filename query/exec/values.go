package exec

import (
	"context"
	"iter"

	"github.com/ttlog/ttlog/query/eval"
	"github.com/ttlog/ttlog/query/plan"
)

// valuesOp gives rows that are known.
type valuesOp struct{ node *plan.Values }

func (o *valuesOp) inputs() []Operator { return nil }
func (o *valuesOp) describe() string   { return "Values, " + counted(len(o.node.Rows), "row") }

func (o *valuesOp) morsels(context.Context, *Exec) iter.Seq2[morsel, error] {
	return func(yield func(morsel, error) bool) {
		f := &eval.VecFrame{Len: len(o.node.Rows)}
		for j, field := range o.node.Fields {
			v := eval.NewVec(field.Type, f.Len)
			for i, row := range o.node.Rows {
				v.Set(i, row[j])
			}
			f.Cols = append(f.Cols, v)
		}
		yield(&frameMorsel{f: f}, nil)
	}
}
