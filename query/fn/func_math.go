package fn

import (
	"math"
	"math/bits"

	"github.com/ttlog/ttlog/query/eval"
	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/types"
)

// mathFunctions are the functions of numbers. What is not defined, such as
// the logarithm of 0, is NULL; what follows from an argument that is not finite
// is a value like any other.
func mathFunctions() map[string]Function {
	realFunc := func(count int, f func(a []float64) float64) Function {
		return Function{count, count, func(b *Typer, n *Call, args []*plan.Expr) *plan.Expr {
			for i := range args {
				if args[i] = b.number(args[i], n.Args[i], n.Name); args[i].Type == types.Null {
					return plan.Const(types.Float, types.Value{})
				}
			}
			return eval.Call(n.Name, types.Float, eval.Strict(types.Float, func(ev *eval.Evaluator, a []*eval.Vec, out *eval.Vec) {
				x := make([]float64, len(a))
				for i := range ev.Rows {
					for j, v := range a {
						x[j] = v.Number(i)
					}
					if out.Floats[i] = f(x); undefined(out.Floats[i], x) {
						out.SetNull(i)
					}
				}
			}), args...)
		}}
	}
	pow := realFunc(2, func(a []float64) float64 { return math.Pow(a[0], a[1]) })
	return map[string]Function{
		"sqrt":  realFunc(1, func(a []float64) float64 { return math.Sqrt(a[0]) }),
		"ln":    realFunc(1, func(a []float64) float64 { return math.Log(a[0]) }),
		"log2":  realFunc(1, func(a []float64) float64 { return math.Log2(a[0]) }),
		"log10": realFunc(1, func(a []float64) float64 { return math.Log10(a[0]) }),
		"exp":   realFunc(1, func(a []float64) float64 { return math.Exp(a[0]) }),
		"pow":   pow, "power": pow,
		"floor": {1, 1, rounding(math.Floor)},
		"ceil":  {1, 1, rounding(math.Ceil)},
		"round": {1, 2, bindRound},
		"sign": {1, 1, func(b *Typer, n *Call, args []*plan.Expr) *plan.Expr {
			x := b.number(args[0], n.Args[0], n.Name)
			if x.Type == types.Null {
				return x
			}
			return eval.Call("sign", types.Int, eval.PerRow(types.Int, func(_ *eval.Evaluator, a []types.Value) types.Value {
				if a[0].IsNaN() {
					return types.Value{}
				}
				return types.NewInt(types.Int, int64(types.Compare(a[0], types.NewInt(types.Int, 0))))
			}), x)
		}},
		"abs": {1, 1, func(b *Typer, n *Call, args []*plan.Expr) *plan.Expr {
			x := b.number(args[0], n.Args[0], n.Name)
			if x.Type == types.Null {
				return x
			}
			return eval.Call("abs", x.Type, eval.PerRow(x.Type, func(_ *eval.Evaluator, a []types.Value) types.Value {
				switch {
				case a[0].Type == types.Float:
					return types.NewFloat(math.Abs(a[0].Float()))
				case a[0].Int == math.MinInt64:
					return types.Value{}
				case a[0].Int < 0:
					return types.NewInt(a[0].Type, -a[0].Int)
				}
				return a[0]
			}), x)
		}},
	}
}

// undefined reports whether y, computed from x, is no value: it is not finite,
// and that does not come from x.
func undefined(y float64, x []float64) bool {
	if y-y == 0 {
		return false
	}
	fromInf := false
	for _, a := range x {
		if math.IsNaN(a) {
			return false
		}
		fromInf = fromInf || math.IsInf(a, 0)
	}
	return math.IsNaN(y) || !fromInf
}

// rounding is a function of floats that leaves integers and durations alone.
func rounding(f func(float64) float64) func(*Typer, *Call, []*plan.Expr) *plan.Expr {
	return func(b *Typer, n *Call, args []*plan.Expr) *plan.Expr {
		x := b.number(args[0], n.Args[0], n.Name)
		if x.Type != types.Float {
			return x
		}
		return eval.Call(n.Name, types.Float, eval.Strict(types.Float, func(ev *eval.Evaluator, a []*eval.Vec, out *eval.Vec) {
			for i := range ev.Rows {
				out.Floats[i] = f(a[0].Floats[a[0].Ix(i)])
			}
		}), x)
	}
}

// bindRound is round(x) and round(x, digits), half away from zero.
func bindRound(b *Typer, n *Call, args []*plan.Expr) *plan.Expr {
	if len(args) == 1 {
		return rounding(math.Round)(b, n, args)
	}
	x := b.number(args[0], n.Args[0], n.Name)
	digits := b.integer(args[1], n.Args[1], n.Name)
	switch {
	case digits.Type == types.Null:
		return plan.Const(x.Type, types.Value{})
	case x.Type == types.Int:
		return eval.Call("round", types.Int, eval.PerRow(types.Int, func(_ *eval.Evaluator, a []types.Value) types.Value {
			return roundInt(a[0].Int, a[1].Int)
		}), x, digits)
	case x.Type != types.Float:
		return x
	}
	return eval.Call("round", types.Float, eval.PerRow(types.Float, func(_ *eval.Evaluator, a []types.Value) types.Value {
		f, d := a[0].Float(), max(min(a[1].Int, 300), -300)
		scale := math.Pow(10, float64(d))
		if r := math.Round(f*scale) / scale; !math.IsNaN(r) && !math.IsInf(r, 0) {
			return types.NewFloat(r)
		}
		return a[0]
	}), x, digits)
}

// roundInt rounds n to digits, which for an integer means something below 0;
// what does not fit is NULL.
func roundInt(n, digits int64) types.Value {
	if digits >= 0 {
		return types.NewInt(types.Int, n)
	}
	if digits < -19 {
		return types.NewInt(types.Int, 0)
	}
	scale := uint64(1)
	for ; digits < 0; digits++ {
		scale *= 10
	}
	m := types.Magnitude(n)
	whole := m / scale
	if m%scale >= scale-scale/2 {
		whole++
	}
	hi, lo := bits.Mul64(whole, scale)
	if hi > 0 || lo > math.MaxInt64 {
		return types.Value{}
	}
	if n < 0 {
		return types.NewInt(types.Int, -int64(lo))
	}
	return types.NewInt(types.Int, int64(lo))
}
