package sql

import "strings"

// attrNames returns the keys of attributes that the names in s may mean, those of
// subqueries in its FROM left out.
func (s *selectStmt) attrNames() (out []string) {
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
		case *subNode:
			out = append(out, n.sub.attrNames()...)
		case *inNode:
			if n.sub != nil {
				out = append(out, n.sub.attrNames()...)
			}
		}
		return true
	}
	for _, u := range s.union {
		out = append(out, u.attrNames()...)
	}
	for _, r := range s.from {
		walkNodes(r.on, collect)
		walkNodes(r.array, collect)
		for _, u := range r.using {
			out = append(out, u.name)
		}
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
	walkNodes(s.qualify, collect)
	return out
}
