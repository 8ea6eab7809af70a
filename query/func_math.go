package query

import (
	"math"
	"math/bits"
)

// mathFunctions are the functions of numbers. What is not defined, such as
// the logarithm of 0, is NULL; what follows from an argument that is not finite
// is a value like any other.
func mathFunctions() map[string]function {
	realFunc := func(count int, f func(a []float64) float64) function {
		return function{count, count, func(b *typer, n *call, args []*expr) *expr {
			for i := range args {
				if args[i] = b.number(args[i], n.args[i], n.name); args[i].typ == typeNull {
					return constExpr(typeFloat, value{})
				}
			}
			return callExpr(n.name, typeFloat, strict(typeFloat, func(ev *eval, a []*vec, out *vec) {
				x := make([]float64, len(a))
				for i := range ev.n {
					for j, v := range a {
						x[j] = v.number(i)
					}
					if out.floats[i] = f(x); undefined(out.floats[i], x) {
						out.setNull(i)
					}
				}
			}), args...)
		}}
	}
	pow := realFunc(2, func(a []float64) float64 { return math.Pow(a[0], a[1]) })
	return map[string]function{
		"sqrt":  realFunc(1, func(a []float64) float64 { return math.Sqrt(a[0]) }),
		"ln":    realFunc(1, func(a []float64) float64 { return math.Log(a[0]) }),
		"log2":  realFunc(1, func(a []float64) float64 { return math.Log2(a[0]) }),
		"log10": realFunc(1, func(a []float64) float64 { return math.Log10(a[0]) }),
		"exp":   realFunc(1, func(a []float64) float64 { return math.Exp(a[0]) }),
		"pow":   pow, "power": pow,
		"floor": {1, 1, rounding(math.Floor)},
		"ceil":  {1, 1, rounding(math.Ceil)},
		"round": {1, 2, bindRound},
		"sign": {1, 1, func(b *typer, n *call, args []*expr) *expr {
			x := b.number(args[0], n.args[0], n.name)
			if x.typ == typeNull {
				return x
			}
			return callExpr("sign", typeInt, perRow(typeInt, func(_ *eval, a []value) value {
				if a[0].isNaN() {
					return value{}
				}
				return intValue(typeInt, int64(compareValues(a[0], intValue(typeInt, 0))))
			}), x)
		}},
		"abs": {1, 1, func(b *typer, n *call, args []*expr) *expr {
			x := b.number(args[0], n.args[0], n.name)
			if x.typ == typeNull {
				return x
			}
			return callExpr("abs", x.typ, perRow(x.typ, func(_ *eval, a []value) value {
				switch {
				case a[0].t == typeFloat:
					return floatValue(math.Abs(a[0].float()))
				case a[0].n == math.MinInt64:
					return value{}
				case a[0].n < 0:
					return intValue(a[0].t, -a[0].n)
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
func rounding(f func(float64) float64) func(*typer, *call, []*expr) *expr {
	return func(b *typer, n *call, args []*expr) *expr {
		x := b.number(args[0], n.args[0], n.name)
		if x.typ != typeFloat {
			return x
		}
		return callExpr(n.name, typeFloat, strict(typeFloat, func(ev *eval, a []*vec, out *vec) {
			for i := range ev.n {
				out.floats[i] = f(a[0].floats[a[0].ix(i)])
			}
		}), x)
	}
}

// bindRound is round(x) and round(x, digits), half away from zero.
func bindRound(b *typer, n *call, args []*expr) *expr {
	if len(args) == 1 {
		return rounding(math.Round)(b, n, args)
	}
	x := b.number(args[0], n.args[0], n.name)
	digits := b.integer(args[1], n.args[1], n.name)
	switch {
	case digits.typ == typeNull:
		return constExpr(x.typ, value{})
	case x.typ == typeInt:
		return callExpr("round", typeInt, perRow(typeInt, func(_ *eval, a []value) value {
			return roundInt(a[0].n, a[1].n)
		}), x, digits)
	case x.typ != typeFloat:
		return x
	}
	return callExpr("round", typeFloat, perRow(typeFloat, func(_ *eval, a []value) value {
		f, d := a[0].float(), max(min(a[1].n, 300), -300)
		scale := math.Pow(10, float64(d))
		if r := math.Round(f*scale) / scale; !math.IsNaN(r) && !math.IsInf(r, 0) {
			return floatValue(r)
		}
		return a[0]
	}), x, digits)
}

// roundInt rounds n to digits, which for an integer means something below 0;
// what does not fit is NULL.
func roundInt(n, digits int64) value {
	if digits >= 0 {
		return intValue(typeInt, n)
	}
	if digits < -19 {
		return intValue(typeInt, 0)
	}
	scale := uint64(1)
	for ; digits < 0; digits++ {
		scale *= 10
	}
	m := magnitude(n)
	whole := m / scale
	if m%scale >= scale-scale/2 {
		whole++
	}
	hi, lo := bits.Mul64(whole, scale)
	if hi > 0 || lo > math.MaxInt64 {
		return value{}
	}
	if n < 0 {
		return intValue(typeInt, -int64(lo))
	}
	return intValue(typeInt, int64(lo))
}
