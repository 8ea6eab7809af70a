package fn

// Keepable reports whether accumulators of a's kind can be merged into those of
// other queries: their state does not say which rows of a scan it is of, nor the
// time that the query is about, and a merge leaves it as it was.
func Keepable(a Accumulator) bool {
	switch a.(type) {
	case *anyAcc, *histogramAcc, *increaseAcc, *histogramQuantileAcc:
		return false
	}
	return true
}

// Seal makes an accumulator give up what points into blocks, and is of use only to
// add more of their rows.
func Seal(a Accumulator) {
	switch a := a.(type) {
	case *distinctAcc:
		if a.in != nil {
			a.in.Seal()
		}
	case *tupleAcc:
		for _, in := range a.tuples.in {
			in.Seal()
		}
	}
}
