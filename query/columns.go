package query

import "strconv"

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
