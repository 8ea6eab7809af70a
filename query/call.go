package query

import "context"

// kernel computes an expression over ev.n rows from its arguments. It never
// fails: what cannot be computed is NULL.
type kernel func(ev *eval, a []*vec) *vec

// callExpr builds a computed expression, and computes it at once where all
// its arguments are constants.
func callExpr(name string, t Type, fn kernel, args ...*expr) *expr {
	e := &expr{name: name, typ: t, impl: fn, args: args, single: dependsNone}
	for _, a := range args {
		switch {
		case a.single == dependsNone:
		case e.single == dependsNone:
			e.single = a.single
		case e.single != a.single:
			e.single = dependsMany
		}
	}
	if e.single != dependsNone {
		return e
	}
	ev := newEval(context.Background(), &budget{limit: 1 << 20})
	ev.n = 1
	vals := make([]*vec, len(args))
	for i, a := range args {
		vals[i] = constVec(a.typ, a.val, 1)
	}
	v := fn(ev, vals)
	if ev.err != nil {
		e.single = dependsMany // too large to be a constant: computed with the rows
		return e
	}
	return constExpr(t, v.at(0))
}
