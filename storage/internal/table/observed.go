package table

// observedNone is how the observed time of a record that has none is stored
// next to a time.
const observedNone = -1

// relateObserved returns an observed time as it is stored beside the record's
// time, and undoes itself: given what is stored less the time, it returns the
// difference of the two. Most records have an observed time right behind their
// time, or none: both should be small numbers. So the difference that means
// "none" trades places with that of a nanosecond before the time.
func relateObserved(difference, at int64) int64 {
	switch {
	case at == 0:
		return difference
	case difference == -at:
		return observedNone
	case difference == observedNone:
		return -at
	}
	return difference
}

// observed returns the observed time of row i of log records.
func observed(l []Leaf, i int) int64 {
	at := l[LogTime].Int(i)
	return at + relateObserved(l[LogObserved].Int(i), at)
}
