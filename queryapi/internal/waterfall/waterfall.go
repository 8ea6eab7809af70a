// Package waterfall puts the spans of a trace in the order in which a person
// reads them: each behind its parent, siblings by their start. It says what is
// wrong with a trace, and never fails for it: parents that are missing, circles
// of parents, ids that come twice, and clocks that differ.
//
// The entry point is [Builder].
package waterfall

import (
	"slices"

	"github.com/ttlog/ttlog/internal/idmap"
)

// The flags of a span. They are part of the API; never renumber.
const (
	HasEvents uint16 = 1 << iota
	HasLinks
	ParentMissing // it names a parent that is not there
	Circle        // it was its own ancestor, and is taken for a root
	Skewed        // it begins before its parent or at no time, or ended before it began
	Unfinished    // it has no end
	Duplicate     // an earlier span has its id
	HasException
)

// Span is one span of a trace. Service and Name are numbers that mean something
// to the caller.
type Span struct {
	ID, Parent      uint64
	Start, Duration int64 // nanoseconds; without an end the duration is 0
	Service, Name   int32
	Flags           uint16
	Kind, Status    uint8
	HasParent       bool
}

// end returns where the span ends, as far as that fits.
func (s *Span) end() int64 {
	if end := s.Start + s.Duration; end >= s.Start {
		return end
	}
	return 1<<63 - 1
}

// Problems counts what is wrong with a trace.
type Problems struct {
	MissingParents int `json:"missing_parents"`
	Cycles         int `json:"cycles"`
	ClockSkew      int `json:"clock_skew"`
	Unfinished     int `json:"unfinished"`
	DuplicateIDs   int `json:"duplicate_ids"`
	Roots          int `json:"roots"`
}

// Trace is a trace in order: row i is At(i). It is immutable.
type Trace struct {
	// Begin and End are the first start and the last end of all spans that have
	// a start.
	Begin, End int64
	// Parents are the rows of the parents, -1 for none. Each is less than the
	// row itself.
	Parents []int32
	// Depths are the numbers of ancestors, Descendants those of the rows that
	// follow and are below a row.
	Depths, Descendants []uint32
	Problems            Problems

	spans []Span
	order []int32 // of spans, by row
}

// Len returns the number of rows.
func (t *Trace) Len() int { return len(t.order) }

// At returns the span of a row.
func (t *Trace) At(row int) *Span { return &t.spans[t.order[row]] }

// Builder takes the spans of one trace in any order.
type Builder struct{ spans []Span }

// New returns a Builder that has room for n spans; there may be more.
func New(n int) *Builder { return &Builder{make([]Span, 0, n)} }

// Add adds a span.
func (b *Builder) Add(s Span) { b.spans = append(b.spans, s) }

// Len returns how many spans there are so far.
func (b *Builder) Len() int { return len(b.spans) }

// Build puts the spans in order. The Builder is of no use after it.
func (b *Builder) Build() *Trace {
	n := len(b.spans)
	t := &Trace{spans: inOrder(b.spans), order: make([]int32, 0, n), Parents: make([]int32, n), Depths: make([]uint32, n), Descendants: make([]uint32, n)}
	b.spans = nil
	f := newForest(t.spans)
	f.openCircles()
	t.walk(f)
	t.judge()
	return t
}

// forest is who is whose child, by the places of spans in a slice: first child,
// next sibling. -1 is none.
type forest struct {
	spans       []Span
	parent      []int32
	first, next []int32
	roots       int32
}

func newForest(spans []Span) *forest {
	n := len(spans)
	f := &forest{spans: spans, parent: make([]int32, n), first: make([]int32, n), next: make([]int32, n), roots: -1}
	byID := idmap.New(n) // places and one
	for i := range spans {
		if s := &spans[i]; byID.Add(s.ID, uint32(i)+1) != uint32(i)+1 {
			s.Flags |= Duplicate
		}
	}
	for i := range spans {
		f.parent[i], f.first[i], f.next[i] = -1, -1, -1
		s := &spans[i]
		if !s.HasParent {
			continue
		}
		if parent := int32(byID.Get(s.Parent)) - 1; parent < 0 {
			s.Flags |= ParentMissing
		} else if parent != int32(i) {
			f.parent[i] = parent
		} else {
			s.Flags |= Circle
		}
	}
	return f
}

// openCircles makes a root of one span of each circle of parents, the first to
// begin. Every span is looked at twice at most.
func (f *forest) openCircles() {
	const unseen, done = 0, -1
	seen := make([]int32, len(f.parent)) // 0, the number of the path that came by, or done
	for i := range f.parent {
		path := int32(i) + 1
		at := int32(i)
		for at >= 0 && seen[at] == unseen {
			seen[at] = path
			at = f.parent[at]
		}
		if at >= 0 && seen[at] == path { // came back to itself
			least := at
			for on := f.parent[at]; on != at; on = f.parent[on] {
				least = min(least, on) // spans are in the order of their start
			}
			f.parent[least] = -1
			f.spans[least].Flags |= Circle
		}
		for at := int32(i); at >= 0 && seen[at] == path; at = f.parent[at] {
			seen[at] = done
		}
	}
	// Linked from the last on, so that each list begins with the first.
	for i := int32(len(f.parent)) - 1; i >= 0; i-- {
		list := &f.roots
		if p := f.parent[i]; p >= 0 {
			list = &f.first[p]
		}
		f.next[i], *list = *list, i
	}
}

// walk numbers the rows depth first, without recursion: a trace may be a
// million spans deep.
func (t *Trace) walk(f *forest) {
	rows := make([]int32, len(t.spans)) // of the spans that were reached
	for at := f.roots; at >= 0; {
		row := int32(len(t.order))
		t.order = append(t.order, at)
		rows[at] = row
		t.Parents[row] = -1
		if p := f.parent[at]; p >= 0 {
			t.Parents[row] = rows[p]
			t.Depths[row] = t.Depths[rows[p]] + 1
		}
		if f.first[at] >= 0 {
			at = f.first[at]
			continue
		}
		for at >= 0 && f.next[at] < 0 {
			at = f.parent[at]
		}
		if at >= 0 {
			at = f.next[at]
		}
	}
	for row, p := range slices.Backward(t.Parents) {
		if p >= 0 {
			t.Descendants[p] += t.Descendants[row] + 1
		}
	}
}

// judge counts what is wrong, and finds where the trace begins and ends.
func (t *Trace) judge() {
	t.Begin, t.End = 1<<63-1, -1<<63
	count := func(s *Span, flag uint16, n *int) {
		if s.Flags&flag != 0 {
			*n++
		}
	}
	for row := range t.order {
		s := t.At(row)
		if s.Start == 0 { // which nobody means
			s.Flags |= Skewed
		} else {
			t.Begin, t.End = min(t.Begin, s.Start), max(t.End, s.end())
		}
		if p := t.Parents[row]; p >= 0 && s.Start < t.At(int(p)).Start {
			s.Flags |= Skewed
		} else if p < 0 {
			t.Problems.Roots++
		}
		count(s, ParentMissing, &t.Problems.MissingParents)
		count(s, Circle, &t.Problems.Cycles)
		count(s, Skewed, &t.Problems.ClockSkew)
		count(s, Unfinished, &t.Problems.Unfinished)
		count(s, Duplicate, &t.Problems.DuplicateIDs)
	}
	if t.Begin > t.End { // no span has a start
		t.Begin, t.End = 0, 0
	}
}
