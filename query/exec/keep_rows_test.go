package exec

import (
	"testing"

	"github.com/ttlog/ttlog/query/eval"
	"github.com/ttlog/ttlog/storage/column"
)

// damagedScan is a scan that has come upon damage or not.
type damagedScan struct {
	Scan
	damaged bool
}

func (s damagedScan) Damaged() bool { return s.damaged }

// TestSelections_AreOfTheirPredicate keeps rows by block and predicate, and none of
// a block with damaged pages.
func TestSelections_AreOfTheirPredicate(t *testing.T) {
	kept := NewKept(1<<20, nil)
	of := func(part uint64, damaged bool) *blockSelections {
		x := New(nil, eval.NewBudget(1<<20, 1<<20, nil), 1)
		x.Kept = func() *Kept { return kept }
		x.scans = []Scan{damagedScan{damaged: damaged}}
		return &blockSelections{x, column.Identity{Part: part}, new(selections)}
	}
	equals := func(name, value string) *column.Predicate {
		return &column.Predicate{Ref: column.Ref{Name: name, Type: column.TypeString}, Op: column.Eq, Values: []column.Value{{Type: column.TypeString, Str: value}}}
	}
	of(1, false).Put(equals("service", "a"), column.Ranges{}.Add(3, 7), true)
	of(2, true).Put(equals("service", "a"), column.Ranges{}.Add(3, 7), true)
	if rows, exact, ok := of(1, true).Get(equals("service", "a")); !ok || !exact || rows.Len() != 4 {
		t.Errorf("got %v, %t, %t of what was kept", rows, exact, ok)
	}
	more := equals("service", "a")
	more.Op, more.Values = column.In, append(more.Values, column.Value{Type: column.TypeString, Str: "b"})
	for name, get := range map[string]func() (column.Ranges, bool, bool){
		"a damaged block":   func() (column.Ranges, bool, bool) { return of(2, false).Get(equals("service", "a")) },
		"another block":     func() (column.Ranges, bool, bool) { return of(3, false).Get(equals("service", "a")) },
		"another value":     func() (column.Ranges, bool, bool) { return of(1, false).Get(equals("service", "b")) },
		"another column":    func() (column.Ranges, bool, bool) { return of(1, false).Get(equals("name", "a")) },
		"another predicate": func() (column.Ranges, bool, bool) { return of(1, false).Get(more) },
	} {
		if rows, _, ok := get(); ok {
			t.Errorf("%s: got %v", name, rows)
		}
	}
}
