package table

import (
	"math"
	"slices"

	"github.com/ttlog/ttlog/storage/column"
)

// Bytes on disk can be damaged: a page whose checksum is wrong has no values.
// Who looks at columns gets the rest, and no value in these rows; who needs
// whole records gets the error.

// Lose says that the values from up to end could not be read, and why.
func (l *Leaf) Lose(from, end int, why error) {
	if n := len(l.lost); n > 0 && int(l.lost[n-1][1]) == from {
		l.lost[n-1][1] = uint32(end)
	} else {
		l.lost = append(l.lost, [2]uint32{uint32(from), uint32(end)})
	}
	if l.why == nil {
		l.why = why
	}
}

// LoseAll says that no value could be read.
func (l *Leaf) LoseAll(why error) {
	if l.Dict == nil && (l.Kind == KindString || l.Kind == KindTrace) {
		l.Dict = NewDict()
	}
	l.Ints, l.Codes, l.lost = nil, nil, nil
	l.Lose(0, math.MaxUint32, why)
}

// IsLost reports whether some value could not be read, and Damage why.
func (l *Leaf) IsLost() bool  { return l.why != nil }
func (l *Leaf) Damage() error { return l.why }

// LostAt reports whether value i could not be read.
func (l *Leaf) LostAt(i int) bool {
	for _, r := range l.lost {
		if uint32(i) >= r[0] && uint32(i) < r[1] {
			return true
		}
	}
	return false
}

// LoseCodes says that the values with some codes could not be read.
func (l *Leaf) LoseCodes(lost func(code uint32) bool, why error) {
	for i, c := range l.Codes {
		if c != 0 && lost(c) {
			l.Codes[i] = 0
			l.Lose(i, i+1, why)
		}
	}
}

// pickLost makes of src's lost values those of a leaf that was picked from it.
func (l *Leaf) pickLost(src *Leaf, at []uint32) {
	if src.lost == nil {
		return
	}
	for k, i := range at {
		if src.LostAt(int(i)) {
			l.Lose(k, k+1, src.why)
		}
	}
}

// damage returns why something of a loaded group could not be read, nil where
// all could.
func (g *Group) damage() error {
	for i := range g.Leaves {
		if err := g.Leaves[i].why; err != nil {
			return err
		}
	}
	for i := range g.Sets {
		if err := g.Sets[i].damage(); err != nil {
			return err
		}
	}
	for i := range g.Lists {
		if err := g.Lists[i].Counts.why; err != nil {
			return err
		}
		if err := g.Lists[i].Items.damage(); err != nil {
			return err
		}
	}
	return nil
}

func (s *AttrSet) damage() error {
	if s.Shape.why != nil {
		return s.Shape.why
	}
	for _, c := range s.Cols {
		if c.Leaf.why != nil {
			return c.Leaf.why
		}
	}
	return nil
}

// damage returns why something of a loaded chunk could not be read.
func (c *Chunk) damage() error {
	if c.Resources.why != nil {
		return c.Resources.why
	}
	return c.Rows.damage()
}

// anyLost reports whether something of the items from up to end of a list could
// not be read.
func (g *Group) anyLost(from, end uint32) bool {
	for i := range g.Leaves {
		if l := &g.Leaves[i]; l.lost != nil {
			for k := from; k < end; k++ {
				if l.LostAt(int(k)) {
					return true
				}
			}
		}
	}
	return slices.ContainsFunc(g.Sets, func(s AttrSet) bool { return s.Shape.why != nil })
}

// withoutLost returns a vector in which the rows have no value that one of the
// leaves has lost.
func withoutLost(v *column.Vector, leaves []*Leaf) *column.Vector {
	for _, l := range leaves {
		for _, r := range l.lost {
			if v == nil {
				return nil
			}
			if v.Valid == nil {
				v.Valid = slices.Repeat([]uint64{math.MaxUint64}, (v.Len+63)/64)
				if tail := v.Len % 64; tail != 0 {
					v.Valid[len(v.Valid)-1] = 1<<tail - 1
				}
			}
			for i := int(r[0]); i < min(int(r[1]), v.Len); i++ {
				v.Valid[i/64] &^= 1 << (i % 64)
			}
		}
	}
	return v
}
