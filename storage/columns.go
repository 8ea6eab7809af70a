package storage

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/ttlog/ttlog/storage/column"
)

// Columns returns the columns of a signal, ordered: the fixed ones and the
// attributes that any row has, in parts or in the memtable, each with its type.
func (s *Store) Columns(ctx context.Context, signal Signal) ([]column.Ref, error) {
	sn, err := s.snapshot(ctx, signal, math.MinInt64, math.MaxInt64)
	if err != nil {
		return nil, err
	}
	defer sn.release()
	seen := map[column.Ref]bool{}
	for _, ref := range fixedColumns(signal) {
		seen[ref] = true
	}
	for _, p := range sn.parts {
		refs, err := p.p.Columns()
		if err != nil {
			return nil, fmt.Errorf("storage: columns: %w", partError(p.h.path, err))
		}
		for _, ref := range refs {
			seen[ref] = true
		}
	}
	for _, b := range sn.memory {
		for _, ref := range b.Columns() {
			seen[ref] = true
		}
	}
	out := make([]column.Ref, 0, len(seen))
	for ref := range seen {
		out = append(out, ref)
	}
	slices.SortFunc(out, func(a, b column.Ref) int {
		return cmp.Or(cmp.Compare(a.Place, b.Place), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Type, b.Type))
	})
	return out, nil
}
