package encoding

// appendPlain appends the plain codec:
//
//	+---------------------------+----------------------+
//	| section: lengths, as an   | the bytes of all     |
//	| integer column            | values, as a blob    |
//	+---------------------------+----------------------+
func (e Encoder) appendPlain(dst []byte, v []string) []byte {
	dst = append(dst, stringPlain)
	dst = appendSection(dst, func(dst []byte) []byte { return e.appendLengths(dst, v) })
	return e.appendBlob(dst, concat(v))
}

func (e Encoder) appendLengths(dst []byte, v []string) []byte {
	lengths := make([]int64, len(v))
	for i, s := range v {
		lengths[i] = int64(len(s))
	}
	return e.appendInts(dst, lengths, 1)
}

func totalLen(v []string) int {
	total := 0
	for _, s := range v {
		total += len(s)
	}
	return total
}

func concat(v []string) []byte {
	blob := make([]byte, 0, totalLen(v))
	for _, s := range v {
		blob = append(blob, s...)
	}
	return blob
}

func readPlain(r *reader, dst []string, b *budget) {
	lengths, total := readLengths(r, len(dst), b)
	s := r.text(total)
	if r.err != nil {
		return
	}
	for i, n := range lengths {
		dst[i], s = s[:n], s[n:]
	}
}

// readLengths reads a section of n lengths and spends their sum.
func readLengths(r *reader, n int, b *budget) (lengths []uint32, total int) {
	lengths = readColumn[uint32](r, n)
	for _, length := range lengths {
		total += int(length)
	}
	if b.spend(r, total); r.err != nil {
		return nil, 0
	}
	return lengths, total
}

// readColumn reads a section that is an integer column of n values; nil on
// failure.
func readColumn[T integer](r *reader, n int) []T {
	s := r.section()
	if r.err = s.err; r.err != nil {
		return nil
	}
	v := make([]T, n)
	readInts(&s, v, 1)
	if r.take(&s); r.err != nil {
		return nil
	}
	return v
}

// readConstant reads the value, which fills the rest of the column.
func readConstant(r *reader, dst []string, b *budget) {
	v := r.bytes(r.left())
	if b.spend(r, len(v)); r.err == nil {
		fill(dst, string(v))
	}
}

// appendFront appends the front codec, for sorted values: how many bytes each
// shares with the value before it, how many follow, and those:
//
//	+---------------------------+--------------------------+--------------+
//	| section: shared lengths,  | section: lengths behind, | the bytes    |
//	| as an integer column      | as an integer column     | behind, blob |
//	+---------------------------+--------------------------+--------------+
func (e Encoder) appendFront(dst []byte, v []string) []byte {
	shared, behind := make([]int64, len(v)), make([]string, len(v))
	last := ""
	for i, s := range v {
		n := sharedLen(last, s)
		shared[i], behind[i] = int64(n), s[n:]
		last = s
	}
	dst = appendSection(append(dst, stringFront), func(dst []byte) []byte { return e.appendInts(dst, shared, 1) })
	dst = appendSection(dst, func(dst []byte) []byte { return e.appendLengths(dst, behind) })
	return e.appendBlob(dst, concat(behind))
}

func sharedLen(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

func readFront(r *reader, dst []string, b *budget) {
	shared, behind := readColumn[uint32](r, len(dst)), readColumn[uint32](r, len(dst))
	if r.err != nil {
		return
	}
	total, tails, last := 0, 0, 0
	for i, n := range shared {
		if int(n) > last {
			r.fail("row %d shares %d bytes of %d", i, n, last)
			return
		}
		tails += int(behind[i])
		last = int(n) + int(behind[i])
		// Spent row by row: the total of damaged lengths may not fit an int.
		if b.spend(r, last); r.err != nil {
			return
		}
		total += last
	}
	blob := r.blob(tails)
	if r.err != nil {
		return
	}
	buf := make([]byte, 0, total)
	start := 0
	for i, n := range shared {
		at := len(buf)
		buf = append(buf, buf[start:start+int(n)]...)
		buf, blob = append(buf, blob[:behind[i]]...), blob[behind[i]:]
		dst[i] = view(buf[at:])
		start = at
	}
}
