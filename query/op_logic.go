package query

// Three-valued logic: NULL is "unknown". FALSE AND NULL is FALSE, TRUE OR NULL
// is TRUE, every other combination with NULL is NULL.

// andOr returns the kernel of AND (absorbing 0) or OR (absorbing 1).
func andOr(absorbing int64) kernel {
	return func(ev *eval, a []*vec) *vec {
		out := newVec(typeBool, ev.n)
		l, r := a[0], a[1]
		if l.null == nil && r.null == nil && !l.same && !r.same {
			for i, x := range l.ints {
				if absorbing == 0 {
					out.ints[i] = x & r.ints[i]
				} else {
					out.ints[i] = x | r.ints[i]
				}
			}
			return out
		}
		for i := range ev.n {
			ln, rn := l.isNull(i), r.isNull(i)
			switch {
			case !ln && l.ints[l.ix(i)] == absorbing, !rn && r.ints[r.ix(i)] == absorbing:
				out.ints[i] = absorbing
			case ln || rn:
				out.setNull(i)
			default:
				out.ints[i] = 1 - absorbing
			}
		}
		return out
	}
}

var notKernel = strict(typeBool, func(ev *eval, a []*vec, out *vec) {
	for i := range ev.n {
		out.ints[i] = 1 - a[0].ints[a[0].ix(i)]
	}
})

// isNullKernel is IS [NOT] NULL.
func isNullKernel(not bool) kernel {
	return func(ev *eval, a []*vec) *vec {
		out := newVec(typeBool, ev.n)
		for i := range ev.n {
			out.ints[i] = bit(a[0].isNull(i) != not)
		}
		return out
	}
}

// isBoolKernel is IS [NOT] TRUE or FALSE, which is never NULL.
func isBoolKernel(want int64, not bool) kernel {
	return func(ev *eval, a []*vec) *vec {
		out := newVec(typeBool, ev.n)
		for i := range ev.n {
			is := !a[0].isNull(i) && a[0].ints[a[0].ix(i)] == want
			out.ints[i] = bit(is != not)
		}
		return out
	}
}
