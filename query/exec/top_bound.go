package exec

import (
	"cmp"
	"iter"
	"math"
	"slices"
	"sync/atomic"

	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/types"
	"github.com/ttlog/ttlog/storage/column"
)

// topBound is what all workers know of the first n rows of an order: a value that
// the rows' first key has to reach. The scan below leaves out blocks and pages of
// which no value does; and where blocks tell their times, it gives those first
// that may have the first rows, so that the bound is soon a good one.
//
// Values are those of the first key, or the complement of it where the least come
// first: so that more is always earlier.
type topBound struct {
	n    int64
	ref  column.Ref
	desc bool
	time bool // the key is the timestamp
	all  bool // no row of a block is left out by anything else
	// at is the bound, the least integer until one is known. Of rows that are equal
	// in their first key any may be among the first.
	at      atomic.Int64
	skipped atomic.Int64 // blocks
}

// topBoundOf returns the bound of an order over rows of a scan that were only
// filtered, nil where it is about something else than a number of a column.
func topBoundOf(n *plan.TopN, in Operator) *topBound {
	if n.Limit < 0 || len(n.Keys) == 0 || n.Keys[0].NullsFirst || !n.Keys[0].Expr.IsCol() {
		return nil
	}
	filtered := false
	for {
		f, ok := operatorOf(in).(*filterOp)
		if !ok {
			break
		}
		in, filtered = f.in, true
	}
	scan, ok := operatorOf(in).(*scanOp)
	if !ok {
		return nil
	}
	s, c := scan.node, &scan.node.Cols[n.Keys[0].Expr.Column]
	if len(c.Refs) != 1 || c.Object || c.Type != c.Refs[0].Type || types.FormOf(c.Type) != types.FormInt {
		return nil
	}
	t := &topBound{n: min(n.Limit, manyRows) + min(n.Offset, manyRows), ref: c.Refs[0], desc: n.Keys[0].Desc, time: c.IsTime()}
	t.all = !filtered && s.From == 0 && s.To == 0 && len(s.Where) == 0
	t.at.Store(math.MinInt64)
	scan.top = t
	return t
}

// value returns what is compared of a value of the key.
func (t *topBound) value(v int64) int64 {
	if t.desc {
		return v
	}
	return ^v
}

// raise tells the bound of the rows that a worker has found so far.
func (t *topBound) raise(found *topN) {
	if t == nil || found.last == nil {
		return
	}
	if last := found.last.keys[0]; !last.IsNull() {
		t.reach(t.value(last.Int))
	}
}

func (t *topBound) reach(v int64) {
	for {
		old := t.at.Load()
		if v <= old || t.at.CompareAndSwap(old, v) {
			return
		}
	}
}

// narrow adds to what is asked of a block's rows that they reach the bound; some
// is false where none does.
func (t *topBound) narrow(b column.Block, where []column.Predicate) (out []column.Predicate, some bool) {
	if t == nil {
		return where, true
	}
	at := t.at.Load()
	if at == math.MinInt64 {
		return where, true
	}
	if e, ok := t.end(b); ok && e.first < at {
		t.skipped.Add(1)
		return nil, false
	}
	p := column.Predicate{Ref: t.ref, Op: column.Le, Values: []column.Value{{Type: t.ref.Type, Int: t.value(at)}}}
	if t.desc {
		p.Op = column.Ge
	}
	return append(slices.Clip(where), p), true
}

// numberedBlock is a block with what the numbers of its rows begin with.
type numberedBlock struct {
	column.Block
	base uint64
}

// blocks returns the blocks, those first that may have the first rows.
func (t *topBound) blocks(in iter.Seq2[column.Block, error]) iter.Seq2[numberedBlock, error] {
	return func(yield func(numberedBlock, error) bool) {
		var all []numberedBlock
		n := uint64(0)
		for b, err := range in {
			next := numberedBlock{Block: b}
			if t != nil {
				next.base = n << seqShift
			}
			if n++; err == nil && t != nil && t.time {
				all = append(all, next)
				continue
			}
			if !yield(next, err) || err != nil {
				return
			}
		}
		t.sort(all)
		for i, b := range all {
			all[i].Block = nil // the consumer's alone
			if !yield(b, nil) {
				return
			}
		}
	}
}

// sort puts the blocks in the order of their first rows, as far as that is known.
func (t *topBound) sort(all []numberedBlock) {
	if len(all) == 0 {
		return
	}
	slices.SortStableFunc(all, func(a, b numberedBlock) int {
		x, xOK := t.end(a.Block)
		y, yOK := t.end(b.Block)
		if !xOK || !yOK {
			return cmp.Compare(types.Bit(xOK), types.Bit(yOK)) // anything may be in those
		}
		return cmp.Compare(y.first, x.first)
	})
	t.reachAll(all)
}

// endOf is a block with the values of its rows: none is beyond first, nor short of
// last.
type endOf struct {
	first, last int64
	rows        int64
}

// end returns where the rows of a block are, if that is known.
func (t *topBound) end(b column.Block) (endOf, bool) {
	if !t.time {
		return endOf{}, false
	}
	sb, ok := b.(column.Summarized)
	if !ok {
		return endOf{}, false
	}
	s, ok := sb.Summary()
	if !ok {
		return endOf{}, false
	}
	first, last := t.value(s.MaxTime), t.value(s.MinTime)
	return endOf{max(first, last), min(first, last), int64(b.Rows())}, true
}

// reachAll tells the bound before any row is read, where all rows of the blocks
// are wanted: that which enough of them reach.
func (t *topBound) reachAll(all []numberedBlock) {
	if !t.all {
		return
	}
	var ends []endOf
	for _, b := range all {
		if e, ok := t.end(b.Block); ok {
			ends = append(ends, e)
		}
	}
	slices.SortFunc(ends, func(a, b endOf) int { return cmp.Compare(b.last, a.last) })
	rows := int64(0)
	for _, e := range ends {
		if rows += e.rows; rows >= t.n {
			t.reach(e.last)
			return
		}
	}
}
