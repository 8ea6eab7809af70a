package query

import (
	"strings"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/storage"
	"github.com/ttlog/ttlog/storage/column"
)

// columns returns the columns of a table that s may mean. Where there are more
// attributes than a source lists, those that s names are asked for: whatever
// others send, a name means the same.
func (p *planner) columns(sig otlpwire.Signal, s *selectStmt) ([]column.Ref, error) {
	refs, err := p.src.Columns(p.ctx, sig)
	f, ok := p.src.(Finder)
	if err != nil || !ok {
		return refs, err
	}
	known := map[column.Ref]bool{}
	for _, r := range refs {
		if r.Place != column.PlaceField {
			known[r] = true
		}
	}
	if len(known) < storage.MaxListed {
		return refs, nil
	}
	found, err := f.FindColumns(p.ctx, sig, s.names())
	for _, r := range found {
		if !known[r] {
			refs = append(refs, r)
		}
	}
	return refs, err
}

// names returns the keys of attributes that the names in s may mean, those of
// its subquery left out.
func (s *selectStmt) names() (out []string) {
	collect := func(n node) bool {
		switch n := n.(type) {
		case *indexNode:
			out = append(out, n.key)
		case *identNode:
			out = append(out, n.name)
			if n.qual != "" {
				out = append(out, n.qual+"."+n.name)
			} else if _, rest, ok := strings.Cut(n.name, "."); ok {
				out = append(out, rest)
			}
		}
		return true
	}
	for _, it := range s.items {
		walkNodes(it.expr, collect)
	}
	for _, n := range s.group {
		walkNodes(n, collect)
	}
	for _, o := range s.order {
		walkNodes(o.expr, collect)
	}
	walkNodes(s.where, collect)
	walkNodes(s.having, collect)
	return out
}
