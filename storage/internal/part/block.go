package part

import (
	"github.com/ttlog/ttlog/storage/column"
	"github.com/ttlog/ttlog/storage/internal/table"
)

// Each calls yield with a block for each row group that may hold wanted rows,
// until it returns false, and returns how many there were and how many row groups
// were left out. Whether a row group is left out is found out when it is its turn:
// who has enough rows need not look at the others. Blocks read a column when it is
// asked for.
func (p *Part) Each(f Filter, yield func(column.Block) bool) (kept, pruned int, err error) {
	s := source{p: p, read: f.Read, lost: f.Lost, passed: f.Passed, ended: f.Ended}
	for i := range p.footer.groups {
		g := &p.footer.groups[i]
		keep, err := s.mayMatch(g, &f)
		if err != nil {
			return kept, pruned, err
		}
		if !keep {
			pruned++
			continue
		}
		kept++
		if !yield(&block{source: s, g: g, i: i}) {
			break
		}
	}
	return kept, pruned, nil
}

// Blocks returns all blocks that Each gives, and the number of row groups left
// out.
func (p *Part) Blocks(f Filter) (blocks []column.Block, pruned int, err error) {
	_, pruned, err = p.Each(f, func(b column.Block) bool {
		blocks = append(blocks, b)
		return true
	})
	return blocks, pruned, err
}

// block is a row group of which the footer tells something. What reads its columns
// is made when one is asked for: of many blocks, what is kept of them or what the
// footer tells is all that a query needs.
type block struct {
	source source
	g      *rowGroup
	i      int
	made   *table.Block
}

var (
	_ column.Selector   = (*block)(nil)
	_ column.Narrower   = (*block)(nil)
	_ column.Bounded    = (*block)(nil)
	_ column.Summarized = (*block)(nil)
)

// columns returns what reads the columns.
func (b *block) columns() *table.Block {
	if b.made == nil {
		b.made = table.NewBlock(b.source.rowGroup(b.g))
	}
	return b.made
}

// Group returns the number of the row group in its part.
func (b *block) Group() int { return b.i }

// Summary implements [column.Summarized].
func (b *block) Summary() (column.Summary, bool) {
	s := column.Summary{MinTime: b.g.minTime, MaxTime: b.g.maxTime}
	for i, n := range b.g.counts {
		s.Services = append(s.Services, column.ServiceRows{Service: b.g.services[i], Rows: n})
	}
	return s, true
}

// Rows implements [column.Block].
func (b *block) Rows() int { return b.g.rows.n }

// Vector implements [column.Block].
func (b *block) Vector(ref column.Ref) (*column.Vector, error) { return b.columns().Vector(ref) }

// Columns implements [column.Block].
func (b *block) Columns() []column.Ref { return b.columns().Columns() }

// Attributes implements [column.Block].
func (b *block) Attributes(place column.Place) (column.Attributes, error) {
	return b.columns().Attributes(place)
}

// AppendOTLP implements [column.Block].
func (b *block) AppendOTLP(dst []byte, rows []uint32) ([]byte, error) {
	return b.columns().AppendOTLP(dst, rows)
}

// Select implements [column.Selector].
func (b *block) Select(rows []uint32) column.Block { return b.columns().Select(rows) }

// Narrow implements [column.Narrower].
func (b *block) Narrow(where []column.Predicate, kept column.Selections) (column.Narrowed, error) {
	return b.columns().Narrow(where, kept)
}

// Bounds implements [column.Bounded].
func (b *block) Bounds(ref column.Ref) ([]column.Bounds, error) { return b.columns().Bounds(ref) }
