package table

import (
	"encoding/binary"
	"math"
	"slices"

	"github.com/ttlog/ttlog/storage/column"
	"github.com/ttlog/ttlog/storage/encoding"
)

// Wanted says which values of a column are looked for: strings of a dictionary,
// which are listed or fit, or integers from Least to Greatest.
type Wanted struct {
	Strings         []string
	Fits            func(s string) bool // not of the empty string, which is no value
	Texts           *encoding.Search    // where they fit that hold a text
	Least, Greatest int64
	// exact says that no value is among them that a predicate is not about.
	exact bool
}

// OfDict reports whether it is strings that are looked for.
func (w *Wanted) OfDict() bool { return w.Strings != nil || w.Fits != nil }

// strings takes the strings of an equality, or the texts that they hold.
func (w *Wanted) strings(p *column.Predicate) bool {
	if w.Texts = TextsOf(p); w.Texts != nil {
		w.Fits, w.exact = w.Texts.In, true
		return true
	}
	if p.Op != column.Eq && p.Op != column.In {
		return false
	}
	for i := range p.Values {
		// What has no value may stand as an empty string.
		if LeafKind(p.Values[i].Type) != KindString && p.Values[i].Type != column.TypeID || p.Values[i].Str == "" {
			return false
		}
		w.Strings = append(w.Strings, p.Values[i].Str)
	}
	w.exact = true
	return len(w.Strings) > 0
}

// TextsOf returns a search for what a predicate wants strings to hold, nil where it
// is no such predicate.
func TextsOf(p *column.Predicate) *encoding.Search {
	if p.Op != column.Holds && p.Op != column.HoldsFold {
		return nil
	}
	texts := make([]string, len(p.Values))
	for i := range p.Values {
		// All strings hold the empty one, those that stand for no value as well.
		if p.Values[i].Type != column.TypeString || p.Values[i].Str == "" {
			return nil
		}
		texts[i] = p.Values[i].Str
	}
	return encoding.NewSearch(texts, p.Op == column.HoldsFold)
}

func (w *Wanted) spanID(p *column.Predicate) bool {
	if p.Op != column.Eq || len(p.Values) != 1 || len(p.Values[0].Str) != 8 {
		return false
	}
	id := int64(binary.LittleEndian.Uint64([]byte(p.Values[0].Str)))
	w.Least, w.Greatest, w.exact = id, id, true
	return id != 0
}

// ints takes the range of integers that satisfy p.
func (w *Wanted) ints(p *column.Predicate) bool {
	if len(p.Values) == 0 {
		return false
	}
	w.Least, w.Greatest = math.MaxInt64, math.MinInt64
	for i := range p.Values {
		v := &p.Values[i]
		switch v.Type {
		case column.TypeBool, column.TypeInt64, column.TypeTimestamp, column.TypeDuration:
			w.Least, w.Greatest = min(w.Least, v.Int), max(w.Greatest, v.Int)
		default:
			return false
		}
	}
	w.exact = true
	switch p.Op {
	case column.Eq, column.In:
		w.exact = len(p.Values) == 1
	case column.Lt:
		w.Least, w.Greatest = math.MinInt64, max(w.Greatest, math.MinInt64+1)-1
		w.exact = p.Values[0].Int > math.MinInt64
	case column.Le:
		w.Least = math.MinInt64
	case column.Gt:
		w.Least, w.Greatest = min(w.Least, math.MaxInt64-1)+1, math.MaxInt64
		w.exact = p.Values[0].Int < math.MaxInt64
	case column.Ge:
		w.Greatest = math.MaxInt64
	default:
		return false
	}
	return true
}

// find returns where a column of n values has wanted ones. Where within is not
// nil, those that are not in it may be missing.
func (l *Leaf) find(w Wanted, n int, within column.Ranges) (column.Ranges, error) {
	if l.Load != nil && l.Find != nil {
		return l.Find(w, n, within)
	}
	if err := l.Ensure(); err != nil {
		return nil, err
	}
	if w.OfDict() {
		return CodesAt(nil, l.Codes, 0, w.Codes(l.Dict.Values)), nil
	}
	return w.ZerosAt(w.IntsAt(nil, l.Ints, 0), len(l.Ints), n), nil
}

// IntsAt adds where wanted integers stand, of which the first stands at from.
func (w *Wanted) IntsAt(at column.Ranges, ints []int64, from int) column.Ranges {
	for i := 0; i < len(ints); i++ {
		if ints[i] < w.Least || ints[i] > w.Greatest {
			continue
		}
		first := i
		for i++; i < len(ints) && ints[i] >= w.Least && ints[i] <= w.Greatest; i++ {
		}
		at = at.Add(from+first, from+i)
	}
	return at
}

// ZerosAt adds the values from from on that are before to, which are zero, where
// these are wanted.
func (w *Wanted) ZerosAt(at column.Ranges, from, to int) column.Ranges {
	if from < to && w.Least <= 0 && w.Greatest >= 0 {
		return at.Add(from, to)
	}
	return at
}

// Codes returns the numbers of the wanted strings in a dictionary, rising.
func (w *Wanted) Codes(dict []string) (codes []uint32) {
	for i, s := range dict {
		if w.Strings != nil && slices.Contains(w.Strings, s) || w.Fits != nil && s != "" && w.Fits(s) {
			codes = append(codes, uint32(i))
		}
	}
	return codes
}

// CodesAt adds where one of some codes, which rise, stands; from is where the
// first does.
func CodesAt(at column.Ranges, codes []uint32, from int, wanted []uint32) column.Ranges {
	if len(wanted) == 0 {
		return at
	}
	low := wanted[0]
	is := make([]bool, wanted[len(wanted)-1]-low+1)
	for _, c := range wanted {
		is[c-low] = true
	}
	for i := 0; i < len(codes); i++ {
		c := codes[i]
		if c-low >= uint32(len(is)) || !is[c-low] { // less than the low wraps
			continue
		}
		first := i
		for i++; i < len(codes) && codes[i] == c; i++ {
		}
		at = at.Add(from+first, from+i)
		i--
	}
	return at
}
