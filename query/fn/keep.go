package fn

import "github.com/ttlog/ttlog/query/eval"

// Keepable reports whether accumulators of a's kind can be merged into those of
// other queries: their state follows from the type and the arguments of the call,
// and says neither which rows of a scan it is of nor the time that the query is
// about; and a merge leaves it as it was.
func Keepable(a Accumulator) bool {
	switch a.(type) {
	case *countAcc, *rateAcc, *intSum, *floatSum, *varianceAcc, *intExtreme, *extremeAcc, *quantileAcc, *distinctAcc, *tupleAcc, *approxAcc, *topkAcc:
		return true
	}
	return false
}

// Seal makes an accumulator give up what points into blocks, and is of use only to
// add more of their rows.
func Seal(a Accumulator) {
	var in []*eval.Interner
	switch a := a.(type) {
	case *distinctAcc:
		if a.in != nil {
			in = append(in, a.in)
		}
	case *tupleAcc:
		in = a.tuples.in
	}
	for _, x := range in {
		x.Seal()
	}
}
