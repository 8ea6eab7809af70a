package query

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/query/exec"
	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/types"
	"github.com/ttlog/ttlog/storage/column"
)

func field(name string) column.Ref {
	_, typ, _ := plan.FixedType(otlpwire.Traces, name)
	return column.Ref{Place: column.PlaceField, Name: name, Type: types.StoredType(typ)}
}

// manySpans returns n spans with n distinct ids and names.
func manySpans(n int) *memSource {
	rows := make([]memRow, n)
	for i := range rows {
		rows[i] = memRow{
			field("timestamp"): types.NewInt(types.Time, testNow.UnixNano()+int64(i)),
			field("span_id"):   types.NewString(types.ID, fmt.Sprintf("%08d", i)),
			field("name"):      types.NewString(types.String, fmt.Sprintf("name %d", i%100)),
			field("service"):   types.NewString(types.String, "svc"),
			field("duration"):  types.NewInt(types.Duration, int64(i*7919%n)),
		}
	}
	return &memSource{tables: map[otlpwire.Signal][]memRow{otlpwire.Traces: rows}, block: 700}
}

func testEngine(src exec.Source) *Engine {
	return New(src, Options{Now: func() time.Time { return testNow }, Parallel: 2})
}

func TestQuery_Parameters(t *testing.T) {
	e := testEngine(manySpans(10))
	for _, c := range []struct {
		sql  string
		args []any
		want string
	}{
		{"SELECT count(*) FROM spans WHERE name = $1 AND duration < $2", []any{"name 3", time.Hour}, "1"},
		{"SELECT :a + :b, :c", []any{map[string]any{"a": 1, "b": json.Number("2.5"), "c": nil}}, "3.5|NULL"},
		// Too large to be computed once and for all.
		{"SELECT length($1 || $1), length($1 || $1) > length($1), lower($1 || $1) LIKE 'x%y'", []any{strings.Repeat("X", 1<<20)}, "2097152|true|false"},
		{"SELECT $1, $2, $3, $4", []any{true, uint8(7), testNow, "it's"}, "true|7|2024-01-02T00:00:00Z|it's"},
		{"SELECT name FROM spans ORDER BY timestamp LIMIT $1 OFFSET $2", []any{1, 2}, "name 2"},
	} {
		r, err := e.Query(t.Context(), c.sql, c.args...)
		if err != nil {
			t.Errorf("%s: %v", c.sql, err)
		} else if got := render(r); got != c.want {
			t.Errorf("%s: got %s, want %s", c.sql, got, c.want)
		}
	}
	for _, args := range [][]any{{}, {struct{}{}}, {uint64(math.MaxUint64)}, {map[string]any{"x": 1}}} {
		if _, err := e.Query(t.Context(), "SELECT $1", args...); !errors.As(err, new(*plan.Error)) {
			t.Errorf("parameters %v: got error %v, want an *Error", args, err)
		}
	}
}

func TestQuery_Limits(t *testing.T) {
	src := manySpans(20_000)
	for _, c := range []struct {
		o         Options
		sql, want string
	}{
		{Options{MaxMemoryBytes: 64 << 10}, "SELECT span_id, count(*) FROM spans GROUP BY span_id", "memory budget of 64 KiB reached at GROUP BY"},
		{Options{MaxMemoryBytes: 64 << 10}, "SELECT span_id FROM spans ORDER BY name", "memory budget of 64 KiB reached at ORDER BY"},
		{Options{MaxMemoryBytes: 64 << 10}, "SELECT count(distinct span_id) FROM spans", "memory budget of 64 KiB reached at aggregation"},
		{Options{MaxMemoryBytes: 64 << 10}, "SELECT topk(3, span_id) FROM spans", "memory budget"},
		{Options{MaxMemoryBytes: 64 << 10}, "SELECT name, p99(duration) FROM spans GROUP BY name", "memory budget"},
		{Options{MaxMemoryBytes: 1 << 20}, "SELECT span_id, name FROM spans", "memory budget of 1 MiB reached by the rows of the result"},
		{Options{MaxMemoryBytes: 1 << 20}, "SELECT name" + strings.Repeat("||name", 1000) + " FROM spans", "memory budget"},
		{Options{MaxRows: 100}, "SELECT name FROM spans", "the result has more than 100 rows"},
		{Options{MaxRows: 100}, "SELECT name FROM spans ORDER BY duration", "the result has more than 100 rows"},
		{Options{Timeout: time.Nanosecond}, "SELECT count(*) FROM spans", "timeout of 1ns reached"},
	} {
		c.o.Parallel = 1 // several workers may reach the limit in several places
		_, err := New(src, c.o).Query(t.Context(), c.sql)
		if !errors.Is(err, plan.ErrLimit) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.80s: got error %v, want %q", c.sql, err, c.want)
		}
	}
	for _, sql := range []string{
		"SELECT name FROM spans ORDER BY duration LIMIT 100",
		"SELECT count(*) FROM spans",
		"SELECT name FROM spans LIMIT 100",
		"SELECT name, count(*) FROM spans GROUP BY name",
	} {
		r, err := New(src, Options{MaxRows: 100, MaxMemoryBytes: 128 << 10}).Query(t.Context(), sql)
		if err != nil {
			t.Errorf("%s: %v", sql, err)
		} else if len(r.Rows) != 100 && len(r.Rows) != 1 {
			t.Errorf("%s: got %d rows", sql, len(r.Rows))
		}
	}
}

func TestQuery_Cancel(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, sql := range []string{"SELECT count(*) FROM spans", "SELECT * FROM spans", "SELECT * FROM spans ORDER BY name"} {
		if _, err := testEngine(manySpans(5000)).Query(ctx, sql); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got error %v, want %v", sql, err, context.Canceled)
		}
	}
}

// cancelSink ends the query with its first rows, and counts those that follow.
type cancelSink struct {
	cancel context.CancelFunc
	cells  int
}

func (s *cancelSink) Columns([]Column) error { return nil }
func (s *cancelSink) Batch(b *Batch) error {
	s.cancel()
	s.cells += b.Len() * len(b.cols)
	return nil
}

// TestStream_CancelBetweenRows ends queries whose rows are on their way to the
// client: what it takes to write them is no more than a piece of a batch.
func TestStream_CancelBetweenRows(t *testing.T) {
	src := manySpans(20_000)
	src.block = 20_000
	for _, sql := range []string{"SELECT * FROM spans", "SELECT * FROM spans ORDER BY name", "SELECT span_id, count(*), max(name), min(name) FROM spans GROUP BY 1"} {
		ctx, cancel := context.WithCancel(t.Context())
		sink := &cancelSink{cancel: cancel}
		if _, err := testEngine(src).Stream(ctx, sql, nil, sink); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got error %v, want %v", sql, err, context.Canceled)
		}
		if sink.cells > maxPiece {
			t.Errorf("%s: %d values were written after the end", sql, sink.cells)
		}
	}
}

// failSink fails after a number of batches.
type failSink struct{ left int }

var errSink = errors.New("sink is full")

func (s *failSink) Columns([]Column) error { return nil }
func (s *failSink) Batch(*Batch) error {
	if s.left--; s.left < 0 {
		return errSink
	}
	return nil
}

func TestStream_SinkError(t *testing.T) {
	e := testEngine(manySpans(20_000))
	for _, sql := range []string{"SELECT * FROM spans", "SELECT * FROM spans ORDER BY name", "SELECT name, count(*) FROM spans GROUP BY 1"} {
		for n := range 3 {
			_, err := e.Stream(t.Context(), sql, nil, &failSink{left: n})
			if err != nil && !errors.Is(err, errSink) || err == nil && n == 0 {
				t.Errorf("%s: got error %v, want %v", sql, err, errSink)
			}
		}
	}
}

func TestScan_Request(t *testing.T) {
	day := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano()
	for _, c := range []struct {
		where    string
		from, to int64
		preds    string
	}{
		{"timestamp >= '2024-01-01' AND timestamp < '2024-01-02'", day, day + 86400e9, "timestamp >= 2024-01-01T00:00:00.000000000Z; timestamp < 2024-01-02T00:00:00.000000000Z"},
		{"timestamp BETWEEN '2024-01-01' AND '2024-01-02'", day, day + 86400e9 + 1, "timestamp >= 2024-01-01T00:00:00.000000000Z; timestamp <= 2024-01-02T00:00:00.000000000Z"},
		{"service = 'a' OR service IN ('b', 'c')", 0, 0, "service IN a, b, c"},
		{"error AND duration > 1.5s AND 'x' < name", 0, 0, "error = true; duration > 1.5s; name > x"},
		{"name LIKE 'GET %' AND NOT service = 'x'", 0, 0, "name holds GET ; name >= GET "},
		{"service = 'a' OR name = 'b'", 0, 0, ""},
		{"trace_id = 'AB'", 0, 0, "trace_id = ab"},
		{"duration > 5 AND duration < 1.5", 0, 0, "duration > 5ns"},
		{"lower(service) = 'a'", 0, 0, ""},
	} {
		src := manySpans(1)
		if _, err := testEngine(src).Query(t.Context(), "SELECT count(error) FROM spans WHERE "+c.where); err != nil {
			t.Errorf("%s: %v", c.where, err)
			continue
		}
		req := src.reqs[0]
		var preds []string
		for _, p := range req.Where {
			preds = append(preds, plan.PredicateString(p))
		}
		if got := strings.Join(preds, "; "); got != c.preds || req.From != c.from || req.To != c.to {
			t.Errorf("%s:\ngot  [%d, %d) %s\nwant [%d, %d) %s", c.where, req.From, req.To, got, c.from, c.to, c.preds)
		}
	}
}

// TestQuery_HostileReuse runs expressions that use an argument twice, inside
// each other: computed each time anew, they would take until the end of days.
func TestQuery_HostileReuse(t *testing.T) {
	nest := func(depth int, open, inner, end string) string {
		return strings.Repeat(open, depth) + inner + strings.Repeat(end, depth)
	}
	numbers := strings.Repeat(" + 1", 4000)
	for name, sql := range map[string]string{
		"between": "SELECT service = name" + strings.Repeat(" BETWEEN false AND true", 190) + " FROM spans",
		"nullif":  "SELECT " + nest(190, "nullif(", "name", ", service)") + " FROM spans",
		"case":    "SELECT " + nest(190, "CASE ", "name", " WHEN service THEN 'x' WHEN 'y' THEN 'z' ELSE name END") + " FROM spans",
		"in":      "SELECT " + nest(190, "(", "name = service", " IN (true, name = service, false))") + " FROM spans",
		"whens":   "SELECT CASE duration::int" + numbers + strings.Repeat(" WHEN 1 THEN 2", 20_000) + " END FROM spans",
		"order":   "SELECT duration::int" + numbers + " AS x FROM spans ORDER BY x" + strings.Repeat(" + x", 4000),
		"having":  "SELECT count(*)" + numbers + " AS x FROM spans HAVING x" + strings.Repeat(" + x", 4000) + " > 0",
		"group":   "SELECT duration::int" + numbers + " AS x FROM spans GROUP BY x" + strings.Repeat(", x", 99),
	} {
		if _, err := testEngine(manySpans(10)).Query(t.Context(), sql); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	sql := "SELECT count(1)" + strings.Repeat(", count(2)", 2000)
	if _, err := testEngine(manySpans(1)).Query(t.Context(), sql); err != nil {
		t.Errorf("the same aggregate many times: %v", err)
	}
	var b strings.Builder
	for i := range 40_000 {
		fmt.Fprintf(&b, ", sum(%d)", i)
	}
	if _, err := testEngine(manySpans(1)).Query(t.Context(), "SELECT 1"+b.String()); err == nil || !strings.Contains(err.Error(), "more than 1000 aggregates") {
		t.Errorf("many aggregates: got error %v", err)
	}
}

// TestQuery_HostileMemory asks for more at once than the budget holds, before
// anything is kept.
func TestQuery_HostileMemory(t *testing.T) {
	huge := make([]memRow, 20)
	for i := range huge {
		huge[i] = memRow{
			field("timestamp"): types.NewInt(types.Time, testNow.UnixNano()+int64(i)),
			field("name"):      types.NewString(types.String, strings.Repeat("x", 1<<20)+strconv.Itoa(i)),
		}
	}
	table := func(rows []memRow, block int) *memSource {
		return &memSource{tables: map[otlpwire.Signal][]memRow{otlpwire.Traces: rows}, block: block}
	}
	many := manySpans(5000)
	many.block = 5000
	for _, c := range []struct {
		src       *memSource
		sql, want string
	}{
		{table(huge, 20), "SELECT count(*) FROM spans WHERE name LIKE '%y%'", "decoding columns"},
		{table(huge, 20), "SELECT attributes, name FROM spans", "decoding columns"},
		{many, "SELECT CASE" + strings.Repeat(" WHEN duration = 1ns THEN timestamp", 1000) + " END FROM spans", "computing expressions"},
		{many, "SELECT coalesce(nullif(duration, 1ns)" + strings.Repeat(", nullif(duration, 1ns)", 1000) + ") FROM spans", "computing expressions"},
		{many, "SELECT duration * 2" + strings.Repeat(", duration * 2", 1000) + " FROM spans", "computing expressions"},
		{many, "SELECT count(replace(span_id::string || name, '0', repeat)) FROM (SELECT span_id, name, name || name || name || name AS repeat FROM spans)", "computing expressions"},
	} {
		c.sql = strings.ReplaceAll(c.sql, "repeat)", strings.TrimSuffix(strings.Repeat("repeat || ", 10), " || ")+")")
		_, err := New(c.src, Options{MaxMemoryBytes: 4 << 20, Parallel: 1}).Stream(t.Context(), c.sql, nil, &failSink{left: math.MaxInt})
		if !errors.Is(err, plan.ErrLimit) || !strings.Contains(err.Error(), "memory budget of 4 MiB reached at "+c.want) {
			t.Errorf("%.60s: got error %v, want one at %s", c.sql, err, c.want)
		}
	}
	// Blocks of a quarter of the budget, and far more goroutines than that.
	for _, sql := range []string{
		"SELECT name FROM spans", "SELECT name FROM spans LIMIT 19", "SELECT name FROM spans ORDER BY timestamp DESC LIMIT 1",
		"SELECT count(name) FROM spans", "SELECT timestamp FROM (SELECT timestamp, name FROM spans) LIMIT 1",
	} {
		e := New(table(huge, 1), Options{MaxMemoryBytes: 4 << 20, Parallel: 16})
		if _, err := e.Stream(t.Context(), sql, nil, &failSink{left: math.MaxInt}); err != nil {
			t.Errorf("%s: %v", sql, err)
		}
	}
}

// TestQuery_HostilePatterns lets the timeout end matches that would take
// minutes for a single row.
func TestQuery_HostilePatterns(t *testing.T) {
	src := &memSource{block: 1, tables: map[otlpwire.Signal][]memRow{otlpwire.Traces: {{field("name"): types.NewString(types.String, strings.Repeat("a", 8<<20))}}}}
	like := "'%" + strings.Repeat("a", 8000) + "_b%'"
	re := "'(?:" + strings.Repeat("a?", 40) + "){400}b$'"
	for _, sql := range []string{
		"SELECT count(*) FROM spans WHERE name LIKE " + like,
		"SELECT count(*) FROM spans WHERE name ILIKE " + like,
		"SELECT count(*) FROM spans WHERE name ~ " + re,
		"SELECT regexp_extract(name, " + re + ") FROM spans",
	} {
		_, err := New(src, Options{Timeout: 10 * time.Millisecond}).Query(t.Context(), sql)
		if !errors.Is(err, plan.ErrLimit) || !strings.Contains(err.Error(), "timeout of 10ms reached") {
			t.Errorf("%.60s: got error %v", sql, err)
		}
	}
	_, err := New(src, Options{}).Query(t.Context(), "SELECT name LIKE '"+strings.Repeat("a", 8193)+"' FROM spans")
	if err == nil || !strings.Contains(err.Error(), "pattern of 8193 bytes is longer than the limit of 8192") {
		t.Errorf("long pattern: got error %v", err)
	}
}

func TestQuery_DeepNesting(t *testing.T) {
	deep := "SELECT " + strings.Repeat("(", 150) + "1" + strings.Repeat(")", 150) + strings.Repeat("+1", 4000)
	if r, err := testEngine(manySpans(0)).Query(t.Context(), deep); err != nil || render(r) != "4001" {
		t.Errorf("a deep but sane query: %v", err)
	}
}

func TestAppendJSON(t *testing.T) {
	for _, c := range []struct {
		v          any
		json, text string
	}{
		{nil, "null", ""},
		{true, "true", "true"},
		{int64(math.MaxInt64), "9223372036854775807", "9223372036854775807"},
		{1.5, "1.5", "1.5"},
		{1e300, "1e+300", "1e+300"},
		{math.Inf(-1), `"-Infinity"`, "-Infinity"},
		{math.NaN(), `"NaN"`, "NaN"},
		{"a\"\n\x01\xff é", `"a\"\n\u0001\ufffd é"`, "a\"\n\x01\xff é"},
		{[]byte{1, 2}, `"AQI="`, "AQI="},
		{json.RawMessage(`[1]`), "[1]", "[1]"},
		{json.RawMessage(`[1`), `"[1"`, "[1"},
		{testNow, `"2024-01-02T00:00:00.000000000Z"`, "2024-01-02T00:00:00.000000000Z"},
		{time.Second, "1000000000", "1000000000"},
	} {
		if got := string(types.AppendJSON(nil, c.v)); got != c.json {
			t.Errorf("AppendJSON(%v): got %s, want %s", c.v, got, c.json)
		}
		if got := string(types.AppendText(nil, c.v)); got != c.text {
			t.Errorf("AppendText(%v): got %s, want %s", c.v, got, c.text)
		}
	}
}

func TestQuery_LargeGroups(t *testing.T) {
	const n = 60_000
	e := testEngine(manySpans(n))
	r, err := e.Query(t.Context(), "SELECT count(distinct span_id), approx_count_distinct(span_id), p99(duration)::int, count(*) FROM spans")
	if err != nil {
		t.Fatal(err)
	}
	row := r.Rows[0]
	if row[0] != int64(n) || row[3] != int64(n) {
		t.Errorf("got counts %v, want %d", row, n)
	}
	for i, want := range []float64{0, n, 0.99 * n} {
		if got := float64(row[i].(int64)); i > 0 && math.Abs(got-want) > 0.03*want {
			t.Errorf("column %d: got %v, want about %v", i, got, want)
		}
	}
}
