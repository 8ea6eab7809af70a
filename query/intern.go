package query

// interner numbers the distinct values of an expression, from 1; NULL is 0.
// Behind it, grouping and counting work on numbers. In mixed values 1 and 1.0
// are one value, as they are for =.
type interner struct {
	form  form
	ints  map[int64]uint32 // the bits of floats as well
	strs  map[string]uint32
	vals  map[value]uint32
	list  []value // by number
	bytes int64

	entries *vec // the memo's entries
	memo    []uint32
	out     []uint32 // reused by ids
}

func newInterner(t Type) *interner { return newInternerOf(formOf(t)) }

// empty returns an interner for the same values without any.
func (in *interner) empty() *interner { return newInternerOf(in.form) }

func newInternerOf(f form) *interner {
	in := &interner{form: f, list: []value{{}}}
	switch in.form {
	case formInt, formFloat:
		in.ints = map[int64]uint32{}
	case formStr:
		in.strs = map[string]uint32{}
	default:
		in.vals = map[value]uint32{}
	}
	return in
}

// id returns the number of v, giving it the next where it is new.
func (in *interner) id(v value) uint32 {
	if v.isNull() {
		return 0
	}
	var id uint32
	var ok bool
	switch in.form {
	case formInt, formFloat:
		id, ok = in.ints[v.n]
	case formStr:
		id, ok = in.strs[v.s]
	default:
		v = wholeKey(v)
		id, ok = in.vals[v]
	}
	if ok {
		return id
	}
	id = uint32(len(in.list))
	v = v.owned()
	in.list = append(in.list, v)
	in.bytes += 96 + int64(len(v.s))
	switch in.form {
	case formInt, formFloat:
		in.ints[v.n] = id
	case formStr:
		in.strs[v.s] = id
	default:
		in.vals[v] = id
	}
	return id
}

// ids returns the numbers of e in the rows of ev's chunk, valid until the next
// call. Over a dictionary or runs, each entry is looked up once a frame.
func (in *interner) ids(ev *eval, e *expr) []uint32 {
	if cap(in.out) < ev.n {
		in.out = make([]uint32, max(ev.n, chunkRows))
	}
	out := in.out[:ev.n]
	if e.single >= 0 {
		if entries := ev.entries(e); entries != nil && ev.err == nil {
			in.remember(entries)
			for i, p := range ev.positions(e.single) {
				m := in.memo[p]
				if m == 0 {
					m = in.id(entries.at(int(p))) + 1
					in.memo[p] = m
				}
				out[i] = m - 1
			}
			return out
		}
	}
	v := ev.vec(e)
	if in.form == formInt && !v.same && v.null == nil && v.typ != typeNull {
		in.intIDs(v, out)
		return out
	}
	for i := range out {
		if i > 0 && v.same {
			out[i] = out[0]
			continue
		}
		out[i] = in.id(v.at(i))
	}
	return out
}

func (in *interner) intIDs(v *vec, out []uint32) {
	last, lastID := int64(0), uint32(0)
	for i, x := range v.ints {
		if lastID == 0 || x != last {
			id, ok := in.ints[x]
			if !ok {
				id = in.id(intValue(v.typ, x))
			}
			last, lastID = x, id
		}
		out[i] = lastID
	}
}

// remember empties the memo, unless it is of the same entries.
func (in *interner) remember(entries *vec) {
	if in.entries == entries {
		return
	}
	in.entries = entries
	if cap(in.memo) < entries.n {
		in.memo = make([]uint32, entries.n)
		return
	}
	in.memo = in.memo[:entries.n]
	clear(in.memo)
}

func (in *interner) size() int64 { return in.bytes + int64(cap(in.memo)+cap(in.out))*4 }
