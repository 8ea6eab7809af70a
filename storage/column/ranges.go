package column

import "sort"

// Range is the rows from From on that are before To.
type Range struct{ From, To uint32 }

// Ranges are rows, or values of a column. They rise, and no two of them touch:
// what is clustered takes few of them, however many rows it is.
type Ranges []Range

// Add returns r with the rows from from on that are before to, which are not
// before those of the last range.
func (r Ranges) Add(from, to int) Ranges {
	if k := len(r); k > 0 && int(r[k-1].To) >= from {
		r[k-1].To = max(r[k-1].To, uint32(to))
		return r
	}
	return append(r, Range{From: uint32(from), To: uint32(to)})
}

// Any reports whether one of the rows from from on that are before to is there.
func (r Ranges) Any(from, to int) bool {
	i := sort.Search(len(r), func(i int) bool { return int(r[i].To) > from })
	return i < len(r) && int(r[i].From) < to
}

// And returns the rows that are in both.
func (r Ranges) And(o Ranges) (both Ranges) {
	for len(r) > 0 && len(o) > 0 {
		if from, to := max(r[0].From, o[0].From), min(r[0].To, o[0].To); from < to {
			both = append(both, Range{From: from, To: to})
		}
		if r[0].To < o[0].To {
			r = r[1:]
		} else {
			o = o[1:]
		}
	}
	return both
}

// Len returns the number of rows.
func (r Ranges) Len() int {
	n := 0
	for _, x := range r {
		n += int(x.To - x.From)
	}
	return n
}

// List returns the rows one by one.
func (r Ranges) List() []uint32 {
	list := make([]uint32, 0, r.Len())
	for _, x := range r {
		for row := x.From; row < x.To; row++ {
			list = append(list, row)
		}
	}
	return list
}
