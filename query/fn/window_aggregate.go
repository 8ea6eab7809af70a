package fn

import (
	"context"
	"math"
	"math/bits"

	"github.com/ttlog/ttlog/query/eval"
	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/types"
)

// frameState is what the rows of a frame add up to, whatever is asked of them.
type frameState struct {
	rows  int64 // that are not NULL
	whole sum128
	real  compensated
	best  types.Value // the least or greatest
}

func (s *sum128) merge(o sum128) {
	var carry uint64
	s.lo, carry = bits.Add64(s.lo, o.lo, 0)
	s.hi += o.hi + int64(carry)
	s.n += o.n
}

func (s *compensated) merge(o compensated) {
	s.add(o.sum)
	s.rest += o.rest
	s.n += o.n
}

// frameSum is how the state of two parts of a frame become one, and how a row
// becomes a state.
type frameSum struct {
	add    func(s *frameState, v *eval.Vec, row int)
	merge  func(s *frameState, o *frameState)
	result func(s *frameState) (types.Value, error)
}

// aggregateWindows are the aggregates over frames.
func aggregateWindows() map[string]Window {
	number := func(avg bool) Window {
		return Window{min: 1, max: 1, bind: func(b *Typer, n *Call, c *plan.WindowCall, args []*plan.Expr) {
			x := b.number(args[0], n.Args[0], n.Name)
			c.Type, c.Args = x.Type, []*plan.Expr{x}
			if x.Type == types.Null || avg && x.Type == types.Int {
				c.Type = types.Float
			}
			if types.FormOf(x.Type) == types.FormInt {
				c.Impl = slide(wholeSum(n.Name, c.Type, avg))
			} else {
				c.Impl = slide(realSum(avg))
			}
		}}
	}
	extreme := func(sign int) Window {
		return Window{min: 1, max: 1, bind: func(_ *Typer, _ *Call, c *plan.WindowCall, args []*plan.Expr) {
			c.Type, c.Of, c.Args, c.Impl = args[0].Type, args[0], args, slide(extremeSum(sign))
		}}
	}
	return map[string]Window{
		"sum": number(false), "avg": number(true), "min": extreme(-1), "max": extreme(1),
		"count": {max: 1, bind: func(b *Typer, n *Call, c *plan.WindowCall, args []*plan.Expr) {
			if len(args) == 0 && !n.Star {
				b.Fail(n.Pos, "count takes * or an expression")
			}
			if len(args) == 0 {
				args = []*plan.Expr{plan.Const(types.Int, types.NewInt(types.Int, 1))}
			}
			c.Type, c.Args, c.Impl = types.Int, args, slide(frameSum{
				add:    func(s *frameState, _ *eval.Vec, _ int) { s.rows++ },
				merge:  func(s, o *frameState) { s.rows += o.rows },
				result: func(s *frameState) (types.Value, error) { return types.NewInt(types.Int, s.rows), nil },
			})
		}},
	}
}

func wholeSum(name string, t types.Type, avg bool) frameSum {
	return frameSum{
		add:   func(s *frameState, v *eval.Vec, row int) { s.whole.add(v.Ints[v.Ix(row)]) },
		merge: func(s, o *frameState) { s.whole.merge(o.whole) },
		result: func(s *frameState) (types.Value, error) {
			switch w := &s.whole; {
			case w.n == 0:
				return types.Value{}, nil
			case t == types.Float:
				return types.NewFloat(w.float() / float64(w.n)), nil
			case avg:
				return types.NewInt(t, int64(math.Round(w.float()/float64(w.n)))), nil
			case w.hi != int64(w.lo)>>63:
				return types.Value{}, plan.LimitError("%s of integers does not fit 64 bits; use %s(x::float)", name, name)
			default:
				return types.NewInt(t, int64(w.lo)), nil
			}
		},
	}
}

func realSum(avg bool) frameSum {
	return frameSum{
		add: func(s *frameState, v *eval.Vec, row int) {
			s.real.add(v.Floats[v.Ix(row)])
			s.real.n++
		},
		merge: func(s, o *frameState) { s.real.merge(o.real) },
		result: func(s *frameState) (types.Value, error) {
			switch {
			case s.real.n == 0:
				return types.Value{}, nil
			case avg:
				return types.NewFloat(s.real.value() / float64(s.real.n)), nil
			}
			return types.NewFloat(s.real.value()), nil
		},
	}
}

func extremeSum(sign int) frameSum {
	put := func(s *frameState, x types.Value) {
		if s.best.IsNull() || !x.IsNull() && sign*types.Compare(x, s.best) > 0 {
			s.best = x
		}
	}
	return frameSum{
		add:    func(s *frameState, v *eval.Vec, row int) { put(s, v.At(row)) },
		merge:  func(s, o *frameState) { put(s, o.best) },
		result: func(s *frameState) (types.Value, error) { return s.best, nil },
	}
}

// slide computes an aggregate in frames that only go forward. Nothing is ever
// taken away from a sum, which floats do not bear and the least of values does
// not know: the frame is two parts, of which the first is kept as the states of
// all its ends, and is made anew of the second when it is used up.
func slide(f frameSum) Compute {
	return func(ctx context.Context, p *Partition, out *eval.Vec) error {
		v := p.Args[0]
		var front []frameState // front[i] is of the rows from mid-1-i to mid
		var back frameState    // of the rows from mid to hi
		mid, hi := 0, 0
		add := func(s *frameState, i int) {
			if row := int(p.Rows[i]); !v.IsNull(row) {
				f.add(s, v, row)
			}
		}
		growing := p.Lo[len(p.Lo)-1] == 0 // all begin with the partition
		watch := eval.NewWatch(ctx)
		for i, row := range p.Rows {
			if err := watch.Spent(1); err != nil {
				return err
			}
			lo, end := p.Lo[i], p.Hi[i]
			for ; hi < end; hi++ {
				if err := watch.Spent(1); err != nil {
					return err
				}
				add(&back, hi)
			}
			switch {
			case lo >= end:
				front, back, mid, hi = front[:0], frameState{}, max(lo, hi), max(lo, hi)
			case lo >= mid && !growing:
				front, back = front[:0], frameState{}
				for j := hi - 1; j >= lo; j-- {
					if err := watch.Spent(1); err != nil {
						return err
					}
					s := frameState{}
					add(&s, j)
					if len(front) > 0 {
						f.merge(&s, &front[len(front)-1])
					}
					front = append(front, s)
				}
				mid = hi
			}
			s := back
			if lo < mid && lo < end {
				s = front[mid-1-lo]
				f.merge(&s, &back)
			}
			x, err := f.result(&s)
			if err != nil {
				return err
			}
			out.Set(int(row), x)
		}
		return nil
	}
}
