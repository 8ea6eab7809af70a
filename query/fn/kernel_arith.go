package fn

import (
	"math"

	"github.com/ttlog/ttlog/query/eval"
	"github.com/ttlog/ttlog/query/types"
)

// arithKernel returns the result type and kernel of an operator on two types,
// and false where they do not go together. Overflow and division by zero give
// NULL; / of two numbers is a float.
func arithKernel(op string, a, b types.Type) (types.Type, eval.Kernel, bool) {
	switch {
	case a == types.Int && b == types.Int:
		if op == "/" {
			return types.Float, floatArith("/", types.Float), true
		}
		return types.Int, intArith(op, types.Int), true
	case (a == types.Int || a == types.Float) && (b == types.Int || b == types.Float):
		return types.Float, floatArith(op, types.Float), true
	case a == types.Time && b == types.Time && op == "-":
		return types.Duration, intArith("-", types.Duration), true
	case a == types.Time && b == types.Duration && (op == "+" || op == "-"):
		return types.Time, intArith(op, types.Time), true
	case a == types.Duration && b == types.Time && op == "+":
		return types.Time, intArith("+", types.Time), true
	case a == types.Duration && b == types.Duration && op == "/":
		return types.Float, floatArith("/", types.Float), true
	case a == types.Duration && b == types.Duration && (op == "+" || op == "-" || op == "%"):
		return types.Duration, intArith(op, types.Duration), true
	case a == types.Duration && b == types.Int && op == "*", a == types.Int && b == types.Duration && op == "*":
		return types.Duration, intArith("*", types.Duration), true
	case a == types.Duration && (b == types.Int || b == types.Float) && (op == "*" || op == "/"),
		a == types.Float && b == types.Duration && op == "*":
		return types.Duration, floatArith(op, types.Duration), true
	}
	return types.Null, nil, false
}

func intArith(op string, t types.Type) eval.Kernel {
	f := map[string]func(a, b int64) (int64, bool){"+": types.AddInt, "-": types.SubInt, "*": types.MulInt, "%": types.ModInt}[op]
	return eval.Strict(t, func(ev *eval.Evaluator, a []*eval.Vec, out *eval.Vec) {
		l, r := a[0], a[1]
		for i := range ev.Rows {
			n, ok := f(l.Ints[l.Ix(i)], r.Ints[r.Ix(i)])
			if !ok {
				out.SetNull(i)
			}
			out.Ints[i] = n
		}
	})
}

func floatArith(op string, t types.Type) eval.Kernel {
	return eval.Strict(t, func(ev *eval.Evaluator, a []*eval.Vec, out *eval.Vec) {
		for i := range ev.Rows {
			f, ok := floatOp(op, a[0].Number(i), a[1].Number(i))
			if t == types.Duration {
				f = math.Round(f)
				ok = ok && f >= math.MinInt64 && f < math.MaxInt64
			}
			switch {
			case !ok:
				out.SetNull(i)
			case t == types.Duration:
				out.Ints[i] = int64(f)
			default:
				out.Floats[i] = f
			}
		}
	})
}

func floatOp(op string, a, b float64) (float64, bool) {
	switch op {
	case "+":
		return a + b, true
	case "-":
		return a - b, true
	case "*":
		return a * b, true
	case "/":
		return a / b, b != 0
	}
	return math.Mod(a, b), b != 0
}

// negateKernel is unary minus.
func negateKernel(t types.Type) eval.Kernel {
	return eval.Strict(t, func(ev *eval.Evaluator, a []*eval.Vec, out *eval.Vec) {
		for i := range ev.Rows {
			j := a[0].Ix(i)
			if t == types.Float {
				out.Floats[i] = -a[0].Floats[j]
				continue
			}
			if a[0].Ints[j] == math.MinInt64 {
				out.SetNull(i)
			}
			out.Ints[i] = -a[0].Ints[j]
		}
	})
}
