package fn

// Keepable reports whether accumulators of a's kind can be merged into those of
// other queries: their state does not say which rows of a scan it is of.
func Keepable(a Accumulator) bool {
	_, ordered := a.(*anyAcc)
	return !ordered
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
		for _, in := range a.in {
			in.Seal()
		}
	}
}
