package query

import (
	"context"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/query/optimize"
	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/types"
	"github.com/ttlog/ttlog/storage/column"
)

// The scripts in testdata/*.txt hold blocks separated by empty lines:
//
//	load TABLE          a row a line: key=value …; a:key= is an attribute of
//	                    the record, r:key= of the resource, s:key= of the scope
//	query               SQL, then ---- and the rows, cells separated by |
//	error               SQL, then ---- and the error
//	warning             SQL, then ---- and the warnings
//
// now() is 2024-01-02T00:00:00Z.

var testNow = time.Date(2024, 1, 2, 0, 0, 0, 0, time.UTC)

type scriptCase struct {
	line      int
	kind, sql string
	want      string
}

func readScript(t *testing.T, path string) (tbl map[otlpwire.Signal][]memRow, cases []scriptCase) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	tbl = map[otlpwire.Signal][]memRow{}
	line := 1
	for block := range strings.SplitSeq(string(raw), "\n\n") {
		start := line
		line += strings.Count(block, "\n") + 2
		var lines []string
		for l := range strings.SplitSeq(block, "\n") {
			if !strings.HasPrefix(l, "#") {
				lines = append(lines, l)
			}
		}
		head, body, _ := strings.Cut(strings.TrimSpace(strings.Join(lines, "\n")), "\n")
		switch cmd, arg, _ := strings.Cut(head, " "); cmd {
		case "":
		case "load":
			sig := plan.Tables[arg]
			for l := range strings.SplitSeq(body, "\n") {
				tbl[sig] = append(tbl[sig], parseRow(t, sig, l))
			}
		case "query", "error", "warning":
			sql, want, ok := strings.Cut(body, "\n----")
			if !ok {
				t.Fatalf("%s:%d: no ----", path, start)
			}
			cases = append(cases, scriptCase{start, cmd, sql, strings.TrimPrefix(want, "\n")})
		default:
			t.Fatalf("%s:%d: unknown command %q", path, start, cmd)
		}
	}
	return tbl, cases
}

// fieldsOf splits at spaces that are not inside single quotes.
func fieldsOf(l string) []string {
	var list []string
	quoted, start := false, 0
	for i := 0; i <= len(l); i++ {
		if i == len(l) || l[i] == ' ' && !quoted {
			if i > start {
				list = append(list, l[start:i])
			}
			start = i + 1
		} else if l[i] == '\'' {
			quoted = !quoted
		}
	}
	return list
}

func parseRow(t *testing.T, sig otlpwire.Signal, l string) memRow {
	t.Helper()
	row := memRow{}
	for _, f := range fieldsOf(l) {
		key, text, ok := strings.Cut(f, "=")
		if !ok {
			t.Fatalf("row %q: %q has no =", l, f)
		}
		place := column.PlaceField
		if len(key) > 2 && key[1] == ':' {
			place = map[byte]column.Place{'a': column.PlaceRecord, 'r': column.PlaceResource, 's': column.PlaceScope}[key[0]]
			key = key[2:]
		}
		var v types.Value
		if place == column.PlaceField {
			_, typ, ok := plan.FixedType(sig, key)
			if !ok {
				t.Fatalf("row %q: no column %q", l, key)
			}
			v = types.Cast(types.NewString(types.String, strings.Trim(text, "'")), types.StoredType(typ), time.UTC)
			if typ == types.ID {
				id, err := hex.DecodeString(text)
				if err != nil {
					t.Fatal(err)
				}
				v = types.NewString(types.ID, string(id))
			}
			if v.IsNull() {
				t.Fatalf("row %q: bad value %q", l, text)
			}
		} else {
			v = attrValue(text)
		}
		row[column.Ref{Place: place, Name: key, Type: v.Type}] = v
	}
	return row
}

func attrValue(text string) types.Value {
	if strings.HasPrefix(text, "'") {
		return types.NewString(types.String, strings.Trim(text, "'"))
	}
	if strings.HasPrefix(text, "[") {
		return types.NewString(types.Array, text)
	}
	if strings.HasPrefix(text, "{") {
		return types.NewString(types.Map, text)
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return types.NewInt(types.Int, n)
	}
	if f, err := strconv.ParseFloat(text, 64); err == nil {
		return types.NewFloat(f)
	}
	return types.NewBool(text == "true")
}

func render(r *Result) string {
	var b strings.Builder
	for _, row := range r.Rows {
		for j, v := range row {
			if j > 0 {
				b.WriteString("|")
			}
			switch v := v.(type) {
			case nil:
				b.WriteString("NULL")
			case time.Duration:
				b.WriteString(v.String())
			case time.Time:
				b.WriteString(v.Format(time.RFC3339Nano))
			default:
				b.Write(types.AppendText(nil, v))
			}
		}
		b.WriteString("\n")
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			tbl, cases := readScript(t, file)
			encodings(t, tbl, func(t *testing.T, src *memSource) {
				for _, parallel := range []int{1, 3} {
					e := New(src, Options{Now: func() time.Time { return testNow }, Parallel: parallel})
					for _, c := range cases {
						runCase(t, file, e, c)
					}
				}
				for _, skip := range ruleSets() {
					e := New(src, Options{Now: func() time.Time { return testNow }, Parallel: 2})
					e.skip = skip
					for _, c := range cases {
						if !strings.HasPrefix(c.sql, "EXPLAIN") {
							runCase(t, file, e, c)
						}
					}
				}
			})
		})
	}
}

// ruleSets lists sets of rules to be off: each on its own, and all.
func ruleSets() (sets [][]string) {
	var all []string
	for _, r := range optimize.Rules {
		sets, all = append(sets, []string{r.Name}), append(all, r.Name)
	}
	return append(sets, all)
}

func runCase(t *testing.T, file string, e *Engine, c scriptCase) {
	t.Helper()
	r, err := e.Query(context.Background(), c.sql)
	where := fmt.Sprintf("%s:%d: %s", file, c.line, c.sql)
	switch {
	case c.kind == "error" && err == nil:
		t.Errorf("%s\ngot no error, want %s", where, c.want)
	case c.kind == "error" && err.Error() != c.want:
		t.Errorf("%s\ngot  %s\nwant %s", where, err, c.want)
	case c.kind != "error" && err != nil:
		t.Errorf("%s\ngot error %s", where, err)
	case c.kind == "warning":
		var lines []string
		for _, w := range r.Warnings {
			lines = append(lines, w.String())
		}
		if got := strings.Join(lines, "\n"); got != c.want {
			t.Errorf("%s\ngot\n%s\nwant\n%s", where, got, c.want)
		}
	case c.kind == "query" && render(r) != c.want:
		t.Errorf("%s\ngot\n%s\nwant\n%s", where, render(r), c.want)
	}
}
