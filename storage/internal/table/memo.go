package table

// memo remembers a number for each code of a source's dictionary; 0 is not
// known. Gathering few rows from a source with many codes (one day's rows of a
// request with rows of thousands of days) must cost no more than the rows do,
// so that memo is then a map instead of a slice as long as the dictionary.
type memo struct {
	dense  []uint32
	sparse map[uint32]uint32
}

// sparseFactor is how many times more codes than uses make a memo sparse.
const sparseFactor = 16

// newMemo returns a memo of n codes that is going to be used so many times.
func newMemo(n, uses int) memo {
	if n > sparseFactor*(uses+sparseFactor) {
		return memo{sparse: make(map[uint32]uint32)}
	}
	return memo{dense: make([]uint32, n)}
}

// made reports whether m comes from newMemo.
func (m *memo) made() bool { return m.dense != nil || m.sparse != nil }

func (m *memo) get(code uint32) uint32 {
	if m.dense != nil {
		return m.dense[code]
	}
	return m.sparse[code]
}

func (m *memo) set(code, v uint32) {
	if m.dense != nil {
		m.dense[code] = v
	} else {
		m.sparse[code] = v
	}
}
