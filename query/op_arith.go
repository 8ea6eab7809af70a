package query

import (
	"math"
)

// arithKernel returns the result type and kernel of an operator on two types,
// and false where they do not go together. Overflow and division by zero give
// NULL; / of two numbers is a float.
func arithKernel(op string, a, b Type) (Type, kernel, bool) {
	switch {
	case a == typeInt && b == typeInt:
		if op == "/" {
			return typeFloat, floatArith("/", typeFloat), true
		}
		return typeInt, intArith(op, typeInt), true
	case (a == typeInt || a == typeFloat) && (b == typeInt || b == typeFloat):
		return typeFloat, floatArith(op, typeFloat), true
	case a == typeTime && b == typeTime && op == "-":
		return typeDur, intArith("-", typeDur), true
	case a == typeTime && b == typeDur && (op == "+" || op == "-"):
		return typeTime, intArith(op, typeTime), true
	case a == typeDur && b == typeTime && op == "+":
		return typeTime, intArith("+", typeTime), true
	case a == typeDur && b == typeDur && op == "/":
		return typeFloat, floatArith("/", typeFloat), true
	case a == typeDur && b == typeDur && (op == "+" || op == "-" || op == "%"):
		return typeDur, intArith(op, typeDur), true
	case a == typeDur && b == typeInt && op == "*", a == typeInt && b == typeDur && op == "*":
		return typeDur, intArith("*", typeDur), true
	case a == typeDur && (b == typeInt || b == typeFloat) && (op == "*" || op == "/"),
		a == typeFloat && b == typeDur && op == "*":
		return typeDur, floatArith(op, typeDur), true
	}
	return typeNull, nil, false
}

func intArith(op string, t Type) kernel {
	f := map[string]func(a, b int64) (int64, bool){"+": addInt, "-": subInt, "*": mulInt, "%": modInt}[op]
	return strict(t, func(ev *eval, a []*vec, out *vec) {
		l, r := a[0], a[1]
		for i := range ev.n {
			n, ok := f(l.ints[l.ix(i)], r.ints[r.ix(i)])
			if !ok {
				out.setNull(i)
			}
			out.ints[i] = n
		}
	})
}

func floatArith(op string, t Type) kernel {
	return strict(t, func(ev *eval, a []*vec, out *vec) {
		for i := range ev.n {
			f, ok := floatOp(op, a[0].number(i), a[1].number(i))
			if t == typeDur {
				f = math.Round(f)
				ok = ok && f >= math.MinInt64 && f < math.MaxInt64
			}
			switch {
			case !ok:
				out.setNull(i)
			case t == typeDur:
				out.ints[i] = int64(f)
			default:
				out.floats[i] = f
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
func negateKernel(t Type) kernel {
	return strict(t, func(ev *eval, a []*vec, out *vec) {
		for i := range ev.n {
			j := a[0].ix(i)
			if t == typeFloat {
				out.floats[i] = -a[0].floats[j]
				continue
			}
			if a[0].ints[j] == math.MinInt64 {
				out.setNull(i)
			}
			out.ints[i] = -a[0].ints[j]
		}
	})
}
