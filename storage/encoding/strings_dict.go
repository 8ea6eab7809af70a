package encoding

// appendStringDict appends the dictionary codec for the distinct values dict
// and each row's number in it:
//
//	+-----------------+---------------------------+---------------------+
//	| entries uvarint | section: distinct values, | numbers of values,  |
//	| 1..rows         | as a string column        | as an integer       |
//	|                 |                           | column              |
//	+-----------------+---------------------------+---------------------+
func (e Encoder) appendStringDict(dst []byte, dict []string, numbers []int64, depth int) []byte {
	dst = appendUvarint(append(dst, stringDict), uint64(len(dict)))
	dst = appendSection(dst, func(dst []byte) []byte { return e.appendStrings(dst, dict, depth+1) })
	return e.appendInts(dst, numbers, 1)
}

// numbersOf returns the distinct values of v in order of appearance and the
// number of each row's, and nil when there are more than limit.
func numbersOf(v []string, limit int) (dict []string, numbers []int64) {
	number := make(map[string]int64, min(limit, 256))
	numbers = make([]int64, len(v))
	for i, s := range v {
		k, ok := number[s]
		if !ok {
			if len(dict) >= limit {
				return nil, nil
			}
			k = int64(len(dict))
			number[s] = k
			dict = append(dict, s)
		}
		numbers[i] = k
	}
	return dict, numbers
}

func readStringDict(r *reader, dst []string, b *budget, depth int) {
	k := r.count("dictionary size", len(dst))
	first, second := r.section(), r.tail()
	if r.err = second.err; r.err != nil {
		return
	}
	dict, numbers := make([]string, k), make([]uint32, len(dst))
	readStrings(&first, dict, b, depth+1)
	r.take(&first)
	readInts(&second, numbers, 1)
	if r.take(&second); r.err != nil {
		return
	}
	for i, x := range numbers {
		if int(x) >= k {
			r.fail("row %d has number %d of %d", i, x, k)
			return
		}
		dst[i] = dict[x]
	}
}
