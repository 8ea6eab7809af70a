package query

import (
	"strconv"
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

// distinctNames returns the names of a result without repeats: whoever keeps a
// row by names would lose a value. The first to have a name keeps it, the next
// are name_2, name_3 and so on, past those that are taken.
func distinctNames(names []string) []string {
	taken := make(map[string]int, len(names)) // the last number tried
	for _, name := range names {
		taken[name] = 0
	}
	out := make([]string, len(names))
	for i, name := range names {
		out[i] = name
		n := taken[name]
		if n == 0 { // the first
			taken[name] = 1
			continue
		}
		for ok := true; ok; _, ok = taken[out[i]] {
			n++
			out[i] = name + "_" + strconv.Itoa(n)
		}
		taken[name], taken[out[i]] = n, 1
	}
	return out
}
