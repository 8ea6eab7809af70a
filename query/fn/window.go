package fn

import (
	"context"
	"maps"
	"slices"

	"github.com/ttlog/ttlog/query/eval"
	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/types"
)

// Window is a window function: how many arguments it takes and how a call is
// bound. Bind gets the call with its partition and order; the frame is the one
// that was written or nil, and what the call has then is that of an aggregate.
type Window struct {
	min, max int
	bind     func(b *Typer, n *Call, c *plan.WindowCall, args []*plan.Expr)
	// steps says that without a frame a row's value is computed from the row and
	// the one before it.
	steps bool
}

// Partition is rows of a window in their order. Rows numbers them in the vectors;
// all else counts from the first of the partition.
type Partition struct {
	Rows []uint32
	Args []*eval.Vec
	Key  *eval.Vec // the first of the order, nil without one
	// Lo and Hi are where the frame of each row begins, and ends before. Both never
	// fall.
	Lo, Hi []int
	// Peers is where the rows begin that are equal to each in the order.
	Peers []int
}

// Compute computes a window function in the rows of a partition.
type Compute func(ctx context.Context, p *Partition, out *eval.Vec) error

// Windows are the window functions by name.
var Windows = map[string]Window{}

func init() {
	for _, m := range []map[string]Window{rankWindows(), valueWindows(), stepWindows(), aggregateWindows()} {
		maps.Copy(Windows, m)
	}
}

// WindowCall builds the call of a window function with its arguments, its
// partition, order and frame; framed says that the frame was written. Only the
// rows that meet filter count, unless it is nil.
func (b *Typer) WindowCall(n *Call, c *plan.WindowCall, framed bool, args []*plan.Expr, filter *plan.Expr) {
	w := Windows[n.Name]
	switch {
	case n.Star && n.Name != "count":
		b.Fail(n.Pos, "only count takes *")
	case n.Distinct:
		b.Fail(n.Pos, "DISTINCT cannot stand in a window function")
	case len(args) < w.min || len(args) > w.max:
		b.Fail(n.Pos, "%s takes %s, found %d", n.Name, argCount(w.min, w.max), len(args))
	}
	if b.Err != nil {
		return
	}
	if !framed && w.steps {
		c.Frame = plan.WindowFrame{From: plan.FrameEnd{Distance: types.NewInt(types.Int, -1)}}
	}
	if w.bind(b, n, c, args); b.Err != nil || filter == nil {
		return
	}
	if _, ok := Aggregates[n.Name]; !ok || w.steps {
		b.Fail(n.Pos, "FILTER belongs to aggregates; %s is none", n.Name)
		return
	}
	call := plan.AggCall{Args: c.Args}
	filterArgs(&call, filter)
	c.Args = call.Args
}

// rankWindows tell where a row stands in its partition.
func rankWindows() map[string]Window {
	rank := func(at func(p *Partition, i int, last int64) int64) Window {
		return Window{bind: func(_ *Typer, _ *Call, c *plan.WindowCall, _ []*plan.Expr) {
			c.Type = types.Int
			c.Impl = Compute(func(ctx context.Context, p *Partition, out *eval.Vec) error {
				last := int64(0)
				for i, row := range p.Rows {
					if err := eval.Interrupted(ctx, i); err != nil {
						return err
					}
					last = at(p, i, last)
					out.Ints[row] = last
				}
				return nil
			})
		}}
	}
	return map[string]Window{
		"row_number": rank(func(_ *Partition, i int, _ int64) int64 { return int64(i) + 1 }),
		"rank":       rank(func(p *Partition, i int, _ int64) int64 { return int64(p.Peers[i]) + 1 }),
		"dense_rank": rank(func(p *Partition, i int, last int64) int64 {
			if p.Peers[i] == i {
				return last + 1
			}
			return last
		}),
	}
}

// valueWindows give the value of another row.
func valueWindows() map[string]Window {
	pick := func(from func(p *Partition, i int) int) Compute {
		return func(ctx context.Context, p *Partition, out *eval.Vec) error {
			for i, row := range p.Rows {
				if err := eval.Interrupted(ctx, i); err != nil {
					return err
				}
				if j := from(p, i); j >= 0 && j < len(p.Rows) {
					out.Set(int(row), p.Args[0].At(int(p.Rows[j])))
				} else if len(p.Args) > 1 {
					out.Set(int(row), p.Args[1].At(int(row)))
				} else {
					out.SetNull(int(row))
				}
			}
			return nil
		}
	}
	inFrame := func(from func(p *Partition, i int) int) Window {
		return Window{min: 1, max: 1, bind: func(_ *Typer, _ *Call, c *plan.WindowCall, args []*plan.Expr) {
			c.Type, c.Of, c.Args = args[0].Type, args[0], args
			c.Impl = pick(func(p *Partition, i int) int {
				if p.Lo[i] >= p.Hi[i] {
					return -1
				}
				return from(p, i)
			})
		}}
	}
	offset := func(sign int64) Window {
		return Window{min: 1, max: 3, bind: func(b *Typer, n *Call, c *plan.WindowCall, args []*plan.Expr) {
			by := int64(1)
			if len(args) > 1 {
				if k := args[1]; !k.IsConst() || k.Type != types.Int || k.Value.Int < 0 {
					b.Fail(n.Args[1].At(), "%s needs a constant number of rows", n.Name)
				}
				by = args[1].Value.Int
			}
			values := append(slices.Clone(args[:1]), args[min(len(args), 2):]...)
			c.Type = unify(values)
			c.Of, c.Args = args[0], values
			c.Impl = pick(func(p *Partition, i int) int {
				if by >= int64(len(p.Rows)) {
					return -1
				}
				return i + int(sign*by)
			})
		}}
	}
	return map[string]Window{
		"lag": offset(-1), "lead": offset(1),
		"first_value": inFrame(func(p *Partition, i int) int { return p.Lo[i] }),
		"last_value":  inFrame(func(p *Partition, i int) int { return p.Hi[i] - 1 }),
	}
}
