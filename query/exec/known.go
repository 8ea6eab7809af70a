package exec

import (
	"github.com/ttlog/ttlog/query/fn"
	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/types"
	"github.com/ttlog/ttlog/storage/column"
)

// summarized is a morsel of all rows of a block.
type summarized interface {
	// summary returns what is known of the rows.
	summary() (s column.Summary, rows int64, ok bool)
}

// knownGroups returns the groups of a morsel that are known without reading it,
// or nil.
func knownGroups(m morsel, n *plan.Aggregate, x *Exec) *grouper {
	b, ok := m.(summarized)
	if !n.Known.Use || !ok {
		return nil
	}
	s, rows, ok := b.summary()
	if !ok || rows == 0 {
		return nil
	}
	groups := []column.ServiceRows{{Rows: rows}}
	if len(n.Keys) > 0 {
		// The services are sorted, and not in the order of their first rows.
		if groups = s.Services; len(groups) == 0 || len(groups) > 1 && !n.Known.AnyOrder {
			return nil
		}
	}
	g := newGrouper(n, x.Budget)
	for _, k := range groups {
		id := uint32(0)
		if len(n.Keys) > 0 {
			id = g.lookup([]uint32{g.keys[0].ID(types.NewString(types.String, k.Service))}, 0)
		}
		for _, a := range g.accs {
			a.Grow(g.n)
			a.(fn.KnownAccumulator).AddKnown(id, k.Rows, s.MinTime, s.MaxTime)
		}
	}
	return g
}
