package exec

import (
	"cmp"
	"context"
	"iter"

	"github.com/ttlog/ttlog/query/eval"
	"github.com/ttlog/ttlog/query/fn"
	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/types"
)

// windowOp takes all rows, and gives them again, in their order, with what window
// functions give in each.
type windowOp struct {
	in   Operator
	node *plan.Window
}

func (o *windowOp) inputs() []Operator { return []Operator{o.in} }
func (o *windowOp) breaks()            {}
func (o *windowOp) describe() string   { return "Window, " + counted(len(o.node.Calls), "function") }

func (o *windowOp) morsels(ctx context.Context, x *Exec) iter.Seq2[morsel, error] {
	return serialMorsels(ctx, x, o)
}

func (o *windowOp) rows(ctx context.Context, x *Exec, emit func([]*eval.Vec, int) error) error {
	width := len(o.node.Input.Schema())
	exprs := make([]*plan.Expr, width)
	for i := range exprs {
		if o.node.Reads == nil || o.node.Reads[i] {
			exprs[i] = plan.ColumnOf(o.node.Input, i)
		}
	}
	for _, c := range o.node.Calls {
		exprs = append(append(exprs, c.Args...), c.Partition...)
		for _, k := range c.Order {
			exprs = append(exprs, k.Expr)
		}
	}
	t, err := x.gather(ctx, o.in, "OVER", exprs)
	if err != nil {
		return err
	}
	defer t.close()
	out, rest := t.cols[:width:width], t.cols[width:]
	take := func(n int) (list []*eval.Vec) {
		list, rest = rest[:n], rest[n:]
		return list
	}
	for _, c := range o.node.Calls {
		w := windowCall{ctx: ctx, call: c, table: t}
		w.args, w.partition, w.order = take(len(c.Args)), take(len(c.Partition)), take(len(c.Order))
		v, err := w.compute()
		if err != nil {
			return err
		}
		out = append(out, v)
	}
	return t.emit(ctx, out, emit)
}

// windowCall computes one window function over all rows.
type windowCall struct {
	ctx                    context.Context
	call                   *plan.WindowCall
	table                  *table
	args, partition, order []*eval.Vec
}

func (w *windowCall) compute() (*eval.Vec, error) {
	n := w.table.n
	if w.call.Impl == nil { // nobody reads it
		return eval.NewVec(types.Null, n), nil
	}
	out := eval.NewVec(w.call.Type, n)
	if err := w.table.grow(out.Width() + int64(n)*4); err != nil {
		return nil, err
	}
	rows, err := w.sorted()
	if err != nil {
		return nil, err
	}
	for lo := 0; lo < n; {
		hi := lo + 1
		for hi < n && w.equal(w.partition, rows[lo], rows[hi]) {
			hi++
			if err := eval.Interrupted(w.ctx, hi); err != nil {
				return nil, err
			}
		}
		if err := w.one(rows[lo:hi], out); err != nil {
			return nil, err
		}
		lo = hi
		if err := w.ctx.Err(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// sorted returns the rows by partition, and in each in their order.
func (w *windowCall) sorted() ([]uint32, error) {
	var by []func(a, b uint32) int
	for _, v := range w.partition {
		by = append(by, comparer(v, &plan.SortKey{}))
	}
	for i, v := range w.order {
		by = append(by, comparer(v, &w.call.Order[i]))
	}
	rows := make([]uint32, w.table.n)
	for i := range rows {
		rows[i] = uint32(i)
	}
	if len(by) == 0 {
		return rows, nil
	}
	return rows, eval.SortUntil(w.ctx, rows, func(a, b uint32) int {
		for _, f := range by {
			if c := f(a, b); c != 0 {
				return c
			}
		}
		return cmp.Compare(a, b)
	})
}

// comparer compares rows of v, integers without making values of them.
func comparer(v *eval.Vec, k *plan.SortKey) func(a, b uint32) int {
	switch {
	case v.Same:
		return func(uint32, uint32) int { return 0 }
	case v.Ints != nil && v.Null == nil && k.Desc:
		return func(a, b uint32) int { return cmp.Compare(v.Ints[b], v.Ints[a]) }
	case v.Ints != nil && v.Null == nil:
		return func(a, b uint32) int { return cmp.Compare(v.Ints[a], v.Ints[b]) }
	}
	return func(a, b uint32) int { return CompareKey(k, v.At(int(a)), v.At(int(b))) }
}

func (w *windowCall) equal(cols []*eval.Vec, a, b uint32) bool {
	for _, v := range cols {
		if CompareKey(&plan.SortKey{}, v.At(int(a)), v.At(int(b))) != 0 {
			return false
		}
	}
	return true
}

// one computes a partition.
func (w *windowCall) one(rows []uint32, out *eval.Vec) error {
	p := &fn.Partition{Rows: rows, Args: w.args, Peers: make([]int, len(rows))}
	for i := range rows {
		if err := eval.Interrupted(w.ctx, i); err != nil {
			return err
		}
		if i > 0 && w.equal(w.order, rows[i-1], rows[i]) {
			p.Peers[i] = p.Peers[i-1]
		} else {
			p.Peers[i] = i
		}
	}
	if len(w.order) > 0 {
		p.Key = w.order[0]
	}
	f := framer{frame: w.call.Frame, p: p}
	if len(w.order) > 0 {
		f.key = &w.call.Order[0]
	}
	var err error
	if p.Lo, p.Hi, err = f.bounds(w.ctx); err != nil {
		return err
	}
	widest := 0
	for i, lo := range p.Lo {
		if lo > 0 {
			widest = max(widest, p.Hi[i]-lo)
		}
	}
	size := int64(len(rows))*64 + int64(widest)*frameStateBytes
	if err := w.table.grow(size); err != nil {
		return err
	}
	if err := w.call.Impl.(fn.Compute)(w.ctx, p, out); err != nil {
		return err
	}
	return w.table.grow(-size)
}

// frameStateBytes is about what an aggregate keeps of a row of a moving frame.
const frameStateBytes = 128
