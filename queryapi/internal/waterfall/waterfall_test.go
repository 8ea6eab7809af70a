package waterfall

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"
)

// naive returns the ids of the spans depth first, by asking each time whose
// children there are. Parents are of those that can be followed to a root.
func naive(spans []Span, parent func(i int) int, at int, depth uint32, emit func(i int, depth uint32)) {
	for i := range spans {
		if parent(i) == at {
			emit(i, depth)
			naive(spans, parent, i, depth+1, emit)
		}
	}
}

// TestBuild_AgreesWithNaive builds random traces with missing parents, circles
// and ids that come twice.
func TestBuild_AgreesWithNaive(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		n := 1 + r.IntN(12)
		b := New(n / 2)
		for i := range n {
			s := Span{ID: 1 + r.Uint64N(uint64(n)+2), Start: 1 + r.Int64N(50), Duration: r.Int64N(20), Name: int32(i)}
			if s.HasParent = r.IntN(4) > 0; s.HasParent {
				s.Parent = 1 + r.Uint64N(uint64(n)+2)
			}
			b.Add(s)
		}
		tr := b.Build()
		if tr.Len() != n {
			t.Fatalf("%d rows of %d spans", tr.Len(), n)
		}
		spans := make([]Span, n)
		byID := map[uint64]int{}
		for i := range spans { // in the order of the builder, which is by start
			spans[i] = tr.spans[i]
			if _, ok := byID[spans[i].ID]; !ok {
				byID[spans[i].ID] = i
			}
		}
		parent := func(i int) int {
			p, ok := byID[spans[i].Parent]
			if !spans[i].HasParent || !ok || spans[i].Flags&Circle != 0 {
				return -1
			}
			return p
		}
		var order []int
		var depths []uint32
		naive(spans, parent, -1, 0, func(i int, depth uint32) { order, depths = append(order, i), append(depths, depth) })
		var got []int
		for row := range tr.Len() {
			got = append(got, int(tr.order[row]))
			end := row + 1 + int(tr.Descendants[row])
			for below := row + 1; below < tr.Len(); below++ {
				if inside := tr.Depths[below] > tr.Depths[row] && below < end; inside != (below < end) {
					t.Fatalf("row %d has %d descendants, but row %d is of depth %d", row, tr.Descendants[row], below, tr.Depths[below])
				}
			}
			if end < tr.Len() && tr.Depths[end] > tr.Depths[row] {
				t.Fatalf("row %d has more than %d descendants", row, tr.Descendants[row])
			}
		}
		if !slices.Equal(got, order) || !slices.Equal(tr.Depths, depths) {
			t.Fatalf("got %v %v, want %v %v of %+v", got, tr.Depths, order, depths, spans)
		}
	}
}

// TestBuild_SaysWhatIsWrong has one of each fault.
func TestBuild_SaysWhatIsWrong(t *testing.T) {
	b := New(0)
	for _, s := range []Span{
		{ID: 1, Start: 100, Duration: 50},
		{ID: 2, Parent: 1, HasParent: true, Start: 90, Duration: 5},                     // begins before its parent
		{ID: 3, Parent: 99, HasParent: true, Start: 110, Duration: 5},                   // whose parent is missing
		{ID: 4, Parent: 5, HasParent: true, Start: 120},                                 // a circle of two
		{ID: 5, Parent: 4, HasParent: true, Start: 130},                                 //
		{ID: 6, Parent: 6, HasParent: true, Start: 140},                                 // its own parent
		{ID: 1, Parent: 1, HasParent: true, Start: 150, Flags: Unfinished},              // an id that is there, no end
		{ID: 7, Parent: 1, HasParent: true, Start: 0, Duration: 1},                      // no start
		{ID: 8, Parent: 7, HasParent: true, Start: 1<<63 - 2, Duration: 1<<63 - 1 - 10}, // an end that does not fit
	} {
		b.Add(s)
	}
	tr := b.Build()
	want := Problems{MissingParents: 1, Cycles: 2, ClockSkew: 2, Unfinished: 1, DuplicateIDs: 1, Roots: 4}
	if tr.Problems != want {
		t.Errorf("got %+v, want %+v", tr.Problems, want)
	}
	if tr.Begin != 90 || tr.End != 1<<63-1 {
		t.Errorf("from %d to %d, want from 90 to the end of time", tr.Begin, tr.End)
	}
}

// TestBuild_Deep puts a chain in order that is too deep for recursion to be
// cheap, and a circle of as many.
func TestBuild_Deep(t *testing.T) {
	const n = 300_000
	for _, circle := range []bool{false, true} {
		b := New(n)
		for i := range uint64(n) {
			b.Add(Span{ID: i + 1, Parent: i, HasParent: i > 0 || circle, Start: int64(i) + 1})
		}
		if circle {
			b.spans[0].Parent = n
		}
		tr := b.Build()
		if tr.Depths[n-1] != n-1 || tr.Descendants[0] != n-1 || tr.Problems.Roots != 1 {
			t.Errorf("circle %v: depth %d, %d descendants, %d roots", circle, tr.Depths[n-1], tr.Descendants[0], tr.Problems.Roots)
		}
	}
}

// TestInOrder_AgreesWithSort has starts that are near each other, far apart, and
// the same.
func TestInOrder_AgreesWithSort(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, n := range []int{0, 1, 100, 1 << digitBits, 10_000} {
		for _, width := range []int64{1, 100, 1 << 40, 1<<63 - 1} {
			spans := make([]Span, n)
			for i := range spans {
				spans[i] = Span{ID: r.Uint64N(1000), Start: r.Int64N(width), Duration: r.Int64N(3), Name: int32(i)}
				if width == 1<<63-1 && i%2 == 0 {
					spans[i].Start = -spans[i].Start
				}
			}
			want := slices.Clone(spans)
			slices.SortStableFunc(want, func(a, b Span) int {
				return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(b.Duration, a.Duration), cmp.Compare(a.ID, b.ID))
			})
			for i, got := range inOrder(spans) {
				if got.Start != want[i].Start || got.Duration != want[i].Duration || got.ID != want[i].ID {
					t.Fatalf("%d spans within %d: row %d is %+v, want %+v", n, width, i, got, want[i])
				}
			}
		}
	}
}
