package part_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/storage/column"
	"github.com/ttlog/ttlog/storage/internal/part"
	"github.com/ttlog/ttlog/storage/internal/table"
	"github.com/ttlog/ttlog/storage/internal/tabletest"
)

var update = flag.Bool("update", false, "write the golden parts that are absent")

// full returns a part of the hand-made records.
func full(t testing.TB, s otlpwire.Signal, o part.Options) []byte {
	t.Helper()
	return write(t, o, fill(t, s, tabletest.Full(s)))
}

func fullCounts(t testing.TB, s otlpwire.Signal) tabletest.Counts {
	t.Helper()
	counts := tabletest.Counts{}
	for _, m := range tabletest.Full(s) {
		counts.Add(t, s, m, 1)
	}
	return counts
}

func TestPart_KeepsEveryField(t *testing.T) {
	for _, s := range signals {
		for _, rows := range []int{1, 7, 0} {
			t.Run(fmt.Sprintf("%s/rows=%d", s, rows), func(t *testing.T) {
				p := open(t, full(t, s, part.Options{GroupRows: rows}))
				if err := p.Verify(); err != nil {
					t.Fatal(err)
				}
				counts := fullCounts(t, s)
				takeAway(t, counts, s, p)
				counts.Zero(t, s)
				var buf bytes.Buffer
				if _, err := part.Merge(&buf, part.Options{}, p, p); err != nil {
					t.Fatal(err)
				}
				merged := open(t, buf.Bytes())
				counts = fullCounts(t, s)
				for r := range counts {
					counts[r] *= 2
				}
				takeAway(t, counts, s, merged)
				counts.Zero(t, s)
			})
		}
	}
}

// TestPart_ReadsGolden reads parts that earlier versions wrote. A part that is
// absent is written with -update; one that is there stays for ever.
func TestPart_ReadsGolden(t *testing.T) {
	for _, s := range signals {
		for _, version := range []string{"v1", "v2", "v3", "v4"} {
			t.Run(version+"/"+s.String(), func(t *testing.T) {
				path := filepath.Join("testdata", version+"-"+s.String()+".part")
				if _, err := os.Stat(path); *update && errors.Is(err, os.ErrNotExist) {
					p := open(t, full(t, s, part.Options{GroupRows: 20, PageValues: 8}))
					var file bytes.Buffer
					if _, err := part.Merge(&file, part.Options{GroupRows: 50, PageValues: 8}, p); err != nil {
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
				p := open(t, file)
				if err := p.Verify(); err != nil {
					t.Fatal(err)
				}
				counts := fullCounts(t, s)
				takeAway(t, counts, s, p)
				counts.Zero(t, s)
				equalColumns(t, s, fill(t, s, tabletest.Full(s)), p)
				for i, b := range blocks(t, p) {
					sameRows(t, s, b, blocks(t, p)[i], everySecond(b.Rows()))
				}
			})
		}
	}
}

// TestBlocks_EqualTable compares every column of a part with the same rows in
// memory, by record.
func TestBlocks_EqualTable(t *testing.T) {
	for _, s := range signals {
		t.Run(s.String(), func(t *testing.T) {
			tab := fill(t, s, tabletest.Full(s))
			equalColumns(t, s, tab, open(t, write(t, part.Options{GroupRows: 13, PageValues: 2}, tab)))
		})
	}
}

func equalColumns(t *testing.T, s otlpwire.Signal, tab *table.Table, p *part.Part) {
	t.Helper()
	fromPart, fromTable := map[string]int{}, map[string]int{}
	refs := table.FixedColumns(s)
	for _, b := range tab.Blocks() {
		refs = append(refs, b.Columns()...)
	}
	cols, err := p.Columns()
	if err != nil {
		t.Fatal(err)
	}
	for _, ref := range refs[len(table.FixedColumns(s)):] {
		if !slices.Contains(cols, ref) {
			t.Errorf("%v is not among the columns of the part", ref)
		}
	}
	for _, b := range blocks(t, p) {
		countRows(t, b, refs, fromPart)
	}
	for _, b := range tab.Blocks() {
		countRows(t, b, refs, fromTable)
	}
	if diff := cmp.Diff(fromTable, fromPart); diff != "" {
		t.Error(diff)
	}
}

// countRows counts the rows of a block, each printed with all its values and,
// read the other way, its attributes.
func countRows(t testing.TB, b column.Block, refs []column.Ref, counts map[string]int) {
	t.Helper()
	rows := make([]string, b.Rows())
	for _, ref := range refs {
		v, err := b.Vector(ref)
		if err != nil {
			t.Fatal(err)
		}
		run := 0
		for i := range rows {
			if v == nil || v.Valid != nil && v.Valid[i/64]>>(i%64)&1 == 0 {
				continue
			}
			at := i
			if v.RunEnds != nil {
				for uint32(i) >= v.RunEnds[run] {
					run++
				}
				at = run
			}
			switch {
			case v.Ints != nil:
				rows[i] += fmt.Sprintf("%s=%d;", ref.Name, v.Ints[at])
			case v.Floats != nil:
				rows[i] += fmt.Sprintf("%s=%v;", ref.Name, v.Floats[at])
			default:
				rows[i] += fmt.Sprintf("%s=%q;", ref.Name, v.Dict[v.Codes[at]])
			}
		}
	}
	attrs, err := b.Attributes(column.PlaceRecord)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range rows {
		list, err := attrs.Append(nil, i)
		if err != nil {
			t.Fatal(err)
		}
		counts[fmt.Sprintf("%s %v", r, list)]++
	}
}

// TestOpen_RefusesTruncated cuts a part at every byte.
func TestOpen_RefusesTruncated(t *testing.T) {
	for _, s := range signals {
		file := full(t, s, part.Options{})
		for n := range file {
			if _, err := part.Open(bytes.NewReader(file[:n]), int64(n)); !errors.Is(err, part.ErrCorrupt) {
				t.Fatalf("%s cut at byte %d of %d: error %v", s, n, len(file), err)
			}
		}
	}
}

// TestVerify_FindsAnyFlip changes a bit of bytes all over a part: none goes
// unnoticed.
func TestVerify_FindsAnyFlip(t *testing.T) {
	for _, s := range signals {
		file := full(t, s, part.Options{GroupRows: 40})
		for i := 0; i < len(file); i += 1 + len(file)/700 {
			file[i] ^= 1 << (i % 8)
			p, err := part.Open(bytes.NewReader(file), int64(len(file)))
			if err == nil {
				err = p.Verify()
			}
			if err == nil {
				t.Fatalf("%s: changed byte %d of %d goes unnoticed", s, i, len(file))
			}
			file[i] ^= 1 << (i % 8)
		}
	}
}

// findTrace appends the rows of a trace to dst.
func findTrace(p *part.Part, dst []byte, id [16]byte, c *part.TraceCache) ([]byte, int, error) {
	rows, err := p.FindTrace(id, c, new(atomic.Int64), func(piece []byte) error {
		dst = append(dst, piece...)
		return nil
	})
	return dst, rows, err
}

func TestFindTrace(t *testing.T) {
	s := otlpwire.Traces
	p := open(t, full(t, s, part.Options{GroupRows: 9}))
	id := [16]byte{2, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 2}
	want := 0
	for r := range fullCounts(t, s) {
		// The id stands in the span's own field and in links.
		if bytes.Contains([]byte(r), append([]byte{0x0a, 16}, id[:]...)) {
			want++
		}
	}
	out, rows, err := findTrace(p, nil, id, nil)
	if err != nil {
		t.Fatal(err)
	}
	records, err := tabletest.Records(s, out)
	if err != nil || len(records) != rows || rows == 0 || rows > want {
		t.Errorf("%d rows, %d records, at most %d wanted, error %v", rows, len(records), want, err)
	}
	if out, rows, err := findTrace(p, []byte("x"), [16]byte{9}, nil); string(out) != "x" || rows != 0 || err != nil {
		t.Errorf("trace that is not there: %q, %d rows, error %v", out, rows, err)
	}
}

// TestBlocks_LeaveOut checks which filters leave a part's only row group out.
func TestBlocks_LeaveOut(t *testing.T) {
	p := open(t, write(t, part.Options{}, fill(t, otlpwire.Traces, tabletest.Full(otlpwire.Traces)[:1])))
	field := func(name string) column.Ref { return column.Ref{Place: column.PlaceField, Name: name} }
	attr := func(name string, typ column.Type) column.Ref {
		return column.Ref{Place: column.PlaceRecord, Name: name, Type: typ}
	}
	str := func(s string) column.Value { return column.Value{Type: column.TypeString, Str: s} }
	num := func(n int64) column.Value { return column.Value{Type: column.TypeInt64, Int: n} }
	where := func(ref column.Ref, op column.Op, v ...column.Value) part.Filter {
		return part.Filter{Where: []column.Predicate{{Ref: ref, Op: op, Values: v}}}
	}
	id := string([]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 1})
	for i, c := range []struct {
		f    part.Filter
		keep bool
	}{
		{part.Filter{}, true},
		{part.Filter{From: tabletest.Start, To: tabletest.Start + 1}, true},
		{part.Filter{From: tabletest.Start + 1e12, To: math.MaxInt64}, false},
		{part.Filter{From: math.MinInt64, To: 0}, false},
		{part.Filter{From: math.MinInt64, To: 1}, true}, // a span has no time
		{where(field("service"), column.Eq, str("shop")), true},
		{where(field("service"), column.In, str("none"), str("cart")), true},
		{where(field("service"), column.Eq, str("none")), false},
		{where(field("service"), column.Ne, str("none")), true},
		{where(field("duration"), column.Gt, num(1e9)), false},
		{where(field("duration"), column.Gt, num(10)), true},
		{where(field("duration"), column.Lt, num(0)), false},
		{where(field("duration"), column.Eq, num(0)), true},
		{where(field("trace_id"), column.Eq, column.Value{Type: column.TypeID, Str: id}), true},
		{where(field("trace_id"), column.Eq, column.Value{Type: column.TypeID, Str: "\x77" + id[1:]}), false},
		{where(attr("string", column.TypeString), column.Eq, str("text")), true},
		{where(attr("string", column.TypeInt64), column.Eq, num(1)), false},
		{where(attr("int", column.TypeInt64), column.Eq, num(-42)), true},
		{where(attr("int", column.TypeInt64), column.Eq, num(42)), false},
		{where(attr("int", column.TypeInt64), column.Gt, column.Value{Type: column.TypeFloat64, Float: 1.5}), true},
		{where(attr("none", column.TypeString), column.Eq, str("text")), false},
		{where(field("name"), column.Eq, str("GET /")), true},
	} {
		blocks, pruned, err := p.Blocks(c.f)
		if err != nil {
			t.Fatal(err)
		}
		if len(blocks)+pruned != 1 || (len(blocks) == 1) != c.keep {
			t.Errorf("filter %d %+v: %d blocks, want kept %v", i, c.f, len(blocks), c.keep)
		}
	}
}

// TestEach_StopsWhenNoMoreIsWanted: row groups behind are not looked at.
func TestEach_StopsWhenNoMoreIsWanted(t *testing.T) {
	p := open(t, full(t, otlpwire.Traces, part.Options{GroupRows: 4}))
	var read atomic.Int64
	where := []column.Predicate{{Ref: column.Ref{Name: "trace_id"}, Op: column.Eq, Values: []column.Value{{Type: column.TypeID, Str: "nobody has this."}}}}
	if kept, pruned, err := p.Each(part.Filter{Where: where, Read: &read}, func(column.Block) bool { return true }); err != nil || kept+pruned != p.Info().Groups {
		t.Fatal(kept, pruned, err)
	}
	if read.Load() == 0 {
		t.Error("no filter was read")
	}
	kept, pruned, err := p.Each(part.Filter{}, func(column.Block) bool { return false })
	if err != nil || kept != 1 || pruned != 0 {
		t.Error(kept, pruned, err)
	}
}

// TestBlocks_ReadOnlyWhatIsAsked counts the bytes read for one column.
func TestBlocks_ReadOnlyWhatIsAsked(t *testing.T) {
	file := full(t, otlpwire.Traces, part.Options{})
	var read atomic.Int64
	got, _, err := open(t, file).Blocks(part.Filter{Read: &read})
	if err != nil || len(got) != 1 {
		t.Fatalf("%d blocks, error %v", len(got), err)
	}
	if read.Load() != 0 {
		t.Errorf("%d bytes read before a column is asked for", read.Load())
	}
	if _, err := got[0].Vector(column.Ref{Place: column.PlaceField, Name: "kind"}); err != nil {
		t.Fatal(err)
	}
	if n := read.Load(); n == 0 || n > int64(len(file)/10) {
		t.Errorf("one column takes %d of %d bytes", n, len(file))
	}
}

func TestWrite_RefusesNothing(t *testing.T) {
	if _, err := part.Write(&bytes.Buffer{}, part.Options{}, table.New(otlpwire.Logs)); err == nil {
		t.Error("a part without rows was written")
	}
	if _, err := part.Merge(&bytes.Buffer{}, part.Options{}); err == nil {
		t.Error("no parts were merged")
	}
}

// TestWrite_SameWhateverTheTables writes the captured rows from one table and
// from several: nothing in a part, its estimate of memory included, depends on
// how its rows were held before.
func TestWrite_SameWhateverTheTables(t *testing.T) {
	for _, s := range signals {
		t.Run(s.String(), func(t *testing.T) {
			messages := tabletest.Messages(t, tabletest.File(s))
			messages = messages[:min(len(messages), 40)]
			one := write(t, part.Options{}, fill(t, s, messages))
			var tables []*table.Table
			for len(messages) > 0 {
				n := min(7, len(messages))
				tables = append(tables, fill(t, s, messages[:n]))
				messages = messages[n:]
			}
			if several := write(t, part.Options{}, tables...); !bytes.Equal(one, several) {
				t.Errorf("%d bytes from one table, others, %d, from %d", len(one), len(several), len(tables))
			}
		})
	}
}
