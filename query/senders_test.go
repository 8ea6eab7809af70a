package query

import (
	"context"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/query/exec"
	"github.com/ttlog/ttlog/query/types"
	"github.com/ttlog/ttlog/storage/column"
)

// spoiledSource is a source to which somebody has sent attributes of certain
// names, with every type and in every place, in rows that no scan touches.
type spoiledSource struct {
	*memSource
	keys []string
}

func (s *spoiledSource) Columns(ctx context.Context, signal otlpwire.Signal) ([]column.Ref, error) {
	refs, err := s.memSource.Columns(ctx, signal)
	for _, key := range s.keys {
		for _, place := range []column.Place{column.PlaceRecord, column.PlaceResource, column.PlaceScope} {
			// Not as floats: a key that has ints and floats is computed with as floats.
			for _, t := range []types.Type{types.Bool, types.Int, types.String, types.Bytes, types.Array, types.Map} {
				if ref := (column.Ref{Place: place, Name: key, Type: t}); !slices.Contains(refs, ref) {
					refs = append(refs, ref)
				}
			}
		}
	}
	return refs, err
}

var words = regexp.MustCompile(`[\pL_][\pL\d_.]*|"[^"]+"`)

// TestQuery_SendersCannotChangeMeaning runs the queries of the scripts while
// attributes are known that have the names of everything in the query, and
// while nothing at all is stored: the same rows, and the same errors.
func TestQuery_SendersCannotChangeMeaning(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	now := Options{Now: func() time.Time { return testNow }, Parallel: 1}
	hint := regexp.MustCompile(`; (no row has it|did you mean).*`)
	ofRows := regexp.MustCompile(`limit reached|gave more than one row`) // errors about rows, not about the query
	for _, file := range files {
		tbl, cases := readScript(t, file)
		for _, c := range cases {
			if strings.HasPrefix(c.sql, "EXPLAIN") {
				continue // shows the types
			}
			if file == filepath.Join("testdata", "show.txt") {
				continue // shows what was sent
			}
			var keys []string
			for _, w := range words.FindAllString(c.sql, -1) {
				w = strings.Trim(w, `"`)
				keys = append(keys, w, strings.ToLower(w), strings.ToUpper(w))
				if _, local, ok := strings.Cut(w, "."); ok {
					keys = append(keys, local)
				}
			}
			outcome := func(src exec.Source) string {
				r, err := New(src, now).Query(t.Context(), c.sql)
				if err != nil {
					return "error: " + hint.ReplaceAllString(err.Error(), "")
				}
				return render(r)
			}
			want := outcome(&memSource{tables: tbl, block: 2})
			if got := outcome(&spoiledSource{&memSource{tables: tbl, block: 2}, keys}); got != want {
				t.Errorf("%s:%d: %s\ngot\n%s\nonce attributes of these names were sent; before\n%s", file, c.line, c.sql, got, want)
			}
			empty := outcome(&memSource{block: 1})
			if (strings.HasPrefix(empty, "error") || strings.HasPrefix(want, "error")) && empty != want && !ofRows.MatchString(want) {
				t.Errorf("%s:%d: %s\nwithout rows\n%s\nwith\n%s", file, c.line, c.sql, empty, want)
			}
		}
	}
}

// TestQuery_UnsentNames asks for what nobody has sent: no rows or NULL, in
// every place that a name can stand, and still the same once it was sent.
func TestQuery_UnsentNames(t *testing.T) {
	row := memRow{field("timestamp"): types.NewInt(types.Time, testNow.UnixNano()), field("service"): types.NewString(types.String, "a"), field("kind"): types.NewString(types.String, "server"), field("duration"): types.NewInt(types.Duration, 2)}
	attr := func(t types.Type) column.Ref { return column.Ref{Place: column.PlaceRecord, Name: "x", Type: t} }
	other := func(v types.Value) memRow {
		r := memRow{field("timestamp"): types.NewInt(types.Time, testNow.UnixNano()), field("service"): types.NewString(types.String, "b")}
		r[attr(v.Type)] = v
		return r
	}
	sent := map[string][]memRow{
		"nothing": {row}, "strings": {row, other(types.NewString(types.String, "7"))}, "ints": {row, other(types.NewInt(types.Int, 7))},
		"bools": {row, other(types.NewBool(true))}, "arrays": {row, other(types.NewString(types.Array, "[1]"))},
		"both": {row, other(types.NewString(types.String, "s")), other(types.NewInt(types.Int, 7)), other(types.NewString(types.Map, "{}"))},
	}
	for sql, want := range map[string]string{
		"SELECT count(*) FROM spans WHERE service = 'a' AND %s = 'x'": "0", "SELECT count(*) FROM spans WHERE service = 'a' AND %s = 7": "0",
		"SELECT count(*) FROM spans WHERE service = 'a' AND %s != 7": "0", "SELECT count(*) FROM spans WHERE service = 'a' AND %s IN (7, 'x')": "0",
		"SELECT count(*) FROM spans WHERE service = 'a' AND %s IN ('x')": "0", "SELECT count(*) FROM spans WHERE service = 'a' AND 1 < %s": "0",
		"SELECT count(*) FROM spans WHERE service = 'a' AND %s IS NULL": "1", "SELECT count(*) FROM spans WHERE service = 'a' AND %s": "0",
		"SELECT count(*) FROM spans WHERE service = 'a' AND NOT %s": "0", "SELECT count(*) FROM spans WHERE service = 'a' AND %s BETWEEN 1 AND 'z'": "0",
		"SELECT %s, %s + 1, -%s, %s || 'x', lower(%s), abs(%s), round(%s, 2), %s / 2s FROM spans WHERE service = 'a'":                                                                                   "NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL",
		"SELECT length(%s), contains(%s, 'x'), %s LIKE 'x', %s ~ 'x', substr('abc', %s), to_unix(%s) FROM spans WHERE service = 'a'":                                                                    "NULL|NULL|NULL|NULL|NULL|NULL",
		"SELECT coalesce(%s, 1) + 1, coalesce(%s, 'n') || '', if(%s, 1, 2), CASE %s WHEN 1 THEN 2 WHEN 'x' THEN 3 ELSE 4 END, nullif(%s, 1) FROM spans WHERE service = 'a'":                             "2|n|2|4|NULL",
		"SELECT greatest(%s, 3), least(%s, 'x'), %s::int, %s::string, %s::timestamp, from_unix(%s) FROM spans WHERE service = 'a'":                                                                      "3|x|NULL|NULL|NULL|NULL",
		"SELECT date_trunc('day', %s), time_bucket(1m, %s), date_part('hour', coalesce(%s, %s)) FROM spans WHERE service = 'a'":                                                                         "NULL|NULL|NULL",
		"SELECT sum(%s), avg(%s), min(%s), max(%s), p99(%s), count(%s), count(DISTINCT %s), any(%s), topk(1, %s) FROM spans WHERE service = 'a'":                                                        "NULL|NULL|NULL|NULL|NULL|0|0|NULL|[]",
		"SELECT max(%s) + 1, lower(max(%s)), min(%s) > 3, any(%s) LIKE 'x', count(*) FILTER (WHERE %s) FROM spans WHERE service = 'a'":                                                                  "NULL|NULL|NULL|NULL|0",
		"SELECT %s, count(*) FROM spans WHERE service = 'a' GROUP BY %s HAVING %s IS NULL ORDER BY %s":                                                                                                  "NULL|1",
		"SELECT y + 1, lower(y), y = 'x', y IN (1, 'x') FROM (SELECT %s AS y FROM spans WHERE service = 'a') WHERE y IS NULL":                                                                           "NULL|NULL|NULL|NULL",
		"SELECT coalesce(%s, kind) > 'client', coalesce(%s, duration) * 2, max(coalesce(%s, kind)), coalesce(%s, timestamp) + 1h FROM spans WHERE service = 'a' GROUP BY %s, kind, duration, timestamp": "true|4|server|NULL",
		"SELECT DISTINCT %s AS y FROM spans WHERE service = 'a' ORDER BY y":                                                                                                                             "NULL",
		"SELECT y, y + 1 FROM (SELECT DISTINCT %s AS y FROM spans WHERE service = 'a')":                                                                                                                 "NULL|NULL",
		"SELECT level_ FROM (SELECT status = %s AS level_, trace_id = %s, duration > %s, timestamp < %s, error = %s FROM spans WHERE service = 'a')":                                                    "NULL",
		"SELECT service FROM spans WHERE service = 'a' ORDER BY %s + 1, lower(%s), %s LIMIT 1":                                                                                                          "a",
	} {
		for _, name := range []string{"x", `"x"`, "spans.x", "attributes['x']"} {
			q := strings.ReplaceAll(sql, "%s", name)
			for what, rows := range sent {
				r, err := testEngine(&memSource{tables: map[otlpwire.Signal][]memRow{otlpwire.Traces: rows}, block: 1}).Query(t.Context(), q)
				if err != nil {
					t.Errorf("%s\nwhile others send %s: %v", q, what, err)
				} else if got := render(r); got != want {
					t.Errorf("%s\nwhile others send %s: got %s, want %s", q, what, got, want)
				}
				if what == "nothing" && err == nil && len(r.Warnings) == 0 {
					t.Errorf("%s: no warning", q)
				}
			}
		}
	}
	for _, sql := range []string{
		"SELECT %s, count(*) FROM spans", "SELECT name LIKE %s FROM spans", "SELECT time_bucket(%s, timestamp) FROM spans", "SELECT quantile(%s, duration) FROM spans",
		"SELECT DISTINCT service FROM spans ORDER BY %s", "SELECT count(*) FROM spans HAVING %s = 1", "SELECT service FROM (SELECT service FROM spans) WHERE %s = 1",
		"SELECT topk(%s, name) FROM spans", "SELECT regexp_extract(name, %s) FROM spans", "SELECT date_trunc(%s, timestamp) FROM spans",
	} {
		for what, rows := range sent {
			q := strings.ReplaceAll(sql, "%s", "x")
			_, err := testEngine(&memSource{tables: map[otlpwire.Signal][]memRow{otlpwire.Traces: rows}, block: 1}).Query(t.Context(), q)
			if err == nil {
				t.Errorf("%s\nwhile others send %s: no error", q, what)
			}
		}
	}
}

// TestQuery_AliasBeforeAttribute is the query that one service's attribute
// broke for everybody.
func TestQuery_AliasBeforeAttribute(t *testing.T) {
	src := manySpans(10)
	minute := column.Ref{Place: column.PlaceRecord, Name: "minute", Type: types.String}
	for i, row := range src.tables[otlpwire.Traces] {
		row[minute] = types.NewString(types.String, fmt.Sprint(i))
	}
	for sql, want := range map[string]string{
		"SELECT time_bucket(1m, timestamp) AS minute, count(*) FROM spans GROUP BY minute":                                   "2024-01-02T00:00:00Z|10",
		"SELECT time_bucket(1m, timestamp) AS minute, count(*) FROM spans GROUP BY minute HAVING minute < now() + 1m":        "2024-01-02T00:00:00Z|10",
		"SELECT time_bucket(1m, timestamp) AS minute FROM spans GROUP BY minute ORDER BY minute":                             "2024-01-02T00:00:00Z",
		"SELECT max(minute) AS minute FROM spans HAVING minute > '5' ORDER BY minute":                                        "9",
		"SELECT upper(spans.minute) AS minute, count(*) FROM spans WHERE minute = '3' GROUP BY minute":                       "3|1",
		"SELECT upper(minute) || '!' AS minute FROM spans WHERE minute < '2' GROUP BY spans.minute, minute ORDER BY minute":  "0!\n1!",
		"SELECT minute FROM (SELECT time_bucket(1m, timestamp) AS minute FROM spans) GROUP BY minute":                        "2024-01-02T00:00:00Z",
		"SELECT duration / 1s AS duration, count(*) FROM spans WHERE duration = 9ns GROUP BY duration HAVING duration = 9ns": "9e-09|1",
	} {
		r, err := testEngine(src).Query(t.Context(), sql)
		if err != nil {
			t.Errorf("%s: %v", sql, err)
		} else if got := render(r); got != want {
			t.Errorf("%s: got %s, want %s", sql, got, want)
		}
	}
}
