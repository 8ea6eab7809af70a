package query

import (
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	osexec "os/exec"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/spill"
	"github.com/ttlog/ttlog/query/types"
	"github.com/ttlog/ttlog/storage/column"
)

// TestQuery_MatchesSQLite puts random queries to this engine and to SQLite
// over the same rows. The grammar keeps to what both mean alike: what differs
// on purpose (integer division, overflow, case of LIKE, the place of NULLs) is
// written in the words of each.
func TestQuery_MatchesSQLite(t *testing.T) {
	program := buildSQLite(t)
	for seed := range uint64(5) {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			g := &sqlGen{r: rand.New(rand.NewPCG(seed, 77))}
			rows := g.rows(1 + g.r.IntN(160))
			lite := openSQLite(t, program, rows)
			var engines []*Engine
			for _, block := range []int{3, 50, 1000} {
				src := &memSource{tables: map[otlpwire.Signal][]memRow{otlpwire.Traces: rows}, block: block, runs: block == 50}
				for _, skip := range append(ruleSets(), nil) {
					e := New(src, Options{Parallel: 1 + block%3})
					e.skip = skip
					engines = append(engines, e)
					e = New(src, Options{Parallel: 1 + block%3, Spill: openSpill(t, spill.Options{})})
					e.skip, e.spillEarly = skip, true
					engines = append(engines, e)
				}
			}
			for i := range 600 {
				q := g.query()
				want, wantErr := lite.ask(t, q.lite)
				r, err := engines[i%len(engines)].Query(t.Context(), q.ours)
				switch {
				case wantErr != nil:
					t.Fatalf("%s\nSQLite: error %v", q.lite, wantErr)
				case err != nil:
					t.Fatalf("%s\nerror %v\nSQLite: %s\nhas no error", q.ours, err, q.lite)
				default:
					if diff := diffRows(cellsOf(r), want, q.ordered); diff != "" {
						t.Fatalf("%s\nSQLite: %s\n%s", q.ours, q.lite, diff)
					}
				}
			}
		})
	}
}

// sqliteCols are the columns of the table in both engines, the type of each.
var sqliteCols = []struct {
	name string
	typ  types.Type
}{
	{"i", types.Int},
	{"j", types.Int},
	{"big", types.Int},
	{"f", types.Float},
	{"g", types.Float},
	{"service", types.String},
	{"name", types.String},
	{"u", types.String},
	{"m", types.Any}, // whole numbers and floats
	{"k", types.Int}, // the number of the row
}

func (g *sqlGen) rows(n int) []memRow {
	words := []string{"", "a", "b", "ab", "abc", "B", "a b", " a ", "zz"}
	unicode := []string{"é", "日本語", "日", "a😀b", "ß", "É", "z\u0301"}
	bigs := []int64{math.MinInt64, math.MinInt64 + 1, -1 << 53, -(1<<53 + 1), -1, 0, 1, 1 << 53, 1<<53 + 1, math.MaxInt64 - 1, math.MaxInt64}
	rows := make([]memRow, n)
	for k := range rows {
		row := memRow{field("timestamp"): types.NewInt(types.Time, testNow.UnixNano())}
		for _, c := range sqliteCols {
			if g.r.IntN(6) == 0 && c.name != "k" {
				continue
			}
			ref := column.Ref{Place: column.PlaceRecord, Name: c.name, Type: c.typ}
			if _, _, ok := plan.FixedType(otlpwire.Traces, c.name); ok {
				ref = field(c.name)
			}
			switch c.name {
			case "m":
				v := types.NewInt(types.Int, int64(g.r.IntN(5)-2))
				if g.r.IntN(2) == 0 {
					v = types.NewFloat(float64(g.r.IntN(9)-4) / 2)
				}
				ref.Type = v.Type
				row[ref] = v
			case "k":
				row[ref] = types.NewInt(types.Int, int64(k))
			case "i", "j":
				row[ref] = types.NewInt(types.Int, int64(g.r.IntN(9)-4))
			case "big":
				row[ref] = types.NewInt(types.Int, bigs[g.r.IntN(len(bigs))])
			case "f", "g":
				row[ref] = types.NewFloat(float64(g.r.IntN(17)-8) / 4)
			case "u":
				row[ref] = types.NewString(types.String, unicode[g.r.IntN(len(unicode))])
			default:
				row[ref] = types.NewString(types.String, words[g.r.IntN(len(words))])
			}
		}
		rows[k] = row
	}
	// Every column exists for both engines, whatever chance left out.
	for _, c := range sqliteCols {
		if c.name == "k" {
			continue
		}
		ref := column.Ref{Place: column.PlaceRecord, Name: c.name, Type: c.typ}
		if _, _, ok := plan.FixedType(otlpwire.Traces, c.name); ok {
			ref = field(c.name)
		}
		switch types.FormOf(c.typ) {
		case types.FormAny:
			delete(rows[0], column.Ref{Place: ref.Place, Name: ref.Name, Type: types.Int})
			rows[0][column.Ref{Place: ref.Place, Name: ref.Name, Type: types.Float}] = types.NewFloat(1)
		case types.FormStr:
			rows[0][ref] = types.NewString(c.typ, "x")
		case types.FormFloat:
			rows[0][ref] = types.NewFloat(0.5)
		default:
			rows[0][ref] = types.NewInt(c.typ, 2)
		}
	}
	return rows
}

// sqlite is SQLite in a process of its own: see test/sqlite.
type sqlite struct {
	requests  *gob.Encoder
	responses *gob.Decoder
}

// buildSQLite builds the program. It belongs to the module of the tests that
// need other people's databases, which only a checkout of the repository has.
func buildSQLite(t *testing.T) string {
	t.Helper()
	if _, err := os.Stat("../test/go.mod"); err != nil {
		t.Skipf("SQLite answers from a module of this repository: %v", err)
	}
	program := filepath.Join(t.TempDir(), "sqlite.exe")
	build := osexec.CommandContext(t.Context(), "go", "build", "-o", program, "./sqlite")
	build.Dir, build.Env = filepath.Join("..", "test"), append(os.Environ(), "GOWORK=")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return program
}

func openSQLite(t *testing.T, program string, rows []memRow) *sqlite {
	t.Helper()
	cmd := osexec.Command(program)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(in.Close(), cmd.Wait()); err != nil {
			t.Error(err)
		}
	})
	lite := &sqlite{gob.NewEncoder(in), gob.NewDecoder(out)}
	run := func(q string, args ...any) {
		if _, err := lite.ask(t, q, args...); err != nil {
			t.Fatal(err)
		}
	}
	run("PRAGMA case_sensitive_like = ON")
	var cols, marks []string
	for _, c := range sqliteCols {
		cols = append(cols, c.name+" "+map[types.Type]string{types.Int: "INTEGER", types.Float: "REAL", types.String: "TEXT", types.Any: ""}[c.typ])
		marks = append(marks, "?")
	}
	run("CREATE TABLE spans (" + strings.Join(cols, ", ") + ")")
	for _, row := range rows {
		args := make([]any, len(sqliteCols))
		for j, c := range sqliteCols {
			args[j] = types.GoValue(get(row, c.name), time.UTC)
		}
		run("INSERT INTO spans VALUES ("+strings.Join(marks, ", ")+")", args...)
	}
	return lite
}

// ask runs a statement. NULL travels as false, for which SQLite has no type.
func (s *sqlite) ask(t *testing.T, q string, args ...any) ([][]any, error) {
	t.Helper()
	for i, a := range args {
		if a == nil {
			args[i] = false
		}
	}
	err := s.requests.Encode(struct {
		Query string
		Args  []any
	}{q, args})
	var answer struct {
		Rows [][]any
		Err  string
	}
	if err == nil {
		err = s.responses.Decode(&answer)
	}
	if err != nil {
		t.Fatal(err)
	}
	if answer.Err != "" {
		return nil, errors.New(answer.Err)
	}
	for _, row := range answer.Rows {
		for i, v := range row {
			if v == false {
				row[i] = nil
			}
		}
	}
	return answer.Rows, nil
}

// cellsOf returns the rows as SQLite would: it has no type for truth.
func cellsOf(r *Result) [][]any {
	for _, row := range r.Rows {
		for i, v := range row {
			if b, ok := v.(bool); ok {
				row[i] = types.Bit(b)
			}
		}
	}
	return r.Rows
}

// diffRows compares rows, in their order where that is given.
func diffRows(got, want [][]any, ordered bool) string {
	if !ordered {
		for _, rows := range [][][]any{got, want} {
			sort.SliceStable(rows, func(i, j int) bool { return cellKey(rows[i]) < cellKey(rows[j]) })
		}
	}
	if len(got) != len(want) {
		return fmt.Sprintf("got %d rows, want %d:\n%v\n%v", len(got), len(want), got, want)
	}
	for i := range got {
		for j := range got[i] {
			if !sameCell(got[i][j], want[i][j]) {
				return fmt.Sprintf("row %d, column %d: got %#v, want %#v", i, j, got[i][j], want[i][j])
			}
		}
	}
	return ""
}

func cellKey(row []any) string {
	var b strings.Builder
	for _, v := range row {
		switch v := v.(type) {
		case int64:
			b.WriteString("n" + strconv.FormatFloat(float64(v), 'g', 9, 64))
		case float64:
			b.WriteString("n" + strconv.FormatFloat(v+0, 'g', 9, 64)) // one zero
		default:
			fmt.Fprint(&b, v)
		}
		b.WriteByte('|')
	}
	return b.String()
}

// sameCell compares numbers by value, floats to nine digits: the two engines
// add in different orders.
func sameCell(a, b any) bool {
	if x, ok := a.(int64); ok {
		if y, ok := b.(int64); ok {
			return x == y
		}
		a = float64(x)
	}
	if y, ok := b.(int64); ok {
		b = float64(y)
	}
	if x, ok := a.(json.RawMessage); ok {
		y, ok := b.(json.RawMessage)
		return ok && string(x) == string(y)
	}
	x, okX := a.(float64)
	y, okY := b.(float64)
	if okX && okY {
		return math.Abs(x-y) <= 1e-9*max(math.Abs(x), math.Abs(y), 1)
	}
	return a == b
}

// sqlPair is a piece of SQL in the words of both engines.
type sqlPair struct{ ours, lite string }

type sqlQuery struct {
	sqlPair
	ordered bool
}

func same(s string) sqlPair { return sqlPair{s, s} }

// form fills the pairs in for the %s of a format, which is the same for both.
func pairOf(format string, p ...sqlPair) sqlPair {
	ours, lite := make([]any, len(p)), make([]any, len(p))
	for i, x := range p {
		ours[i], lite[i] = x.ours, x.lite
	}
	return sqlPair{fmt.Sprintf(format, ours...), fmt.Sprintf(format, lite...)}
}

func joinPairs(list []sqlPair, sep string) sqlPair {
	var ours, lite []string
	for _, p := range list {
		ours, lite = append(ours, p.ours), append(lite, p.lite)
	}
	return sqlPair{strings.Join(ours, sep), strings.Join(lite, sep)}
}

// sqlGen makes random queries. num, text and cond are the columns of the
// FROM that the query reads.
type sqlGen struct {
	r         *rand.Rand
	num, text []string
	numbered  bool // the FROM has the number of the row, k
}

func pick[T any](g *sqlGen, list ...T) T { return list[g.r.IntN(len(list))] }

func (g *sqlGen) constant() sqlPair {
	return same(pick(g, "0", "1", "-1", "2", "3", "-4", "0.5", "-1.25", "2.0", "1e0", "9223372036854775807", "-9223372036854775808", "9007199254740993", "1e16"))
}

// number is an expression whose value is small, so that nothing overflows.
func (g *sqlGen) number(depth int) sqlPair {
	if depth <= 0 || g.r.IntN(3) == 0 {
		if g.r.IntN(4) == 0 {
			return same(pick(g, "0", "1", "-1", "2", "3", "0.5", "-1.25"))
		}
		return same(pick(g, g.num...))
	}
	x, y := g.number(depth-1), g.number(depth-1)
	switch g.r.IntN(14) {
	case 11:
		return pairOf("(%s + %s * %s - -%s)", x, y, g.number(0), same(pick(g, g.num...)))
	case 12:
		return sqlPair{"if(" + x.ours + " > 1, " + x.ours + ", " + y.ours + ")", "iif(" + x.lite + " > 1, " + x.lite + ", " + y.lite + ")"}
	case 13:
		return pairOf("CAST(%s AS float)", x)
	case 0:
		return pairOf("(%s + %s)", x, y)
	case 1:
		return pairOf("(%s - %s * 2)", x, y)
	case 2:
		return pairOf("%s - %s - 1", x, y)
	case 3:
		return pairOf("(%s * %s)", x, y)
	case 4:
		return pairOf("(%s * 1.0 / %s)", x, y)
	case 5:
		return pairOf("(length(%s) %% %s)", g.str(depth-1), pick(g, same("2"), same("3"), same("0"), same("-2")))
	case 6:
		return pairOf("(- %s)", x)
	case 7:
		return pairOf("abs(%s)", x)
	case 8:
		return pairOf("coalesce(%s, %s)", x, y)
	case 9:
		return pairOf("nullif(%s, %s)", x, y)
	}
	return g.caseOf(depth, x, y)
}

func (g *sqlGen) caseOf(depth int, x, y sqlPair) sqlPair {
	switch g.r.IntN(3) {
	case 0:
		return pairOf("CASE WHEN %s THEN %s END", g.cond(depth-1), x)
	case 1:
		return pairOf("CASE %s WHEN %s THEN %s WHEN 1 THEN %s ELSE %s END", g.number(depth-1), g.number(depth-1), x, y, y)
	}
	return pairOf("CASE WHEN %s THEN %s WHEN %s THEN NULL ELSE %s END", g.cond(depth-1), x, g.cond(depth-1), y)
}

func (g *sqlGen) str(depth int) sqlPair {
	if depth <= 0 || g.r.IntN(3) == 0 {
		if g.r.IntN(4) == 0 {
			return same(pick(g, "''", "'a'", "'ab'", "'it''s'", "'日'", "'zz'"))
		}
		return same(pick(g, g.text...))
	}
	x, y := g.str(depth-1), g.str(depth-1)
	switch g.r.IntN(8) {
	case 0:
		return pairOf("(%s || %s)", x, y)
	case 1:
		return pairOf("coalesce(%s, %s)", x, y)
	case 2:
		return pairOf("replace(%s, 'a', %s)", x, y)
	case 3:
		return pairOf("substr(%s, %s, %s)", x, same(pick(g, "1", "2", "3", "9")), same(pick(g, "0", "1", "2", "5")))
	case 4:
		return pairOf("trim(%s)", x)
	case 5:
		return pairOf("nullif(%s, %s)", x, y)
	case 6:
		return pairOf("substr(%s, 2)", x)
	}
	return g.caseOf(depth, x, y)
}

func (g *sqlGen) cond(depth int) sqlPair {
	if depth > 0 && g.r.IntN(2) == 0 {
		x, y := g.cond(depth-1), g.cond(depth-1)
		switch g.r.IntN(6) {
		case 0:
			return pairOf("%s AND %s", x, y) // NOT, AND and OR bind as they do
		case 1:
			return pairOf("(%s OR %s)", x, y)
		case 2:
			return pairOf("NOT (%s)", x)
		case 3:
			return pairOf("(%s) IS %s", x, same(pick(g, "TRUE", "NOT TRUE", "FALSE", "NOT FALSE", "NULL", "NOT NULL")))
		case 4:
			return pairOf("NOT %s", x)
		}
		return pairOf("(%s OR %s AND %s)", x, y, g.cond(depth-1))
	}
	op := same(pick(g, "=", "!=", "<>", "<", "<=", ">", ">="))
	not := same(pick(g, "", "NOT "))
	switch g.r.IntN(15) {
	case 0:
		return pairOf("%s %s %s", g.number(depth), op, g.number(depth))
	case 1:
		return pairOf("%s %s %s", g.str(depth), op, g.str(depth))
	case 2:
		return pairOf("%s %sIN (%s)", g.number(depth), not, g.list(g.constant))
	case 3:
		return pairOf("%s %sIN (%s)", g.str(depth), not, g.list(func() sqlPair { return same(pick(g, "'a'", "'b'", "''", "'日本語'", "NULL")) }))
	case 4:
		return pairOf("%s %sBETWEEN %s AND %s", g.number(depth), not, g.number(depth), g.number(depth))
	case 5:
		return pairOf("%s %sBETWEEN %s AND %s", g.str(depth), not, g.str(depth), g.str(depth))
	case 6:
		return pairOf("%s IS %sNULL", g.number(depth), not)
	case 7:
		return pairOf("%s IS %sNULL", g.str(depth), not)
	case 8, 9:
		return pairOf("%s %sLIKE %s", g.str(depth), not, same(pick(g, "'a%'", "'%a'", "'%a%'", "'_'", "'__%'", "'%'", "''", "'a'", "'%b_'", "'日%'", "'%_😀%'", "'% %'", "'%a%b%'", "'A%'")))
	case 13:
		return pairOf("%s %sLIKE %s", g.str(depth), not, same(pick(g, "'a!%' ESCAPE '!'", "'%!_%' ESCAPE '!'", "'!a_' ESCAPE '!'", "'%!!%' ESCAPE '!'", "'é日%' ESCAPE 'é'", "'a b' ESCAPE ' '")))
	case 10:
		return pairOf("%s %s %s", same(pick(g, g.num...)), op, g.constant())
	case 11:
		return pairOf("%s %s %s", g.constant(), op, same(pick(g, g.num...)))
	case 12:
		return pairOf("%s %sIN (%s, %s)", g.number(depth), not, g.number(depth), g.number(depth))
	}
	return pairOf("%s %s %s", same(pick(g, g.text...)), op, same(pick(g, "'a'", "'b'", "''", "'日本語'", "'z'")))
}

func (g *sqlGen) list(f func() sqlPair) sqlPair {
	list := make([]sqlPair, 1+g.r.IntN(4))
	for i := range list {
		list[i] = f()
	}
	if g.r.IntN(6) == 0 {
		list = append(list, same("NULL"))
	}
	return joinPairs(list, ", ")
}

// aggregate is a call that gives a number or a text.
func (g *sqlGen) aggregate() sqlPair {
	var a sqlPair
	switch g.r.IntN(11) {
	case 8:
		a = g.distinctPairs()
	case 9, 10:
		return g.variance(pick(g, "pop", "samp"))
	case 0, 1:
		a = same("count(*)")
	case 2:
		a = pairOf("count(%s)", g.scalar(1))
	case 3:
		a = pairOf("count(DISTINCT %s)", g.scalar(1))
	case 4:
		a = pairOf("sum(%s)", g.number(1))
	case 5:
		a = pairOf("avg(%s)", g.number(1))
	case 6:
		a = pairOf("min(%s)", g.scalar(1))
	default:
		a = pairOf("max(%s)", g.scalar(1))
	}
	if g.r.IntN(4) == 0 {
		a = pairOf("%s FILTER (WHERE %s)", a, g.cond(1))
	}
	switch g.r.IntN(8) {
	case 0:
		return pairOf("coalesce(sum(%s), 0) * 2 - count(*) + 1", g.number(1))
	case 1:
		return pairOf("CASE WHEN count(*) > 2 THEN max(%s) ELSE count(DISTINCT %s) END", g.number(1), g.str(1))
	}
	return a
}

// distinctPairs counts combinations, which SQLite does of one value only.
func (g *sqlGen) distinctPairs() sqlPair {
	x, y := g.str(1), g.str(1)
	return sqlPair{
		fmt.Sprintf("count(DISTINCT %s, %s)", x.ours, y.ours),
		fmt.Sprintf("count(DISTINCT length(%s) || ',' || %s || %s)", x.lite, x.lite, y.lite),
	}
}

// variance is by the textbook's formula in SQLite, which is good enough for
// small numbers.
func (g *sqlGen) variance(kind string) sqlPair {
	x := g.number(0)
	least := map[string]int{"pop": 0, "samp": 1}[kind]
	return sqlPair{
		fmt.Sprintf("round(var_%s(%s), 11)", kind, x.ours),
		fmt.Sprintf("CASE WHEN count(%s) > %d THEN round((sum(1.0 * %s * %s) - 1.0 * sum(%s) * sum(%s) / count(%s)) / (count(%s) - %d), 11) END",
			x.lite, least, x.lite, x.lite, x.lite, x.lite, x.lite, x.lite, least),
	}
}

// window is a window function over values. Only where the order has no ties does
// one say which of them comes first.
func (g *sqlGen) window(value func(depth int) sqlPair, numbered bool) sqlPair {
	var over, keys []sqlPair
	if g.r.IntN(2) == 0 {
		over = append(over, pairOf("PARTITION BY %s", value(1)))
	}
	for range g.r.IntN(3) {
		keys = append(keys, pairOf("%s %s", value(1), same(pick(g, "NULLS FIRST", "NULLS LAST", "DESC NULLS FIRST", "ASC NULLS LAST"))))
	}
	distance := numbered && g.r.IntN(4) == 0
	switch {
	case distance:
		keys = []sqlPair{same(pick(g, "i", "j", "f", "g") + pick(g, " NULLS FIRST", " DESC NULLS LAST"))}
	case numbered:
		keys = append(keys, same(pick(g, "k", "k DESC")))
	}
	if len(keys) > 0 {
		over = append(over, pairOf("ORDER BY %s", joinPairs(keys, ", ")))
	}
	x := value(1)
	f := pick(g, same("rank()"), same("dense_rank()"), same("count(*)"), pairOf("count(%s)", x), pairOf("min(%s)", x), pairOf("max(%s)", x))
	if g.r.IntN(2) == 0 && numbered {
		n := g.number(1)
		f = pick(g, pairOf("sum(%s)", n), pairOf("avg(%s)", n), pairOf("sum(%s) FILTER (WHERE %s)", n, g.cond(1)))
	}
	if numbered && !distance && g.r.IntN(2) == 0 {
		f = pick(g, same("row_number()"), pairOf("lag(%s)", x), pairOf("lead(%s, 2, NULL)", x), pairOf("lag(%s, 0)", x),
			pairOf("first_value(%s)", x), pairOf("last_value(%s)", x))
	}
	near := func(side string) string { return strconv.Itoa(g.r.IntN(4)) + " " + side }
	frame := pick(g, "", "", "RANGE BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING", "RANGE BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING")
	switch {
	case len(keys) == 0: // all rows are equal
	case distance:
		frame = "RANGE BETWEEN " + pick(g, near("PRECEDING"), "CURRENT ROW", "1.5 PRECEDING") + " AND " + pick(g, "CURRENT ROW", near("FOLLOWING"), "UNBOUNDED FOLLOWING")
	case numbered:
		from, to := pick(g, "UNBOUNDED PRECEDING", "CURRENT ROW", near("PRECEDING")), pick(g, "UNBOUNDED FOLLOWING", "CURRENT ROW", near("FOLLOWING"))
		if g.r.IntN(4) == 0 {
			side := pick(g, "PRECEDING", "FOLLOWING")
			from, to = near(side), near(side)
		}
		frame = "ROWS BETWEEN " + from + " AND " + to
	}
	if frame != "" {
		over = append(over, same(frame))
	}
	return pairOf("%s OVER (%s)", f, joinPairs(over, " "))
}

func (g *sqlGen) scalar(depth int) sqlPair {
	switch g.r.IntN(5) {
	case 0:
		return g.str(depth)
	case 1:
		return pairOf("(%s)", g.cond(depth))
	case 2:
		return same(pick(g, append(g.num, g.text...)...))
	}
	return g.number(depth)
}

// query is a whole SELECT.
func (g *sqlGen) query() sqlQuery {
	g.num, g.text = []string{"i", "j", "f", "g", "m"}, []string{"service", "name", "u"}
	g.numbered = true
	if g.r.IntN(12) == 0 {
		return g.union()
	}
	from := same("FROM spans")
	switch g.r.IntN(12) {
	case 3, 4, 5:
		from, g.numbered = g.join(), false
	case 6:
		from, g.numbered = g.with(), false
	case 0:
		g.num, g.text = []string{"spans.i", "j", "spans.f", "g"}, []string{"spans.service", "name", "u"}
	case 1, 2:
		from, g.numbered = g.subquery(), false
	}
	word := "WHERE"
	if g.r.IntN(3) > 0 {
		from, word = pairOf("%s WHERE %s", from, g.cond(3)), pick(g, "AND", "AND", "OR")
	}
	if g.r.IntN(4) == 0 {
		from = pairOf("%s %s %s", from, same(word), g.membership())
	}
	if g.r.IntN(2) == 0 {
		return g.grouped(from)
	}
	items := g.items(func() sqlPair {
		if g.r.IntN(4) == 0 {
			return g.window(g.scalar, g.numbered)
		}
		return g.scalar(2)
	})
	head := pairOf("SELECT%s %s", same(pick(g, "", "", " DISTINCT")), named(items))
	return g.tail(pairOf("%s %s", head, from), len(items))
}

func (g *sqlGen) items(f func() sqlPair) []sqlPair {
	list := make([]sqlPair, 1+g.r.IntN(4))
	for i := range list {
		list[i] = f()
	}
	return list
}

// named gives item k the alias ck.
func named(items []sqlPair) sqlPair {
	list := make([]sqlPair, len(items))
	for i, it := range items {
		list[i] = pairOf("%s AS %s", it, same(fmt.Sprintf("c%d", i)))
	}
	return joinPairs(list, ", ")
}

func (g *sqlGen) grouped(from sqlPair) sqlQuery {
	var keys, items []sqlPair
	for range g.r.IntN(4) {
		k := g.scalar(g.r.IntN(2))
		if g.r.IntN(4) > 0 {
			k = same(pick(g, append(g.num, g.text...)...))
		}
		keys = append(keys, k)
		items = append(items, k)
	}
	for range 1 + g.r.IntN(3) {
		items = append(items, g.aggregate())
	}
	// Over what stands in a row behind grouping; beside a window SQLite takes a key
	// that is a constant for an ordinal, whatever it is called.
	plain := !slices.ContainsFunc(keys, func(k sqlPair) bool { return !slices.Contains(append(g.num, g.text...), k.ours) })
	if plain && g.r.IntN(3) == 0 {
		items = append(items, g.window(func(int) sqlPair {
			return pick(g, same("count(*)"), pairOf("sum(%s)", g.number(0)), pairOf("max(%s)", g.str(0)), same("1"))
		}, false))
	}
	out := pairOf("SELECT%s %s %s", same(pick(g, "", "", "", " DISTINCT")), named(items), from)
	if len(keys) > 0 {
		by := make([]sqlPair, len(keys))
		for i, k := range keys {
			by[i] = same(pick(g, fmt.Sprintf("c%d", i), strconv.Itoa(i+1)))
			if g.r.IntN(2) == 0 && slices.Contains(append(g.num, g.text...), k.ours) {
				by[i] = k // SQLite may take a constant expression for an ordinal
			}
		}
		out = pairOf("%s GROUP BY %s", out, joinPairs(by, ", "))
		if g.r.IntN(3) == 0 {
			a := pick(g, pairOf("sum(%s)", g.number(1)), pairOf("min(%s)", g.number(1)), same("count(*)"))
			out = pairOf("%s HAVING %s %s", out, a, same(pick(g, "> 1", "< 1", "= 1", "!= 1", "IS NOT NULL")))
		}
	}
	return g.tail(out, len(items))
}

// tail adds ORDER BY over all items, in any order, and LIMIT and OFFSET.
func (g *sqlGen) tail(q sqlPair, n int) sqlQuery {
	if g.r.IntN(3) == 0 {
		return sqlQuery{q, false}
	}
	keys := make([]sqlPair, n)
	for i, k := range g.r.Perm(n) {
		keys[i] = same(pick(g, fmt.Sprintf("c%d", k), fmt.Sprintf("c%d", k), strconv.Itoa(k+1)) + pick(g, "", " ASC", " DESC"))
		switch g.r.IntN(3) {
		case 0:
			keys[i] = pairOf("%s NULLS FIRST", keys[i])
		case 1:
			keys[i] = pairOf("%s NULLS LAST", keys[i])
		default:
			keys[i].lite += " NULLS LAST"
		}
	}
	q = pairOf("%s ORDER BY %s", q, joinPairs(keys, ", "))
	if g.r.IntN(2) == 0 {
		q = pairOf("%s LIMIT %s", q, same(strconv.Itoa(g.r.IntN(20))))
		if g.r.IntN(2) == 0 {
			q = pairOf("%s OFFSET %s", q, same(strconv.Itoa(g.r.IntN(10))))
		}
	}
	return sqlQuery{q, true}
}

// subquery is a FROM over a SELECT, whose columns the rest of the query reads.
func (g *sqlGen) subquery() sqlPair {
	n1, n2, s1 := g.number(2), same(pick(g, g.num...)), g.str(1)
	where := g.cond(2)
	var sub sqlPair
	switch g.r.IntN(5) {
	case 3: // the first rows of an order that has no ties
		sub = pairOf("FROM (SELECT x, y, s FROM (SELECT DISTINCT %s AS x, %s AS y, %s AS s FROM spans) ORDER BY s NULLS FIRST, 2 NULLS LAST, x DESC NULLS LAST LIMIT 9 OFFSET 2) AS q", n1, n2, s1)
	case 4:
		sub = pairOf("FROM (SELECT sum(k) AS x, s, max(m) AS y FROM (SELECT %s AS k, %s AS m, %s AS s FROM spans WHERE %s) GROUP BY s HAVING y IS NOT NULL) AS q", n1, n2, s1, where)
	case 0:
		sub = pairOf("FROM (SELECT %s AS x, %s AS y, %s AS s FROM spans WHERE %s) q", n1, n2, s1, where)
	case 1:
		sub = pairOf("FROM (SELECT DISTINCT %s AS x, %s AS y, %s AS s FROM spans WHERE %s) AS q", n1, n2, s1, where)
	default:
		sub = pairOf("FROM (SELECT %s AS s, count(*) AS x, min(%s) AS y FROM spans WHERE %s GROUP BY s) AS q", pairOf("substr(%s, 1)", s1), n1, where)
	}
	g.num, g.text = []string{"x", "y"}, []string{"s"}
	if g.r.IntN(3) == 0 {
		g.num, g.text = []string{"q.x", "y"}, []string{"q.s"}
	}
	return sub
}
