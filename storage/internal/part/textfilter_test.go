package part

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/storage/column"
	"github.com/ttlog/ttlog/storage/internal/table"
)

// The words that texts are made of: some in many texts, some in few.
var textWords = []string{
	"Connection", "closed", "ERROR", "terminating", "PacketResponder", "from", "user=", "Straße", "ПОЛЬЗОВАТЕЛЬ", "日本語のテキスト", "Kelvin", "İstanbul",
	"ſtop", "\x00", "\xff\xfe", "ab", "x", "", "0123456789", "/var/log/messages", "exception:", "NullPointerException",
}

// randomText returns words and numbers, such as templates are found in.
func randomText(rng *rand.Rand, group int) string {
	var b strings.Builder
	for range rng.IntN(6) {
		switch rng.IntN(4) {
		case 0:
			fmt.Fprintf(&b, "%d", rng.IntN(5000))
		case 1:
			fmt.Fprintf(&b, "job %d of group%s failed", rng.IntN(50), strings.Repeat("z", group%7))
		default:
			b.WriteString(textWords[(rng.IntN(4)+group)%len(textWords)])
		}
		b.WriteString([]string{" ", "", "_"}[rng.IntN(3)])
	}
	return b.String()
}

// textTable returns records with random bodies and attributes, whose words change
// in the course of time.
func textTable(t *testing.T, rng *rand.Rand, rows int) *table.Table {
	t.Helper()
	ld := plog.NewLogs()
	records := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	for i := range rows {
		r := records.AppendEmpty()
		r.SetTimestamp(pcommon.Timestamp(1_769_904_000_000_000_000 + 1000*i))
		if rng.IntN(10) > 0 {
			r.Body().SetStr(randomText(rng, i/150))
		}
		if rng.IntN(3) > 0 {
			r.Attributes().PutStr("url", "https://example.com/"+randomText(rng, i/300))
		}
	}
	msg, err := (&plog.ProtoMarshaler{}).MarshalLogs(ld)
	if err != nil {
		t.Fatal(err)
	}
	b, err := table.Decode(otlpwire.Logs, msg)
	if err != nil {
		t.Fatal(err)
	}
	tab := table.New(otlpwire.Logs)
	for _, d := range b.Days() {
		tab.Append(b, d)
	}
	return tab
}

// searchRows returns the texts of the rows that a search leaves, and how many row
// groups it leaves out.
func searchRows(t *testing.T, p *Part, where column.Predicate, lost *atomic.Int64) (texts []string, pruned int) {
	t.Helper()
	search := table.TextsOf(&where)
	blocks, pruned, err := p.Blocks(Filter{From: math.MinInt64, To: math.MaxInt64, Where: []column.Predicate{where}, Lost: lost})
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range blocks {
		found, err := b.(column.Narrower).Narrow([]column.Predicate{where}, nil)
		if err != nil {
			t.Fatal(err)
		}
		some := b.(column.Selector).Select(found.Rows.List())
		v, err := some.Vector(where.Ref)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for i := range some.Rows() {
			if v == nil || v.Valid != nil && v.Valid[i/64]&(1<<(i%64)) == 0 {
				continue
			}
			at := i
			if v.RunEnds != nil {
				at, _ = slices.BinarySearch(v.RunEnds, uint32(i)+1)
			}
			if s := v.Dict[v.Codes[at]]; search.In(s) {
				texts = append(texts, s)
				n++
			}
		}
		if found.Met[0] && n != some.Rows() {
			t.Fatalf("%v: %d of %d rows that are said to match do", where, n, some.Rows())
		}
	}
	slices.Sort(texts)
	return texts, pruned
}

func searches(rng *rand.Rand, texts []string) (list []column.Predicate) {
	refs := []column.Ref{{Name: "body", Type: column.TypeString}, {Place: column.PlaceRecord, Name: "url", Type: column.TypeString}}
	add := func(texts ...string) {
		for i, ref := range refs {
			p := column.Predicate{Ref: ref, Op: column.Holds}
			if rng.IntN(2) == i {
				p.Op = column.HoldsFold
			}
			for _, s := range texts {
				p.Values = append(p.Values, column.Value{Type: column.TypeString, Str: s})
			}
			list = append(list, p)
		}
	}
	for range 60 {
		s := texts[rng.IntN(len(texts))]
		from := rng.IntN(len(s) + 1)
		if s = s[from:min(len(s), from+1+rng.IntN(15))]; s != "" {
			add(s)
			add(strings.ToUpper(s), "none has this")
		}
	}
	add("none has this")
	add(strings.Repeat("terminating", 50))
	add("zzzz", "terminating")
	add("kelvin")
	add("stanbul")
	return list
}

// TestTexts_LeavesOutNoRow looks for random texts in the parts that flushes and
// merges write, beside a search of all rows.
func TestTexts_LeavesOutNoRow(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 9))
	o := Options{GroupRows: 400, PageValues: 32}
	var flushed, merged bytes.Buffer
	if _, err := Write(&flushed, o, textTable(t, rng, 3000)); err != nil {
		t.Fatal(err)
	}
	p := openBytes(t, flushed.Bytes())
	if _, err := Merge(&merged, o, p); err != nil {
		t.Fatal(err)
	}
	for name, p := range map[string]*Part{"flushed": p, "merged": openBytes(t, merged.Bytes())} {
		if err := p.Verify(); err != nil {
			t.Fatal(err)
		}
		all := map[string][]string{}
		for _, ref := range []string{"body", "url"} {
			all[ref] = allTexts(t, p, ref)
		}
		left := 0
		for _, where := range searches(rng, all["body"]) {
			search := table.TextsOf(&where)
			want := slices.DeleteFunc(slices.Clone(all[where.Ref.Name]), func(s string) bool { return !search.In(s) })
			got, pruned := searchRows(t, p, where, nil)
			if !slices.Equal(got, want) {
				t.Fatalf("%s: %v: %d rows, want %d", name, where, len(got), len(want))
			}
			left += pruned
		}
		if left == 0 || !hasTextFilter(p) {
			t.Errorf("%s: %d row groups left out, text filters: %t", name, left, hasTextFilter(p))
		}
	}
}

// TestTexts_ReadsGolden looks for texts in a part that an earlier version wrote.
func TestTexts_ReadsGolden(t *testing.T) {
	path := filepath.Join("testdata", "v3-texts.part")
	rng := rand.New(rand.NewPCG(6, 9))
	if _, err := os.Stat(path); flag.Lookup("update").Value.String() == "true" && errors.Is(err, os.ErrNotExist) {
		var file bytes.Buffer
		if _, err := Write(&file, Options{GroupRows: 100, PageValues: 16}, textTable(t, rng, 200)); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, file.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	p := openBytes(t, file)
	if err := p.Verify(); err != nil {
		t.Fatal(err)
	}
	if !hasTextFilter(p) {
		t.Error("no text filters")
	}
	all := allTexts(t, p, "body")
	for _, where := range searches(rng, all) {
		if where.Ref.Name != "body" {
			continue
		}
		search := table.TextsOf(&where)
		want := slices.DeleteFunc(slices.Clone(all), func(s string) bool { return !search.In(s) })
		if got, _ := searchRows(t, p, where, nil); !slices.Equal(got, want) {
			t.Errorf("%v: %d rows, want %d", where, len(got), len(want))
		}
	}
}

// TestTexts_DamagedFilter flips a bit in every text filter: rows are found as
// before, and it is counted.
func TestTexts_DamagedFilter(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 9))
	var file bytes.Buffer
	if _, err := Write(&file, Options{GroupRows: 400, PageValues: 32}, textTable(t, rng, 2000)); err != nil {
		t.Fatal(err)
	}
	p := openBytes(t, file.Bytes())
	texts := allTexts(t, p, "body")
	list := searches(rng, texts)
	want := make([][]string, len(list))
	for i, where := range list {
		want[i], _ = searchRows(t, p, where, nil)
	}
	for i := range p.footer.groups {
		for _, set := range p.footer.groups[i].rows.sets {
			for _, c := range set.cols {
				if ref := c.leaf.text; ref.size > 0 {
					file.Bytes()[ref.off+rng.Int64N(int64(ref.size))] ^= 1 << rng.IntN(8)
				}
			}
		}
	}
	if p.Verify() == nil {
		t.Error("damage is not seen")
	}
	var lost atomic.Int64
	for i, where := range list {
		if got, _ := searchRows(t, p, where, &lost); !slices.Equal(got, want[i]) {
			t.Fatalf("%v: %d rows, want %d", where, len(got), len(want[i]))
		}
	}
	if lost.Load() == 0 {
		t.Error("damage is not counted")
	}
}

func hasTextFilter(p *Part) bool {
	return slices.ContainsFunc(p.Usage(), func(u Usage) bool { return u.Column == "(text filters)" && u.Bytes > 0 })
}

// TestGrams_InsideText checks that a text has the grams of all of its parts.
func TestGrams_InsideText(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 9))
	var all grams
	for range 5000 {
		s := randomText(rng, rng.IntN(100))
		from := rng.IntN(len(s) + 1)
		text := s[from : from+rng.IntN(len(s)-from+1)]
		for _, inner := range []string{text, strings.ToLower(text)} {
			if !strings.Contains(s, inner) && !strings.Contains(strings.ToLower(s), inner) {
				continue
			}
			all.reset()
			all.add(s)
			for _, g := range gramsOf(inner) {
				if !slices.Contains(all.list, g) {
					t.Fatalf("%q has no gram %x of %q", s, g, inner)
				}
			}
		}
	}
}

func openBytes(t *testing.T, file []byte) *Part {
	t.Helper()
	p, err := Open(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// allTexts returns the strings of a column, of all rows that have one.
func allTexts(t *testing.T, p *Part, name string) []string {
	t.Helper()
	ref := column.Ref{Name: name, Type: column.TypeString}
	if name != "body" {
		ref.Place = column.PlaceRecord
	}
	var all []string
	for i := range p.footer.groups {
		c := source{p: p}.rowGroup(&p.footer.groups[i])
		if err := c.EnsureAll(); err != nil {
			t.Fatal(err)
		}
		for k, set := range c.Rows.Sets {
			for _, col := range set.Cols {
				if (k == table.SetBody) == (name == "body") && (name == "body" || col.Key == name) {
					for i := range col.N {
						all = append(all, col.Leaf.Str(i))
					}
				}
			}
		}
	}
	slices.Sort(all)
	return all
}
