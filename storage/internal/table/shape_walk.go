package table

import (
	"slices"

	"github.com/ttlog/ttlog/storage/column"
)

// shapeWalk goes through the rows of a set, and knows which value of each
// column comes next. Of pages that none of the rows is in that it goes to it
// reads nothing.
type shapeWalk struct {
	pages *ShapePages
	page  int      // the one that the walk stands in, -1 before the first
	base  []uint32 // the value of each column that the page begins with

	codes  []uint32 // shape of each row of the page, or of each run where ends is set
	ends   []uint32 // in rows of the page
	damage error    // the page could not be read
	run    int
	row    int      // of the page
	end    int      // behind the run that was found last, of rows of one shape
	code   uint32   // of that run
	next   []uint32 // the value of each column that the row begins with
}

// walk stands before the first row. It does not expand runs that are not yet.
func (s *AttrSet) walk() (*shapeWalk, error) {
	w := &shapeWalk{page: -1, base: make([]uint32, len(s.Cols)), next: make([]uint32, len(s.Cols))}
	if s.LoadShapes != nil && s.ShapePages != nil {
		var err error
		w.pages, err = s.ShapePages()
		return w, err
	}
	if err := s.Ensure(); err != nil {
		return w, err
	}
	w.pages = &ShapePages{
		Shapes: s.Shapes, Size: max(len(s.Shape.Codes), 1), Damage: s.Shape.why,
		Read: func(page int) (codes, ends []uint32, damage, err error) {
			if page == 0 {
				codes = s.Shape.Codes
			}
			return codes, nil, nil, nil
		},
	}
	return w, nil
}

// to goes to a row, which is not before the one it stands on, and returns its
// shape. Runs of a shape are passed in one step.
func (w *shapeWalk) to(row uint32) (code uint32, err error) {
	if w.pages.Damage != nil {
		w.damage = w.pages.Damage
		return 0, nil //nolint:nilerr // who asks looks at the damage
	}
	if err := w.open(int(row) / w.pages.Size); err != nil {
		return 0, err
	}
	at := int(row) % w.pages.Size
	for {
		end, code := w.runEnd()
		if end > at {
			w.pass(code, at-w.row)
			return code, nil
		}
		w.pass(code, end-w.row)
	}
}

// open reads a page, which is not before the one it stands in.
func (w *shapeWalk) open(page int) (err error) {
	if page == w.page {
		return nil
	}
	for w.page = max(w.page, 0); w.page < page; w.page++ {
		if w.page >= len(w.pages.Uses) {
			continue
		}
		for _, u := range w.pages.Uses[w.page] {
			for _, c := range w.pages.Shapes[u.Shape] {
				w.base[c] += u.Rows
			}
		}
	}
	copy(w.next, w.base)
	w.run, w.row, w.end = 0, 0, 0
	w.codes, w.ends, w.damage, err = w.pages.Read(page)
	return err
}

// runEnd returns the row of the page behind the run that the walk stands in, and
// its shape. A run is looked for once: who takes row after row asks again for
// each.
func (w *shapeWalk) runEnd() (end int, code uint32) {
	if w.row >= w.end {
		w.end, w.code = w.nextRun()
	}
	return w.end, w.code
}

func (w *shapeWalk) nextRun() (end int, code uint32) {
	switch {
	case w.ends != nil:
		for w.run < len(w.ends) && int(w.ends[w.run]) <= w.row {
			w.run++
		}
		if w.run < len(w.ends) {
			return int(w.ends[w.run]), w.codes[w.run]
		}
	case w.row < len(w.codes):
		code = w.codes[w.row]
		end = w.row + 1
		for end < len(w.codes) && w.codes[end] == code {
			end++
		}
		return end, code
	}
	return w.pages.Size, 0
}

func (w *shapeWalk) pass(code uint32, rows int) {
	w.row += rows
	if rows > 0 {
		for _, c := range w.pages.Shapes[code] {
			w.next[c] += uint32(rows)
		}
	}
}

// take returns the number of the next value of a column, and steps over it.
func (w *shapeWalk) take(c uint32) uint32 {
	n := w.next[c]
	w.next[c]++
	return n
}

// rowsOf returns which of n rows have the given values of a column; once says that
// none has more than one. The walk stands before the first row, and is of no use
// then.
func (w *shapeWalk) rowsOf(col uint32, at column.Ranges, n int) (rows column.Ranges, once bool, err error) {
	if w.pages.Damage != nil {
		return nil, false, nil //nolint:nilerr // what is lost has no values
	}
	count := occurrences(w.pages.Shapes, col)
	next := uint32(0) // value of the column that comes next
	for page := 0; page*w.pages.Size < n && len(at) > 0; page++ {
		last, known := next, page < len(w.pages.Uses)
		if known {
			for _, u := range w.pages.Uses[page] {
				last += count[u.Shape] * u.Rows
			}
		}
		if !known || at[0].From < last {
			if err := w.open(page); err != nil {
				return nil, false, err
			}
			first := page * w.pages.Size
			rows, at, next = w.rowsOfPage(rows, at, next, count, first, min(w.pages.Size, n-first))
		}
		if known {
			next = last
			for len(at) > 0 && at[0].To <= last { // lost with the page
				at = at[1:]
			}
		}
	}
	return rows, !slices.ContainsFunc(count, func(k uint32) bool { return k > 1 }), nil
}

// rowsOfPage is rowsOf for the n rows from first on, which are the page that is
// open: next is the value that the first of them has, or one behind it. It
// returns what of at is left, and the value that the next page begins with.
func (w *shapeWalk) rowsOfPage(rows, at column.Ranges, next uint32, count []uint32, first, n int) (column.Ranges, column.Ranges, uint32) {
	for w.row < n && len(at) > 0 && w.damage == nil {
		end, code := w.runEnd()
		from := w.row
		w.row = min(end, n)
		k := count[code]
		if k == 0 {
			continue
		}
		last := next + k*uint32(w.row-from)
		for len(at) > 0 && at[0].From < last {
			value, behind := max(at[0].From, next), min(at[0].To, last)
			rows = rows.Add(first+from+int((value-next)/k), first+from+int((behind-1-next)/k)+1)
			if at[0].To > last {
				break // the rest is the next run's
			}
			at = at[1:]
		}
		next = last
	}
	return rows, at, next
}
