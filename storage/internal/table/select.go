package table

import (
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
	if src.Nonzero != nil && src.Load != nil {
		dst.Nonzero = func(n int) ([]uint64, error) {
			at, err := s.rows()
			if err != nil || len(at) == 0 {
				return make([]uint64, (n+63)/64), err
			}
			all, err := src.Nonzero(int(at[len(at)-1]) + 1)
			if err != nil {
				return nil, err
			}
			bits := make([]uint64, (n+63)/64)
			for k, i := range at {
				bits[k/64] |= all[i/64] >> (i % 64) & 1 << (k % 64)
			}
			return bits, nil
		}
	}
	dst.Load = func(l *Leaf) error {
		at, err := s.rows()
		if err != nil || len(at) == 0 {
			return err
		}
		return src.Select(l, at)
	}
}

// Select makes to the values at some places, which rise. It reads no more than it
// has to.
func (l *Leaf) Select(to *Leaf, at []uint32) error {
	if l.Load != nil && l.Pick != nil {
		return l.Pick(to, at)
	}
	if err := l.Ensure(); err != nil {
		return err
	}
	to.PickFrom(l, at)
	return nil
}

// PickFrom makes l the values of src, which is loaded, at the given places, as
// far as they could be read.
func (l *Leaf) PickFrom(src *Leaf, at []uint32) {
	l.pick(src, at)
	l.pickLost(src, at)
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
		starts, err := src.locate(l, at, n)
		if err != nil {
			return err
		}
		for k, start := range starts {
			for item := range uint32(l.Int(k)) {
				items.at = append(items.at, start+item)
			}
		}
		dst.Items.N = len(items.at)
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
		dst.Shapes = w.pages.Shapes
		dst.Shape.Codes = make([]uint32, len(at))
		for k, i := range at {
			code, err := w.to(i)
			if err != nil {
				return err
			}
			if w.damage != nil {
				dst.Shape.Lose(k, k+1, w.damage)
				continue
			}
			dst.Shape.Codes[k] = code
			for _, c := range w.pages.Shapes[code] {
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
