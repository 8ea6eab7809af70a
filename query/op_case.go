package query

import "slices"

// caseKernel picks, for each row, the value behind the first condition that
// is true: the arguments are condition, value, condition, value, …, else.
func caseKernel(t Type) kernel {
	return func(ev *eval, a []*vec) *vec {
		out := newVec(t, ev.n)
		for i := range ev.n {
			v := a[len(a)-1]
			for j := 0; j+1 < len(a); j += 2 {
				if !a[j].isNull(i) && a[j].ints[a[j].ix(i)] != 0 {
					v = a[j+1]
					break
				}
			}
			out.set(i, v.at(i))
		}
		return out
	}
}

// coalesceKernel picks the first argument that is not NULL.
func coalesceKernel(t Type) kernel {
	return func(ev *eval, a []*vec) *vec {
		out := newVec(t, ev.n)
	rows:
		for i := range ev.n {
			for _, v := range a {
				if !v.isNull(i) {
					out.set(i, v.at(i))
					continue rows
				}
			}
			out.setNull(i)
		}
		return out
	}
}

// extremeKernel is greatest (sign 1) and least (sign -1); NULLs are left out.
func extremeKernel(t Type, sign int) kernel {
	return func(ev *eval, a []*vec) *vec {
		out := newVec(t, ev.n)
		for i := range ev.n {
			var best value
			for _, v := range a {
				x := v.at(i)
				if !x.isNull() && (best.isNull() || sign*compareValues(x, best) > 0) {
					best = x
				}
			}
			out.set(i, best)
		}
		return out
	}
}

// commonType returns the type that holds the values of both.
func commonType(a, b Type) Type {
	switch {
	case a == b || b == typeNull:
		return a
	case a == typeNull:
		return b
	case (a == typeInt || a == typeFloat) && (b == typeInt || b == typeFloat):
		return typeFloat
	case storedType(a) == storedType(b):
		return typeStr // two enumerations, or one and text
	}
	return typeAny
}

// unify gives all expressions their common type.
func unify(list []*expr) Type {
	loose := slices.ContainsFunc(list, func(e *expr) bool { return e.loose })
	if !loose {
		asEnums(list)
	}
	t := typeNull
	for _, e := range list {
		t = commonType(t, e.typ)
	}
	switch {
	case !loose:
	case isEnum(t):
		t = typeStr
	case t == typeTime || t == typeDur || t == typeID:
		// What one of them may turn out to be must not decide whether the
		// others are still times, or in which order they come.
		t = typeAny
	}
	for i, e := range list {
		list[i] = widen(e, t)
	}
	return t
}

// asEnums makes constants beside an enumeration values of it, where all of
// them name one: if(c, level, 'INFO') is a level, if(c, level, 'none') text.
func asEnums(list []*expr) {
	i := slices.IndexFunc(list, func(e *expr) bool { return isEnum(e.typ) })
	if i < 0 {
		return
	}
	t := list[i].typ
	out := slices.Clone(list)
	for j, e := range out {
		if e.typ != typeStr || !e.isConst() {
			continue
		}
		name, ok := parseEnum(t, e.val.s)
		if !ok {
			return
		}
		out[j] = constExpr(t, strValue(t, name))
	}
	copy(list, out)
}

// widen gives e the wider type t.
func widen(e *expr, t Type) *expr {
	if e.typ == t || t == typeNull {
		return e
	}
	if e.isConst() {
		return constExpr(t, convertValue(e.val, t))
	}
	return callExpr("::"+typeName(t), t, func(ev *eval, a []*vec) *vec {
		out := newVec(t, ev.n)
		for i := range ev.n {
			out.set(i, convertValue(a[0].at(i), t))
		}
		return out
	}, e).likeAny([]*expr{e})
}
