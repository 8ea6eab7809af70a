package storage

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"

	"github.com/ttlog/ttlog/storage/column"
	"github.com/ttlog/ttlog/storage/internal/table"
)

// MaxListed is how many attribute columns of a signal are listed. What is
// beyond them is found by name.
const MaxListed = table.MaxListed

// Columns returns the columns of a signal, ordered: the fixed ones and the
// attributes that any row has, in parts or in the memtable, each with its
// type. Of the attributes it lists MaxListed at most.
func (s *Store) Columns(ctx context.Context, signal Signal) ([]column.Ref, error) {
	sn, err := s.snapshot(ctx, signal, math.MinInt64, math.MaxInt64)
	if err != nil {
		return nil, err
	}
	defer sn.release()
	seen := map[column.Ref]bool{}
	for _, p := range sn.parts {
		l, err := s.listing.of(p)
		if err != nil {
			return nil, fmt.Errorf("storage: columns: %w", err)
		}
		for _, ref := range l.refs {
			seen[*ref] = true
		}
	}
	for _, b := range sn.memory {
		for _, ref := range b.Columns() {
			seen[ref] = true
		}
	}
	fixed, refs := fixedColumns(signal), sortedRefs(seen)
	slices.SortFunc(fixed, compareRefs)
	return append(fixed, refs[:min(len(refs), MaxListed)]...), nil
}

// FindColumns returns the attribute columns of a signal that have one of the
// given names, ordered. None is left out, however many there are of others.
func (s *Store) FindColumns(ctx context.Context, signal Signal, names []string) ([]column.Ref, error) {
	sn, err := s.snapshot(ctx, signal, math.MinInt64, math.MaxInt64)
	if err != nil {
		return nil, err
	}
	defer sn.release()
	wanted := make(map[string]bool, len(names))
	for _, name := range names {
		wanted[name] = true
	}
	seen := map[column.Ref]bool{}
	for _, p := range sn.parts {
		l, err := s.listing.of(p)
		if err != nil {
			return nil, fmt.Errorf("storage: columns: %w", err)
		}
		if l.whole {
			for _, ref := range l.refs {
				if wanted[ref.Name] {
					seen[*ref] = true
				}
			}
			continue
		}
		refs, err := p.p.FindColumns(wanted)
		if err != nil {
			return nil, fmt.Errorf("storage: columns: %w", partError(p.h.path, err))
		}
		for _, ref := range refs {
			seen[ref] = true
		}
	}
	for _, b := range sn.memory {
		for _, ref := range b.(*table.Block).FindColumns(wanted) {
			seen[ref] = true
		}
	}
	return sortedRefs(seen), nil
}

func sortedRefs(seen map[column.Ref]bool) []column.Ref {
	out := make([]column.Ref, 0, len(seen))
	for ref := range seen {
		out = append(out, ref)
	}
	slices.SortFunc(out, compareRefs)
	return out
}

func compareRefs(a, b column.Ref) int {
	return cmp.Or(cmp.Compare(a.Place, b.Place), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Type, b.Type))
}

// listing remembers the attribute columns of each part: telling them takes
// reading the resources and the overflow columns, and every query asks. Parts
// share the names, of which thousands have mostly the same.
type listing struct {
	mu    sync.Mutex
	known map[column.Ref]*column.Ref
}

// maxKnownRefs is how many names are shared: beyond, they are forgotten, with
// those of parts that are gone among them, and parts that come share new ones.
const maxKnownRefs = 4 * MaxListed

// partListing is the attribute columns of a part; whole is false where there
// are more than were listed.
type partListing struct {
	refs  []*column.Ref
	whole bool
}

// of returns the listing of a part.
func (l *listing) of(p scanPart) (*partListing, error) {
	if have := p.h.columns.Load(); have != nil {
		return have, nil
	}
	refs, err := p.p.Columns()
	if err != nil {
		return nil, partError(p.h.path, err)
	}
	out := &partListing{refs: make([]*column.Ref, len(refs)), whole: len(refs) < MaxListed}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.known == nil || len(l.known) > maxKnownRefs {
		l.known = map[column.Ref]*column.Ref{}
	}
	for i, ref := range refs {
		if l.known[ref] == nil {
			ref.Name = strings.Clone(ref.Name)
			l.known[ref] = &ref
		}
		out.refs[i] = l.known[ref]
	}
	p.h.columns.Store(out)
	return out, nil
}
