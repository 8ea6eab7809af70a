package encoding

// IntRuns decodes a column that AppendInts made without expanding its runs: it
// returns the value of each run and the row behind it, strictly rising to n.
// ok is false, and nothing is decoded, when the column is not stored as runs.
// Neighboring runs may have equal values only in damaged columns.
func IntRuns(src []byte, n int) (values []int64, runEnds []uint32, ok bool, err error) {
	return decodeRuns[int64](src, n)
}

// UintRuns is IntRuns for a column that AppendUints made.
func UintRuns(src []byte, n int) (values []uint32, runEnds []uint32, ok bool, err error) {
	return decodeRuns[uint32](src, n)
}

func decodeRuns[T integer](src []byte, n int) (values []T, ends []uint32, ok bool, err error) {
	r := reader{src: src}
	r.checkRows(n)
	if values, ends, ok = runsOf[T](&r, n, 0); !ok {
		return nil, nil, false, r.err
	}
	if r.end(); r.err != nil {
		return nil, nil, false, r.err
	}
	return values, ends, true, nil
}

// runsOf reads a column that is stored as runs, at whatever depth: few distinct
// values in long runs are a dictionary of which the numbers are. ok is false, and
// what was read is of no use, when it is not.
func runsOf[T integer](r *reader, n, depth int) (values []T, ends []uint32, ok bool) {
	if depth > maxDepth {
		r.fail("codecs nest more than %d deep", maxDepth)
	}
	switch r.byte() {
	case intConstant:
		r.codec = "constant"
		if v := T(r.varint()); n > 0 {
			values, ends = []T{v}, []uint32{uint32(n)}
		}
	case intRuns:
		r.codec = "runs"
		values, ends = readRuns[T](r, n, depth)
	case intMultiples:
		r.codec = "multiples"
		base, divisor := T(r.varint()), T(r.uvarint())
		s := r.tail()
		if values, ends, ok = runsOf[T](&s, n, depth+1); !ok {
			return nil, nil, false
		}
		r.take(&s)
		for i, x := range values {
			values[i] = base + x*divisor
		}
	case intDict:
		r.codec = "dictionary"
		k := r.count("dictionary size", min(n, maxDict))
		first, second := r.section(), r.tail()
		codes, ends, ok := runsOf[uint32](&second, n, depth+1)
		if !ok {
			return nil, nil, false
		}
		entries := make([]T, k)
		readInts(&first, entries, depth+1)
		r.take(&first)
		r.take(&second)
		return pickEntries(r, entries, codes), ends, r.err == nil
	default:
		return nil, nil, false
	}
	return values, ends, r.err == nil
}

// pickEntries returns the entries of a dictionary that codes name.
func pickEntries[T integer](r *reader, entries []T, codes []uint32) []T {
	values := make([]T, len(codes))
	for i, c := range codes {
		if int(c) >= len(entries) {
			r.fail("run %d has number %d of %d", i, c, len(entries))
			return nil
		}
		values[i] = entries[c]
	}
	return values
}

// readRuns reads the body of the runs codec:
//
//	+---------------+----------------------+-------------------+
//	| runs uvarint  | section: values, as  | lengths - 1, as   |
//	| 1..rows       | an integer column    | an integer column |
//	+---------------+----------------------+-------------------+
func readRuns[T integer](r *reader, n, depth int) (values []T, ends []uint32) {
	k := r.count("number of runs", n)
	first, second := r.section(), r.tail()
	if r.err = second.err; r.err != nil {
		return nil, nil
	}
	values, ends = make([]T, k), make([]uint32, k)
	readInts(&first, values, depth+1)
	readInts(&second, ends, depth+1)
	r.take(&first)
	r.take(&second)
	row := uint64(0)
	for i, length := range ends {
		row += uint64(length) + 1
		if row > uint64(n) {
			break
		}
		ends[i] = uint32(row)
	}
	if r.err == nil && row != uint64(n) {
		r.fail("runs cover %d of %d rows", row, n)
	}
	return values, ends
}

func expandRuns[T integer](r *reader, dst []T, depth int) {
	values, ends := readRuns[T](r, len(dst), depth)
	if r.err != nil {
		return
	}
	start := uint32(0)
	for i, end := range ends {
		fill(dst[start:end], values[i])
		start = end
	}
}

// appendRuns appends v, which has the given number of runs.
func (e Encoder) appendRuns(dst []byte, v []int64, runs, depth int) []byte {
	values, lengths := make([]int64, 0, runs), make([]int64, 0, runs)
	start := 0
	for i := 1; i <= len(v); i++ {
		if i == len(v) || v[i] != v[start] {
			values = append(values, v[start])
			lengths = append(lengths, int64(i-start-1))
			start = i
		}
	}
	dst = appendUvarint(append(dst, intRuns), uint64(len(values)))
	dst = appendSection(dst, func(dst []byte) []byte { return e.appendInts(dst, values, depth+1) })
	return e.appendInts(dst, lengths, depth+1)
}
