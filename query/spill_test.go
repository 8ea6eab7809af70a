package query

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/ttlog/ttlog/internal/membudget"
	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/spill"
)

// openSpill returns a space of the disk that must be empty at the end.
func openSpill(t *testing.T, o spill.Options) *spill.Space {
	t.Helper()
	o.Dir = filepath.Join(t.TempDir(), "tmp")
	s, err := spill.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		left, err := os.ReadDir(o.Dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) || len(left) > 0 || s.Held() != 0 {
			t.Errorf("left on the disk: %v (%v), %d bytes accounted", left, err, s.Held())
		}
	})
	return s
}

// spillQueries are queries that need much more memory than a few hundred KiB.
var spillQueries = []string{
	"SELECT span_id, count(*) FROM spans GROUP BY span_id",
	"SELECT DISTINCT span_id, name FROM spans",
	"SELECT span_id, name, count(*), sum(duration), avg(duration::float), min(name), max(timestamp), any(service), stddev(duration), p99(duration), count(DISTINCT name), count(DISTINCT name, duration), approx_count_distinct(duration), topk(2, name), histogram(duration) FROM spans GROUP BY span_id, name",
	"SELECT duration % 5000ns AS d, count(DISTINCT span_id), median(duration), topk(3, span_id), count(*) FROM spans GROUP BY d HAVING count(*) > 1",
	"SELECT name, count(*) AS n FROM (SELECT span_id, name FROM spans GROUP BY span_id, name) GROUP BY name",
	"SELECT timestamp, span_id, name, service, duration, duration * 2 FROM spans ORDER BY duration DESC, span_id",
	"SELECT span_id, name FROM spans ORDER BY name",
	"SELECT span_id, name FROM spans ORDER BY name DESC, duration LIMIT 10000 OFFSET 2000",
	"SELECT a.span_id, b.name, b.span_id FROM spans a JOIN spans b ON a.span_id = b.span_id",
	"SELECT a.span_id, b.name, b.service, a.name FROM spans a LEFT JOIN (SELECT span_id, name, service, duration FROM spans WHERE duration > 3000ns) b ON a.span_id = b.span_id AND a.duration < 9000ns",
	"SELECT a.span_id, b.timestamp FROM spans a JOIN spans b ON a.duration = b.duration AND a.name = b.name AND a.timestamp <= b.timestamp",
	"SELECT a.span_id, a.name FROM spans a LEFT SEMI JOIN spans b ON a.span_id = b.span_id AND b.duration != a.duration + 1ns",
	"SELECT span_id, name FROM spans WHERE span_id NOT IN (SELECT span_id FROM spans WHERE duration > 1000ns)",
	"SELECT span_id, span_id IN (SELECT if(duration > 1000ns, span_id, NULL) FROM spans) FROM spans",
	"SELECT span_id, span_id NOT IN (SELECT span_id FROM spans WHERE duration > 1000ns) FROM spans",
	"SELECT count(*) OVER () FROM (SELECT span_id FROM spans GROUP BY span_id ORDER BY span_id LIMIT 10)",
}

// TestSpill_SameRows compares queries with little memory and a disk with the same
// with enough.
func TestSpill_SameRows(t *testing.T) {
	src := manySpans(16_000)
	for _, sql := range spillQueries {
		want, err := New(src, Options{Parallel: 1}).Query(t.Context(), sql)
		if err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
		for _, parallel := range []int{1, 3} {
			// Each worker has a block at work that counts beside what is held.
			e := New(src, Options{Parallel: parallel, MaxMemoryBytes: int64(300+400*parallel) << 10, Spill: openSpill(t, spill.Options{})})
			c := &collector{limit: 1 << 30}
			st, err := e.Stream(t.Context(), sql, nil, c)
			switch {
			case err != nil:
				t.Errorf("%s, %d workers: %v", sql, parallel, err)
				continue
			case st.SpilledBytes == 0 && parallel == 1:
				t.Errorf("%s: nothing was spilled", sql)
			}
			if diff := diffRows(c.r.Rows, want.Rows, true); diff != "" {
				t.Errorf("%s, %d workers: %.500s", sql, parallel, diff)
			}
		}
	}
}

// TestSpill_Explain shows what was put on the disk, where.
func TestSpill_Explain(t *testing.T) {
	e := New(manySpans(16_000), Options{Parallel: 2, MaxMemoryBytes: 700 << 10, Spill: openSpill(t, spill.Options{})})
	r, err := e.Query(t.Context(), "EXPLAIN ANALYZE SELECT span_id, count(*) FROM spans GROUP BY span_id")
	if err != nil {
		t.Fatal(err)
	}
	if text := render(r); !strings.Contains(text, "Aggregate 1 aggregate by 1 key; rows 16000") || !strings.Contains(text, "; spilled ") {
		t.Errorf("got\n%s", text)
	}
	if r.Stats.SpilledBytes == 0 {
		t.Error("the figures say that nothing was spilled")
	}
}

// brokenStorage fails at the n-th write or read.
type brokenStorage struct {
	*os.File
	left *int
}

var errNoSpace = errors.New("no space left on device")

func (b brokenStorage) Write(p []byte) (int, error) {
	if *b.left--; *b.left < 0 {
		return 0, errNoSpace
	}
	return b.File.Write(p)
}

func (b brokenStorage) ReadAt(p []byte, off int64) (int, error) {
	if *b.left--; *b.left < 0 {
		return 0, errNoSpace
	}
	n, err := b.File.ReadAt(p, off)
	if *b.left == 0 && n > 0 {
		p[n/2] ^= 1 // a disk that gives back something else
	}
	return n, err
}

// TestSpill_Broken breaks the disk at some of the writes and reads of queries, and at
// others makes it give back other bytes.
func TestSpill_Broken(t *testing.T) {
	src := manySpans(14_000)
	for _, sql := range slices.Concat(spillQueries[3:6], spillQueries[9:10]) {
		want, err := New(src, Options{Parallel: 1}).Query(t.Context(), sql)
		if err != nil {
			t.Fatal(err)
		}
		for at, done := 0, false; !done; at += 3 + at {
			left := at
			e := New(src, Options{Parallel: 1, MaxMemoryBytes: 700 << 10, Spill: openSpill(t, spill.Options{Create: func(path string) (spill.Storage, error) {
				if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
					return nil, err
				}
				f, err := os.Create(path)
				return brokenStorage{f, &left}, err
			}})})
			c := &collector{limit: 1 << 30}
			_, err := e.Stream(t.Context(), sql, nil, c)
			if done = err == nil; done {
				if diff := diffRows(c.r.Rows, want.Rows, true); diff != "" {
					t.Errorf("%s: %.500s", sql, diff)
				}
			}
		}
	}
}

// TestSpill_Limits runs into what the disk gives, and says which limit that is.
func TestSpill_Limits(t *testing.T) {
	src := manySpans(16_000)
	const sql = "SELECT span_id, count(*) FROM spans GROUP BY span_id"
	readOnly := func(string) (spill.Storage, error) { return nil, fmt.Errorf("open x: %w", fs.ErrPermission) }
	for _, c := range []struct {
		o    spill.Options
		want []string
	}{
		{spill.Options{MaxBytes: 1 << 10, Setting: "--query-spill-max"}, []string{"memory budget of 700 KiB reached at GROUP BY", "--query-spill-max"}},
		{spill.Options{Create: readOnly}, []string{"memory budget of 700 KiB reached at GROUP BY", "permission denied"}},
		{spill.Options{Room: func() error { return errors.New("the disk is full") }}, []string{"memory budget of 700 KiB reached at GROUP BY", "the disk is full"}},
	} {
		_, err := New(src, Options{MaxMemoryBytes: 700 << 10, Spill: openSpill(t, c.o)}).Query(t.Context(), sql)
		for _, want := range c.want {
			if !errors.Is(err, plan.ErrLimit) || !strings.Contains(err.Error(), want) {
				t.Errorf("got error %v, want %q", err, want)
			}
		}
	}
}

// TestSpill_Cancel ends queries in the middle: nothing stays on the disk.
func TestSpill_Cancel(t *testing.T) {
	src := manySpans(14_000)
	for _, sql := range slices.Concat(spillQueries[3:6], spillQueries[9:10]) {
		for at := 0; at < 40; at += 13 {
			ctx, cancel := context.WithCancel(t.Context())
			left := at
			e := New(src, Options{Parallel: 2, MaxMemoryBytes: 1100 << 10, Spill: openSpill(t, spill.Options{Room: func() error {
				if left--; left < 0 {
					cancel()
				}
				return nil
			}})})
			if _, err := e.Stream(ctx, sql, nil, &failSink{left: 1 << 30}); err != nil && !errors.Is(err, context.Canceled) {
				t.Errorf("%s: %v", sql, err)
			}
			cancel()
		}
	}
}

// TestSpill_Leftovers opens a space again that a crash left files in.
func TestSpill_Leftovers(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"1.spill", "17.spill", "other"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := spill.Open(spill.Options{Dir: dir}); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 1 || left[0].Name() != "other" {
		t.Errorf("left: %v, %v", left, err)
	}
}

// TestQuery_FailuresDoNotSlowOthers runs a query beside many that fail for want of
// memory: it does the same work, and nothing of theirs is left.
func TestQuery_FailuresDoNotSlowOthers(t *testing.T) {
	budget := membudget.New(64 << 20)
	src := manySpans(12_000)
	e := New(src, Options{Parallel: 2, Memory: budget, MaxMemoryBytes: 2 << 20, ReserveBytes: 1 << 20})
	const failing, fine = "SELECT topk(3, span_id), count(DISTINCT span_id) FROM spans", "SELECT name, count(*) FROM spans GROUP BY name ORDER BY name"
	want, err := e.Query(t.Context(), fine)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 4 {
				if _, err := e.Query(t.Context(), failing); !errors.Is(err, plan.ErrLimit) {
					t.Errorf("got error %v, want one of the memory", err)
				}
			}
		})
	}
	for range 10 {
		r, err := e.Query(t.Context(), fine)
		if err != nil {
			t.Errorf("beside queries that fail: %v", err)
			continue
		}
		if diff := diffRows(r.Rows, want.Rows, true); diff != "" {
			t.Error(diff)
		}
	}
	wg.Wait()
	if u := budget.Usage(); u.Waiting != 0 || u.Running["queries"] != 0 || u.Refused != 0 || u.Consumers["queries"] != 0 {
		t.Errorf("left of them: %+v", u)
	}
}
