package table

import (
	"math"
	"slices"

	"github.com/ttlog/ttlog/storage/column"
)

// Select returns a block of some rows of b, rising row numbers. A column of it
// reads what these rows have: of a part, the pages that hold them. It shares
// what b has decoded, and is for the same goroutine.
func (b *Block) Select(rows []uint32) column.Block { return NewBlock(b.c.Select(rows)) }

// Select returns a chunk of some rows of c, rising row numbers, whose columns
// are loaded when they are asked for.
func (c *Chunk) Select(rows []uint32) *Chunk {
	out := &Chunk{Signal: c.Signal, Resources: NewLeaf(KindString), Earliest: c.Earliest}
	out.Resources.Load = func(l *Leaf) error {
		if err := c.Resources.Ensure(); err != nil {
			return err
		}
		l.Dict = c.Resources.Dict
		l.lost, l.why = c.Resources.lost, c.Resources.why
		return nil
	}
	s := &selection{at: rows}
	s.group(&out.Rows, &c.Rows)
	out.Rows.N = len(rows)
	return out
}

// selection says which rows, items or values of a column are wanted. Those of
// lists and attributes are known only when counts or shapes are loaded.
type selection struct {
	at   []uint32
	load func() ([]uint32, error)
	err  error
}

func (s *selection) rows() ([]uint32, error) {
	if s.load != nil {
		load := s.load
		s.load = nil
		s.at, s.err = load()
	}
	return s.at, s.err
}

// group makes dst the selected rows of src. Their number is not known yet
// where src is the items of a list: until then it is that of src.
func (s *selection) group(dst, src *Group) {
	*dst = NewGroup(src.Def)
	dst.N = src.N
	for i := range src.Leaves {
		s.leaf(&dst.Leaves[i], &src.Leaves[i])
	}
	for i := range src.Sets {
		s.set(&dst.Sets[i], &src.Sets[i])
	}
	for i := range src.Lists {
		if src.Lists[i].Items.N > 0 {
			s.list(&dst.Lists[i], &src.Lists[i], src.N)
		}
	}
}

func (s *selection) leaf(dst, src *Leaf) {
	if src.Load == nil && src.err == nil && src.Empty() {
		return
	}
	dst.Load = func(l *Leaf) error {
		at, err := s.rows()
		if err != nil || len(at) == 0 {
			return err
		}
		if src.Load != nil && src.Pick != nil {
			return src.Pick(l, at)
		}
		if err := src.Ensure(); err != nil {
			return err
		}
		l.pick(src, at)
		l.pickLost(src, at)
		return nil
	}
}

// pick makes l the values of src, which is loaded, at the given places.
func (l *Leaf) pick(src *Leaf, at []uint32) {
	if src.Dict == nil {
		l.Ints = make([]int64, len(at))
		for k, i := range at {
			l.Ints[k] = src.Int(int(i))
		}
		return
	}
	l.Codes = make([]uint32, len(at))
	for k, i := range at {
		l.Codes[k] = src.Code(int(i))
	}
	l.Dict = src.Dict
	l.shrinkDict()
}

// shrinkDict gives a leaf with fewer values than its dictionary has a
// dictionary of these: who reads a few rows should not have to look at all.
func (l *Leaf) shrinkDict() {
	if len(l.Dict.Values) <= len(l.Codes)+1 {
		return
	}
	old := l.Dict.Values
	l.Dict = NewDict()
	codes := map[uint32]uint32{0: 0}
	for i, c := range l.Codes {
		n, ok := codes[c]
		if !ok {
			n = l.Dict.append(old[c])
			codes[c] = n
		}
		l.Codes[i] = n
	}
}

// list makes dst the lists of the selected rows of n.
func (s *selection) list(dst, src *List, n int) {
	items := &selection{}
	counts := func(l *Leaf) error {
		at, err := s.rows()
		if err != nil {
			return err
		}
		starts, err := src.Starts(n)
		if err != nil {
			return err
		}
		l.Ints = make([]int64, len(at))
		for k, i := range at {
			l.Ints[k] = int64(starts[i+1] - starts[i])
			for item := starts[i]; item < starts[i+1]; item++ {
				items.at = append(items.at, item)
			}
		}
		dst.Items.N = len(items.at)
		l.pickLost(&src.Counts, at)
		return nil
	}
	items.load = func() ([]uint32, error) {
		err := dst.Counts.Ensure()
		return items.at, err
	}
	items.group(&dst.Items, &src.Items)
	dst.Counts.Load = counts
}

// set makes dst the attributes of the selected rows.
func (s *selection) set(dst, src *AttrSet) {
	dst.partial = true
	values := make([]selection, len(src.Cols))
	for c, col := range src.Cols {
		to := &AttrCol{Key: col.Key, Type: col.Type, N: col.N, Leaf: NewLeaf(col.Leaf.Kind)}
		v := &values[c]
		v.load = func() ([]uint32, error) {
			err := dst.Ensure()
			return v.at, err
		}
		v.leaf(&to.Leaf, &col.Leaf)
		dst.Cols = append(dst.Cols, to)
	}
	if len(src.Cols) == 0 {
		return
	}
	dst.LoadShapes = func(dst *AttrSet) error {
		at, err := s.rows()
		if err != nil {
			return err
		}
		w, err := src.walk()
		if err != nil {
			return err
		}
		dst.Shapes = w.shapes
		if w.why != nil {
			dst.Shape.Lose(0, len(at), w.why)
		}
		dst.Shape.Codes = make([]uint32, len(at))
		for k, i := range at {
			code := w.to(i)
			dst.Shape.Codes[k] = code
			for _, c := range w.shapes[code] {
				values[c].at = append(values[c].at, w.take(c))
			}
			w.row++
		}
		for c := range values {
			dst.Cols[c].N = len(values[c].at)
		}
		return nil
	}
}

// shapeWalk goes through the rows of a set, and knows which value of each
// column comes next.
type shapeWalk struct {
	shapes [][]uint32
	codes  []uint32 // shape of each row, or of each run where ends is set
	ends   []uint32
	run    int
	row    uint32
	end    uint32 // behind the run that was found last, of rows of one shape
	code   uint32 // of that run
	next   []uint32
	why    error // the shapes could not be read
}

// walk begins at the first row. It does not expand runs that are not yet.
func (s *AttrSet) walk() (*shapeWalk, error) {
	w := &shapeWalk{next: make([]uint32, len(s.Cols))}
	var err error
	if s.LoadShapes != nil && s.ShapeRuns != nil {
		w.shapes, w.codes, w.ends, w.why, err = s.ShapeRuns(s)
		return w, err
	}
	err = s.Ensure()
	w.shapes, w.codes, w.why = s.Shapes, s.Shape.Codes, s.Shape.why
	return w, err
}

// runEnd returns the row behind the run that the walk stands in, and its shape.
// A run is looked for once: who takes row after row asks again for each.
func (w *shapeWalk) runEnd() (end, code uint32) {
	if w.row >= w.end {
		w.end, w.code = w.nextRun()
	}
	return w.end, w.code
}

func (w *shapeWalk) nextRun() (end, code uint32) {
	switch {
	case w.ends != nil:
		for w.run < len(w.ends) && w.ends[w.run] <= w.row {
			w.run++
		}
		if w.run < len(w.ends) {
			return w.ends[w.run], w.codes[w.run]
		}
	case int(w.row) < len(w.codes):
		code = w.codes[w.row]
		end = w.row + 1
		for int(end) < len(w.codes) && w.codes[end] == code {
			end++
		}
		return end, code
	}
	return math.MaxUint32, 0
}

// to goes to a row, which is not before the one it stands on, and returns its
// shape. Runs of a shape are passed in one step.
func (w *shapeWalk) to(row uint32) uint32 {
	for {
		end, code := w.runEnd()
		if end > row {
			w.pass(code, row-w.row)
			w.row = row
			return code
		}
		w.pass(code, end-w.row)
		w.row = end
	}
}

func (w *shapeWalk) pass(code, rows uint32) {
	if rows == 0 {
		return
	}
	for _, c := range w.shapes[code] {
		w.next[c] += rows
	}
}

// take returns the number of the next value of a column, and steps over it.
func (w *shapeWalk) take(c uint32) uint32 {
	n := w.next[c]
	w.next[c]++
	return n
}

// rowsOf returns which of n rows have the given values of a column; once says that
// none has more than one.
func (w *shapeWalk) rowsOf(col uint32, at column.Ranges, n int) (rows column.Ranges, once bool) {
	count := occurrences(w.shapes, col)
	next := uint32(0) // value of the column that comes next
	for w.row < uint32(n) && len(at) > 0 {
		end, code := w.runEnd()
		from := w.row
		w.row = min(end, uint32(n))
		k := count[code]
		if k == 0 {
			continue
		}
		last := next + k*(w.row-from)
		for len(at) > 0 && at[0].From < last {
			first, behind := max(at[0].From, next), min(at[0].To, last)
			rows = rows.Add(int(from+(first-next)/k), int(from+(behind-1-next)/k)+1)
			if at[0].To > last {
				break // the rest is the next run's
			}
			at = at[1:]
		}
		next = last
	}
	return rows, !slices.ContainsFunc(count, func(k uint32) bool { return k > 1 })
}
