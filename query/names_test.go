package query

import (
	"slices"
	"strings"
	"testing"
)

func TestDistinctNames(t *testing.T) {
	for _, c := range [][2]string{
		{"a b c", "a b c"},
		{"a a a", "a a_2 a_3"},
		{"a a a_2 a", "a a_3 a_2 a_4"},
		{"a_2 a a a_2", "a_2 a a_3 a_2_2"},
		{"a A a", "a A a_2"},
	} {
		if got := distinctNames(strings.Fields(c[0])); !slices.Equal(got, strings.Fields(c[1])) {
			t.Errorf("%s: got %s, want %s", c[0], got, c[1])
		}
	}
	many := distinctNames(slices.Repeat([]string{"x", "x_2"}, 50_000)) // in no more than a moment
	slices.Sort(many)
	if n := len(slices.Compact(many)); n != 100_000 {
		t.Errorf("got %d different names, want 100000", n)
	}
}

func TestQuery_DistinctNames(t *testing.T) {
	for sql, want := range map[string]string{
		"SELECT name, service, name, *, name AS service FROM spans LIMIT 1": "name service name_2 timestamp",
		"SELECT * FROM (SELECT name, service AS name FROM spans) LIMIT 1":   "name name_2",
		"SELECT name FROM (SELECT name, service, name FROM spans) LIMIT 1":  "name",
		"SELECT DISTINCT name, name FROM spans LIMIT 1":                     "name name_2",
		"SELECT count(*), count(*) AS n, count(*) FROM spans":               "count(*) n count(*)_2",
	} {
		r, err := testEngine(manySpans(3)).Query(t.Context(), sql)
		if err != nil {
			t.Errorf("%s: %v", sql, err)
			continue
		}
		var names []string
		for _, c := range r.Columns {
			names = append(names, c.Name)
		}
		if got := strings.Join(names, " "); !strings.HasPrefix(got, want) {
			t.Errorf("%s: got %s, want %s", sql, got, want)
		}
		slices.Sort(names)
		if len(slices.Compact(names)) != len(r.Columns) {
			t.Errorf("%s: names repeat: %s", sql, names)
		}
	}
}
