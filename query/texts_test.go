package query

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/storage"
)

// textRecord is what the texts of a record are: "" is none.
type textRecord struct{ body, path string }

// TestTexts_AreFound asks for texts of records in parts and in memory: the rules
// on and off, and a search of the records themselves agree.
func TestTexts_AreFound(t *testing.T) {
	s, err := storage.Open(t.TempDir(), storage.Options{NoBackgroundCompaction: true, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	rng := rand.New(rand.NewPCG(11, 3))
	var records []textRecord
	for day := range 4 {
		records = append(records, appendTexts(t, s, rng, day)...)
		if day == 3 {
			break // stays in memory
		}
		if err := s.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		if day == 1 {
			if err := s.Compact(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	e := New(FromStore(s), Options{Parallel: 2})
	e.kept = nil
	for _, c := range textConditions(rng, records) {
		want := 0
		for _, r := range records {
			if c.is(r) {
				want++
			}
		}
		for _, skip := range [][]string{nil, {"prune_scan"}, {"push_filters"}, {"metadata"}} {
			e.skip = skip
			for _, what := range []string{"count(*)", "count(body)"} {
				got, err := e.Query(t.Context(), "SELECT "+what+" AS n FROM logs WHERE "+c.sql)
				if err != nil {
					t.Fatalf("%s: %v", c.sql, err)
				}
				if n := fmt.Sprint(got.Rows[0][0]); what == "count(*)" && n != fmt.Sprint(want) {
					t.Fatalf("%s: %s rows without %v, want %d", c.sql, n, skip, want)
				}
			}
			if got, err := e.Query(t.Context(), "SELECT body, path FROM logs WHERE "+c.sql+" ORDER BY timestamp DESC LIMIT 20"); err != nil || len(got.Rows) != min(want, 20) {
				t.Fatalf("%s: the newest are %d without %v, %v", c.sql, len(got.Rows), skip, err)
			}
		}
	}
}

// TestTexts_Explain names what was left out.
func TestTexts_Explain(t *testing.T) {
	s, err := storage.Open(t.TempDir(), storage.Options{NoBackgroundCompaction: true, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	appendTexts(t, s, rand.New(rand.NewPCG(1, 3)), 1)
	if err := s.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	got, err := New(FromStore(s), Options{}).Query(t.Context(), "EXPLAIN ANALYZE SELECT count(*) FROM logs WHERE body ~ 'terminating.*nobody'")
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(got.Rows)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"prune by body holds terminating and body holds nobody", "row groups left out: 1 by texts"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %q in %s", want, text)
		}
	}
}

// appendTexts appends records of a day, whose words are partly those of the day
// alone.
func appendTexts(t *testing.T, s *storage.Store, rng *rand.Rand, day int) (records []textRecord) {
	t.Helper()
	words := []string{"Connection closed", "ERROR:", "Terminating", "Straße", "ПОЛЬЗОВАТЕЛЬ", "Kelvin", "ſtop", "İd", "a%b_c", `back\slash`, strings.Repeat("day", day+1)}
	ld := plog.NewLogs()
	list := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	start := time.Date(2026, 1, 10+day, 0, 0, 0, 0, time.UTC)
	for i := range 800 {
		r, rec := list.AppendEmpty(), textRecord{}
		r.SetTimestamp(pcommon.NewTimestampFromTime(start.Add(time.Duration(i) * time.Second)))
		if rng.IntN(8) > 0 {
			rec.body = fmt.Sprintf("%s job %d of %s", words[rng.IntN(len(words))], rng.IntN(300), words[rng.IntN(len(words))])
			if rng.IntN(6) == 0 {
				rec.body = fmt.Sprintf("%x %s", rng.Uint64(), rec.body)
			}
			r.Body().SetStr(rec.body)
		}
		if rng.IntN(2) == 0 {
			rec.path = fmt.Sprintf("/v%d/%s/%d", day, words[rng.IntN(len(words))], rng.IntN(1000))
			r.Attributes().PutStr("path", rec.path)
		}
		records = append(records, rec)
	}
	msg, err := (&plog.ProtoMarshaler{}).MarshalLogs(ld)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Append(t.Context(), otlpwire.Logs, msg, 0); err != nil {
		t.Fatal(err)
	}
	return records
}

type textCondition struct {
	sql string
	is  func(r textRecord) bool
}

func textConditions(rng *rand.Rand, records []textRecord) (list []textCondition) {
	quoted := func(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
	add := func(sql string, is func(r textRecord) bool) { list = append(list, textCondition{sql, is}) }
	for range 10 {
		r := records[rng.IntN(len(records))]
		text := []rune(r.body)
		if len(text) == 0 {
			continue
		}
		from := rng.IntN(len(text))
		x := string(text[from:min(len(text), from+1+rng.IntN(12))])
		y := []string{"terminating", "nobody", "day", "KELVIN", "Straße"}[rng.IntN(5)]
		lower := strings.ToLower
		add("contains(body, "+quoted(x)+")", func(r textRecord) bool { return strings.Contains(r.body, x) })
		add("NOT contains(body, "+quoted(x)+")", func(r textRecord) bool { return r.body != "" && !strings.Contains(r.body, x) })
		add("contains(body, "+quoted(x)+") OR contains(body, "+quoted(y)+")", func(r textRecord) bool { return strings.Contains(r.body, x) || strings.Contains(r.body, y) })
		add("contains(body, "+quoted(x)+") AND contains(path, '/v1/')", func(r textRecord) bool { return strings.Contains(r.body, x) && strings.Contains(r.path, "/v1/") })
		add("(contains(body, "+quoted(x)+") AND path IS NOT NULL) OR contains(body, 'none has it')", func(r textRecord) bool { return strings.Contains(r.body, x) && r.path != "" })
		add("starts_with(body, "+quoted(x)+")", func(r textRecord) bool { return r.body != "" && strings.HasPrefix(r.body, x) })
		add("ends_with(path, "+quoted(x)+")", func(r textRecord) bool { return r.path != "" && strings.HasSuffix(r.path, x) })
		add("contains(lower(body), "+quoted(lower(y))+")", func(r textRecord) bool { return strings.Contains(lower(r.body), lower(y)) })
		add("contains(lower(body), "+quoted(y)+")", func(r textRecord) bool { return strings.Contains(lower(r.body), y) })
		if !strings.ContainsAny(x, `%_\`) {
			add("body LIKE "+quoted("%"+x+"%"), func(r textRecord) bool { return r.body != "" && strings.Contains(r.body, x) })
			add("body ILIKE "+quoted("%"+x+"%"), func(r textRecord) bool { return r.body != "" && strings.Contains(lower(r.body), lower(x)) })
			add("path ILIKE "+quoted("%"+y+"%"+x), func(r textRecord) bool {
				i := strings.Index(lower(r.path), lower(y))
				return i >= 0 && strings.HasSuffix(lower(r.path[i+len(y):]), lower(x))
			})
		}
		for _, pattern := range []string{regexp.QuoteMeta(x), "(?i)" + regexp.QuoteMeta(x), "(?i)stop|kelvin", "[Tt]erminating.*" + regexp.QuoteMeta(y), "^" + regexp.QuoteMeta(x), "(job|none) [0-9]+ of (day)+$"} {
			re := regexp.MustCompile(pattern)
			add("body ~ "+quoted(pattern), func(r textRecord) bool { return r.body != "" && re.MatchString(r.body) })
			add("path !~ "+quoted(pattern), func(r textRecord) bool { return r.path != "" && !re.MatchString(r.path) })
		}
	}
	add("contains(body, '')", func(r textRecord) bool { return r.body != "" })
	add("body LIKE '%a\\%b\\_c%'", func(r textRecord) bool { return strings.Contains(r.body, "a%b_c") })
	add("body LIKE '%back\\\\slash%'", func(r textRecord) bool { return strings.Contains(r.body, `back\slash`) })
	add("body ILIKE '%K%d_y'", func(r textRecord) bool { return regexp.MustCompile("k.*d.y$").MatchString(strings.ToLower(r.body)) })
	return list
}
