package fn

import (
	"context"

	"github.com/ttlog/ttlog/query/eval"
	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/types"
)

// stepWindows tell how a value changes over the frame, from its first row that
// has one to its last.
func stepWindows() map[string]Window {
	return map[string]Window{
		"delta": {min: 1, max: 1, steps: true, bind: func(b *Typer, n *Call, c *plan.WindowCall, args []*plan.Expr) {
			x := b.number(args[0], n.Args[0], n.Name)
			if c.Type, c.Args = x.Type, []*plan.Expr{x}; x.Type == types.Null {
				c.Type = types.Float
			}
			c.Impl = overSteps(func(p *Partition, first, last int) types.Value {
				v := p.Args[0]
				a, b := v.At(int(p.Rows[first])), v.At(int(p.Rows[last]))
				if v.Type == types.Float {
					return types.NewFloat(b.Float() - a.Float())
				}
				if d, ok := types.SubInt(b.Int, a.Int); ok {
					return types.NewInt(v.Type, d)
				}
				return types.Value{}
			})
		}},
		"rate": {min: 1, max: 1, steps: true, bind: func(b *Typer, n *Call, c *plan.WindowCall, args []*plan.Expr) {
			if len(c.Order) != 1 || c.Order[0].Expr.Type != types.Time || c.Order[0].Desc {
				b.Fail(n.Pos, "rate needs OVER (… ORDER BY timestamp): it is per second")
				return
			}
			x := widen(b.number(args[0], n.Args[0], n.Name), types.Float)
			c.Type, c.Args = types.Float, []*plan.Expr{x}
			c.Impl = Compute(computeRate)
		}},
	}
}

// computeRate is how much a counter went up in the frame per second. One that
// falls began anew at 0.
func computeRate(ctx context.Context, p *Partition, out *eval.Vec) error {
	v, risen := p.Args[0], make([]float64, len(p.Rows))
	sum, last := compensated{}, -1
	for i, row := range p.Rows {
		if err := eval.Interrupted(ctx, i); err != nil {
			return err
		}
		if !v.IsNull(int(row)) {
			x := v.Number(int(row))
			if last >= 0 {
				if before := v.Number(int(p.Rows[last])); x >= before {
					x -= before
				}
				sum.add(x)
			}
			last = i
		}
		risen[i] = sum.value()
	}
	return overSteps(func(p *Partition, first, last int) types.Value {
		from, to := p.Key.At(int(p.Rows[first])), p.Key.At(int(p.Rows[last]))
		if ns, ok := types.SubInt(to.Int, from.Int); ok && ns > 0 && !from.IsNull() && !to.IsNull() {
			return types.NewFloat((risen[last] - risen[first]) / (float64(ns) / 1e9))
		}
		return types.Value{}
	})(ctx, p, out)
}

// overSteps computes f of the first and the last row of each frame that have a
// value; of frames with less than two such rows it is NULL.
func overSteps(f func(p *Partition, first, last int) types.Value) Compute {
	return func(ctx context.Context, p *Partition, out *eval.Vec) error {
		n := len(p.Rows)
		next, prev := make([]int, n+1), make([]int, n+1) // the row itself, or the next that has a value; the last before
		next[n], prev[0] = n, -1
		for i := range n {
			if prev[i+1] = i; p.Args[0].IsNull(int(p.Rows[i])) {
				prev[i+1] = prev[i]
			}
		}
		for i := n - 1; i >= 0; i-- {
			if next[i] = i; p.Args[0].IsNull(int(p.Rows[i])) {
				next[i] = next[i+1]
			}
		}
		for i, row := range p.Rows {
			if err := eval.Interrupted(ctx, i); err != nil {
				return err
			}
			lo, hi := p.Lo[i], p.Hi[i]
			if lo >= hi || next[lo] >= prev[hi] {
				out.SetNull(int(row))
				continue
			}
			out.Set(int(row), f(p, next[lo], prev[hi]))
		}
		return nil
	}
}
