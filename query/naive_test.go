package query

import (
	"fmt"
	"math/rand/v2"
	"sort"
	"strings"
	"testing"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/query/exec"
	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/sql"
	"github.com/ttlog/ttlog/query/types"
	"github.com/ttlog/ttlog/storage/column"
)

// tri is a truth value: 0, 1, or -1 for NULL.
type tri int

// naive is a condition as SQL and as a function of a row.
type naive struct {
	sql string
	f   func(memRow) tri
}

func randomRows(r *rand.Rand, n int) []memRow {
	attr := func(name string, t types.Type) column.Ref {
		return column.Ref{Place: column.PlaceRecord, Name: name, Type: t}
	}
	rows := make([]memRow, n)
	for i := range rows {
		row := memRow{field("timestamp"): types.NewInt(types.Time, testNow.UnixNano()+int64(r.IntN(1e9)))}
		if r.IntN(5) > 0 {
			row[field("service")] = types.NewString(types.String, string(rune('a'+r.IntN(4))))
		}
		if r.IntN(3) > 0 {
			row[field("name")] = types.NewString(types.String, fmt.Sprintf("op%d", r.IntN(20)))
		}
		row[field("duration")] = types.NewInt(types.Duration, int64(r.IntN(50)))
		if r.IntN(2) > 0 {
			row[attr("k.int", types.Int)] = types.NewInt(types.Int, int64(r.IntN(10)-5))
		} else if r.IntN(2) > 0 {
			row[attr("k.float", types.Float)] = types.NewFloat(float64(r.IntN(8)) / 2)
		}
		rows[i] = row
	}
	return rows
}

func get(row memRow, name string) types.Value {
	for ref, v := range row {
		if ref.Name == name {
			return v
		}
	}
	return types.Value{}
}

func randomCondition(r *rand.Rand, depth int) naive {
	if depth > 0 && r.IntN(2) == 0 {
		a, b := randomCondition(r, depth-1), randomCondition(r, depth-1)
		switch r.IntN(3) {
		case 0:
			return naive{"(" + a.sql + " AND " + b.sql + ")", func(m memRow) tri {
				x, y := a.f(m), b.f(m)
				if x == 0 || y == 0 {
					return 0
				}
				return min(x, y)
			}}
		case 1:
			return naive{"(" + a.sql + " OR " + b.sql + ")", func(m memRow) tri {
				x, y := a.f(m), b.f(m)
				if x == 1 || y == 1 {
					return 1
				}
				return min(x, y)
			}}
		}
		return naive{"NOT (" + a.sql + ")", func(m memRow) tri {
			if x := a.f(m); x >= 0 {
				return 1 - x
			}
			return -1
		}}
	}
	return randomComparison(r)
}

func randomComparison(r *rand.Rand) naive {
	ops := []string{"=", "!=", "<", "<=", ">", ">="}
	op := ops[r.IntN(len(ops))]
	compare := func(name string, c types.Value) naive {
		return naive{name + " " + op + " " + sql.Literal(c), func(m memRow) tri {
			v := get(m, name)
			if v.IsNull() {
				return -1
			}
			return tri(types.Bit(types.Holds(sql.CompareOps[op], types.Compare(v, c))))
		}}
	}
	switch r.IntN(7) {
	case 0:
		return compare("service", types.NewString(types.String, string(rune('a'+r.IntN(5)))))
	case 1:
		return compare("duration", types.NewInt(types.Duration, int64(r.IntN(50))))
	case 2:
		return compare("k.int", types.NewFloat(float64(r.IntN(20))/2-5))
	case 3:
		return compare("k.float", types.NewInt(types.Int, int64(r.IntN(4))))
	case 4:
		pre := fmt.Sprintf("op%d", r.IntN(3))
		return naive{"name LIKE '" + pre + "%'", func(m memRow) tri {
			v := get(m, "name")
			if v.IsNull() {
				return -1
			}
			return tri(types.Bit(strings.HasPrefix(v.Str, pre)))
		}}
	case 5:
		return naive{"name IS NULL", func(m memRow) tri { return tri(types.Bit(get(m, "name").IsNull())) }}
	}
	return naive{"k.int + duration::int > k.int * 2 + 20", func(m memRow) tri {
		v := get(m, "k.int")
		if v.IsNull() {
			return -1
		}
		return tri(types.Bit(v.Int+get(m, "duration").Int > v.Int*2+20))
	}}
}

func TestQuery_MatchesNaive(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for round := range 15 {
		rows := randomRows(r, 1+r.IntN(400))
		src := &memSource{
			tables: map[otlpwire.Signal][]memRow{otlpwire.Traces: rows}, block: 1 + r.IntN(200), runs: r.IntN(2) == 0,
		}
		e := New(src, Options{Parallel: 1 + r.IntN(3)})
		for range 15 {
			cond := randomCondition(r, 3)
			var kept []memRow
			for _, row := range rows {
				if cond.f(row) == 1 {
					kept = append(kept, row)
				}
			}
			check := func(sql, want string) {
				t.Helper()
				res, err := e.Query(t.Context(), sql)
				if err != nil {
					t.Fatalf("round %d: %s: %v", round, sql, err)
				}
				if got := render(res); got != want {
					t.Fatalf("round %d: %s\ngot\n%s\nwant\n%s", round, sql, got, want)
				}
			}
			check("SELECT count(*) FROM spans WHERE "+cond.sql, fmt.Sprint(len(kept)))
			check("SELECT service, name, count(*), sum(duration)::int, max(k.int), count(distinct k.float) FROM spans WHERE "+
				cond.sql+" GROUP BY service, name ORDER BY service, name", naiveGroups(kept))
			n := 1 + r.IntN(20)
			check(fmt.Sprintf("SELECT duration::int, name FROM spans WHERE %s ORDER BY duration DESC LIMIT %d", cond.sql, n), naiveTop(kept, n))
		}
	}
}

func text(v types.Value) string {
	if v.IsNull() {
		return "NULL"
	}
	return types.Text(v)
}

func naiveGroups(rows []memRow) string {
	type key struct{ service, name types.Value }
	groups := map[key][]memRow{}
	for _, row := range rows {
		k := key{get(row, "service"), get(row, "name")}
		groups[k] = append(groups[k], row)
	}
	var keys []key
	for k := range groups {
		keys = append(keys, k)
	}
	asc := &plan.SortKey{}
	sort.Slice(keys, func(i, j int) bool {
		if c := exec.CompareKey(asc, keys[i].service, keys[j].service); c != 0 {
			return c < 0
		}
		return exec.CompareKey(asc, keys[i].name, keys[j].name) < 0
	})
	var lines []string
	for _, k := range keys {
		sum, most, floats := int64(0), types.Value{}, map[types.Value]bool{}
		for _, row := range groups[k] {
			sum += get(row, "duration").Int
			if v := get(row, "k.int"); !v.IsNull() && (most.IsNull() || v.Int > most.Int) {
				most = v
			}
			if v := get(row, "k.float"); !v.IsNull() {
				floats[v] = true
			}
		}
		lines = append(lines, fmt.Sprintf("%s|%s|%d|%d|%s|%d", text(k.service), text(k.name), len(groups[k]), sum, text(most), len(floats)))
	}
	return strings.Join(lines, "\n")
}

func naiveTop(rows []memRow, n int) string {
	rows = append([]memRow(nil), rows...)
	sort.SliceStable(rows, func(i, j int) bool { return get(rows[i], "duration").Int > get(rows[j], "duration").Int })
	var lines []string
	for _, row := range rows[:min(n, len(rows))] {
		lines = append(lines, fmt.Sprintf("%d|%s", get(row, "duration").Int, text(get(row, "name"))))
	}
	return strings.Join(lines, "\n")
}
