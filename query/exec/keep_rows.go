package exec

import (
	"crypto/sha256"
	"fmt"
	"sync/atomic"

	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/storage/column"
)

// selection is the rows of a block that may satisfy a predicate.
type selection struct {
	rows  column.Ranges
	exact bool // all of them do
}

// selections counts what a scan asked of kept selections.
type selections struct{ asked, met atomic.Int64 }

// blockSelections implements [column.Selections] for a block: of each predicate
// alone, so that conditions come together in other ways the next time.
type blockSelections struct {
	x     *Exec
	block column.Identity
	count *selections
}

// selectionsOf returns the selections that are kept of a block, nil where none are.
func (x *Exec) selectionsOf(b column.Block, count *selections) column.Selections {
	if x.Kept == nil {
		return nil
	}
	l, ok := b.(column.Lasting)
	if !ok {
		return nil
	}
	id, ok := l.Identity()
	if !ok {
		return nil
	}
	return &blockSelections{x, id, count}
}

func (s *blockSelections) key(p *column.Predicate) keptKey {
	var f plan.Fingerprint
	f.Text("rows of")
	f.Text(p.Ref.Name)
	f.Text(fmt.Sprint(p.Ref.Place, p.Ref.Type, p.Op, len(p.Values)))
	for i := range p.Values {
		v := &p.Values[i]
		f.Text(fmt.Sprint(v.Type, v.Int, v.Float))
		f.Text(v.Str)
	}
	return keptKey{s.block, sha256.Sum256(f.Bytes())}
}

// Get implements [column.Selections].
func (s *blockSelections) Get(p *column.Predicate) (rows column.Ranges, exact, ok bool) {
	s.count.asked.Add(1)
	found, ok := s.x.Kept().get(s.key(p)).(*selection)
	if !ok {
		return nil, false, false
	}
	s.count.met.Add(1)
	return found.rows, found.exact, true
}

// Put implements [column.Selections]. What is found of a block with damaged pages is
// not kept: the next who reads it is to be told.
func (s *blockSelections) Put(p *column.Predicate, rows column.Ranges, exact bool) {
	if !s.x.damaged() {
		s.x.Kept().put(s.key(p), &selection{rows, exact}, int64(8*cap(rows)))
	}
}
