package part

import (
	"slices"

	"github.com/ttlog/ttlog/storage/column"
	"github.com/ttlog/ttlog/storage/encoding"
	"github.com/ttlog/ttlog/storage/internal/table"
)

// A column that is not cut has few values, or many in few runs: some of its
// values are read from the runs, which are not expanded.

// runs are values that stand in runs, or one by one where ends is nil.
type runs[T int64 | uint32] struct {
	values []T
	ends   []uint32
}

// at calls f with the values at some places, which rise and are counted from from
// on, until there are no values any more.
func (r *runs[T]) at(from uint32, at []uint32, f func(v T)) {
	if r.ends == nil {
		for _, i := range at {
			if int(i-from) >= len(r.values) {
				return
			}
			f(r.values[i-from])
		}
		return
	}
	run := 0
	for _, i := range at {
		if run < len(r.ends) && r.ends[run] <= i-from {
			k, _ := slices.BinarySearch(r.ends[run:], i-from+1)
			run += k
		}
		if run == len(r.ends) {
			return
		}
		f(r.values[run])
	}
}

func intRuns(src []byte, n int) (runs[int64], error) { return intRunsInto(nil, src, n) }

// intRunsInto is intRuns that has a slice to use for values that stand one by one.
func intRunsInto(dst []int64, src []byte, n int) (r runs[int64], err error) {
	var ok bool
	if r.values, r.ends, ok, err = encoding.IntRuns(src, n); !ok && err == nil {
		r.values, err = encoding.Ints(dst[:0], src, n)
	}
	return r, err
}

func uintRuns(src []byte, n int) (runs[uint32], error) { return uintRunsInto(nil, src, n) }

func uintRunsInto(dst []uint32, src []byte, n int) (r runs[uint32], err error) {
	var ok bool
	if r.values, r.ends, ok, err = encoding.UintRuns(src, n); !ok && err == nil {
		r.values, err = encoding.Uints(dst[:0], src, n)
	}
	return r, err
}

// pickWhole reads some values of a column that is not cut.
func (s source) pickWhole(to *table.Leaf, d *leafDir, limit int, at []uint32) error {
	b, err := s.chunk(d.ref)
	if err == nil {
		err = pickLeaf(to, b, limit, at)
	}
	return err
}

func pickLeaf(to *table.Leaf, b []byte, limit int, at []uint32) error {
	r := reader{src: b}
	n := r.count("values", limit)
	if r.err != nil {
		return r.err
	}
	switch {
	case to.Kind == table.KindInt:
		ints, err := intRuns(b[r.off:], n)
		to.Ints = make([]int64, 0, len(at))
		ints.at(0, at, func(v int64) { to.Ints = append(to.Ints, v) })
		return err
	case hasDict(to.Kind):
		return pickDict(to, &r, n, at)
	}
	all := table.NewLeaf(to.Kind)
	if err := decodeLeaf(&all, b, limit); err != nil {
		return err
	}
	for _, i := range at {
		to.Ints = append(to.Ints, all.Int(int(i)))
	}
	return nil
}

func pickDict(to *table.Leaf, r *reader, n int, at []uint32) error {
	k, size := r.count("dictionary entries", maxItems), 0
	if to.Kind == table.KindString {
		size = r.count("bytes of strings", maxDictBytes)
	}
	dict := r.section()
	if r.err != nil {
		return r.err
	}
	codes, err := uintRuns(r.src[r.off:], n)
	if err != nil {
		return err
	}
	if err := checkCodes(codes.values, k+1); err != nil {
		return err
	}
	to.Codes = make([]uint32, 0, len(at))
	codes.at(0, at, func(c uint32) { to.Codes = append(to.Codes, c) })
	named := namedBy(to.Codes)
	renumber(to.Codes, named)
	for i := range named {
		named[i]--
	}
	values, err := entriesAt(to.Kind, dict, k, size, named)
	to.Dict = &table.Dict{Values: append([]string{""}, values...)}
	return err
}

// findWhole returns where a column that is not cut has wanted values among n.
func (s source) findWhole(kind table.Kind, d *leafDir, w table.Wanted, n int) (at column.Ranges, err error) {
	b, err := s.chunk(d.ref)
	if err != nil {
		return nil, err
	}
	r := reader{src: b}
	stored := r.count("values", n)
	switch {
	case r.err != nil:
		return nil, r.err
	case w.OfDict():
		wanted, entries, err := wantedEntries(kind, &r, w)
		if err != nil || len(wanted) == 0 {
			return nil, err
		}
		codes, err := uintRuns(r.src[r.off:], stored)
		if err != nil {
			return nil, err
		}
		return codes.places(nil, 0, table.CodesAt(nil, codes.values, 0, wanted)), checkCodes(codes.values, entries)
	case kind == table.KindInt:
		ints, err := intRuns(b[r.off:], stored)
		if err != nil {
			return nil, err
		}
		at = ints.places(nil, 0, w.IntsAt(nil, ints.values, 0))
	default:
		all := table.NewLeaf(kind)
		if err := decodeLeaf(&all, b, n); err != nil {
			return nil, err
		}
		at = w.IntsAt(nil, all.Ints, 0)
	}
	return w.ZerosAt(at, stored, n), nil
}

// wantedEntries reads the dictionary of a column that is not cut. It returns the
// codes of wanted ones, and how many there are.
func wantedEntries(kind table.Kind, r *reader, w table.Wanted) (codes []uint32, n int, err error) {
	if w.Texts == nil {
		entries, err := decodeEntries(kind, r)
		return w.Codes(entries), len(entries), err
	}
	codes, n, err = findEntries(r, w.Texts)
	for i := range codes {
		codes[i]++
	}
	return codes, n + 1, err
}

// places adds where some of the runs stand, of which the first stands at from.
func (r *runs[T]) places(at column.Ranges, from int, some column.Ranges) column.Ranges {
	for _, x := range some {
		first, behind := x.From, x.To
		if r.ends != nil {
			if behind = r.ends[x.To-1]; x.From > 0 {
				first = r.ends[x.From-1]
			}
		}
		at = at.Add(from+int(first), from+int(behind))
	}
	return at
}
