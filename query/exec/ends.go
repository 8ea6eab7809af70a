package exec

import (
	"cmp"
	"iter"
	"slices"

	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/storage/column"
)

// timeEnds leaves out blocks of which no row can be among the newest n, or the
// oldest, because others that are known to be newer have as many rows.
type timeEnds struct {
	n       int64
	newest  bool
	skipped int
}

// timeEndsOf returns the end of the time that an order wants of all rows of a
// scan, nil where it is about something else.
func timeEndsOf(n *plan.TopN, s *plan.Scan) *timeEnds {
	// Bounds leave rows of a block out that would be counted.
	if n.Limit < 0 || len(n.Keys) == 0 || s.From != 0 || s.To != 0 || len(s.Where) > 0 {
		return nil
	}
	e := n.Keys[0].Expr
	if !e.IsCol() || !s.Cols[e.Column].IsTime() {
		return nil
	}
	return &timeEnds{n: min(n.Limit, manyRows) + min(n.Offset, manyRows), newest: n.Keys[0].Desc}
}

// endOf is a block with the times of its rows, from the wanted end on: that of
// none of its rows is before near, nor behind far.
type endOf struct {
	near, far int64
	rows      int64
}

// blocks returns those of the blocks that may have wanted rows, in their order.
func (t *timeEnds) blocks(in iter.Seq2[column.Block, error]) iter.Seq2[column.Block, error] {
	if t == nil {
		return in
	}
	return func(yield func(column.Block, error) bool) {
		var all []column.Block
		for b, err := range in {
			if err != nil {
				yield(nil, err)
				return
			}
			all = append(all, b)
		}
		limit, known := t.limit(all)
		for i, b := range all {
			all[i] = nil // the consumer's alone
			if e, ok := t.end(b); ok && known && e.near > limit {
				t.skipped++
				continue
			}
			if !yield(b, nil) {
				return
			}
		}
	}
}

// end returns where the rows of a block are, if that is known. Times are negated
// for the newest.
func (t *timeEnds) end(b column.Block) (endOf, bool) {
	sb, ok := b.(column.Summarized)
	if !ok {
		return endOf{}, false
	}
	s, ok := sb.Summary()
	if !ok {
		return endOf{}, false
	}
	if t.newest {
		return endOf{^s.MaxTime, ^s.MinTime, int64(b.Rows())}, true
	}
	return endOf{s.MinTime, s.MaxTime, int64(b.Rows())}, true
}

// limit returns a time that no wanted row is behind: that many rows are before.
func (t *timeEnds) limit(all []column.Block) (limit int64, known bool) {
	var ends []endOf
	for _, b := range all {
		if e, ok := t.end(b); ok {
			ends = append(ends, e)
		}
	}
	slices.SortFunc(ends, func(a, b endOf) int { return cmp.Compare(a.far, b.far) })
	rows := int64(0)
	for _, e := range ends {
		if rows += e.rows; rows >= t.n {
			return e.far, true
		}
	}
	return 0, false
}
