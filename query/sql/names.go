package sql

import (
	"strings"
)

// nameIndex finds things by name: those written exactly so, else those whose
// names differ from it in case only. Of several it keeps two, which is enough
// to say that a name is ambiguous.
type nameIndex[T any] struct{ exact, folded map[string][]T }

// add puts v under name, unless same says that the name means it already.
func (x *nameIndex[T]) add(name string, v T, same func(a, b T) bool) {
	if x.exact == nil {
		x.exact, x.folded = map[string][]T{}, map[string][]T{}
	}
	put := func(m map[string][]T, key string) {
		if list := m[key]; len(list) == 0 || len(list) == 1 && !same(list[0], v) {
			m[key] = append(list, v)
		}
	}
	put(x.exact, name)
	put(x.folded, strings.ToLower(name))
}

// find returns what name may mean: nothing, one thing, or two of several.
func (x *nameIndex[T]) find(name string) []T {
	if list := x.exact[name]; len(list) > 0 {
		return list
	}
	return x.folded[strings.ToLower(name)]
}
