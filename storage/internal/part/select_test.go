package part_test

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/storage/column"
	"github.com/ttlog/ttlog/storage/internal/part"
	"github.com/ttlog/ttlog/storage/internal/table"
	"github.com/ttlog/ttlog/storage/internal/tabletest"
)

// valuesOf returns the values of a column as text, one a row.
func valuesOf(t testing.TB, b column.Block, ref column.Ref) []string {
	t.Helper()
	out := slices.Repeat([]string{"NULL"}, b.Rows())
	v, err := b.Vector(ref)
	if err != nil {
		t.Fatalf("%v: %v", ref, err)
	}
	if v == nil {
		return out
	}
	if v.Len != b.Rows() {
		t.Fatalf("%v has %d values, %d rows", ref, v.Len, b.Rows())
	}
	run := 0
	for i := range out {
		at := i
		if v.RunEnds != nil {
			for int(v.RunEnds[run]) <= i {
				run++
			}
			at = run
		}
		switch {
		case v.Valid != nil && v.Valid[i/64]>>(i%64)&1 == 0:
		case v.Ints != nil:
			out[i] = fmt.Sprint(v.Ints[at])
		case v.Floats != nil:
			out[i] = fmt.Sprint(v.Floats[at])
		default:
			out[i] = fmt.Sprintf("%q", v.Dict[v.Codes[at]])
		}
	}
	return out
}

func refsOf(s otlpwire.Signal, b column.Block) []column.Ref {
	return append(table.FixedColumns(s), b.Columns()...)
}

// sameRows checks that some rows of a block, read alone, are what they are
// among all. fresh is the same block of which nothing was read yet.
func sameRows(t *testing.T, s otlpwire.Signal, whole, fresh column.Block, rows []uint32) {
	t.Helper()
	some := fresh.(column.Selector).Select(rows)
	if some.Rows() != len(rows) {
		t.Fatalf("%d rows, want %d", some.Rows(), len(rows))
	}
	for _, ref := range refsOf(s, whole) {
		all, got := valuesOf(t, whole, ref), valuesOf(t, some, ref)
		for k, row := range rows {
			if got[k] != all[row] {
				t.Fatalf("%v of row %d is %s alone, %s among all", ref, row, got[k], all[row])
			}
		}
	}
	want, err := whole.AppendOTLP(nil, rows)
	if err != nil {
		t.Fatal(err)
	}
	got, err := some.AppendOTLP(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Fatalf("OTLP of rows %v differs", rows)
	}
	for _, place := range []column.Place{column.PlaceRecord, column.PlaceResource, column.PlaceScope} {
		sameAttributes(t, whole, some, place, rows)
	}
}

func sameAttributes(t *testing.T, whole, some column.Block, place column.Place, rows []uint32) {
	t.Helper()
	all, err := whole.Attributes(place)
	if err != nil {
		t.Fatal(err)
	}
	few, err := some.Attributes(place)
	if err != nil {
		t.Fatal(err)
	}
	for k, row := range rows {
		want, err := all.Append(nil, int(row))
		if err != nil {
			t.Fatal(err)
		}
		got, err := few.Append(nil, k)
		if err != nil {
			t.Fatal(err)
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("attributes of row %d are %v alone, %v among all", row, got, want)
		}
	}
}

// someRows returns about n rising row numbers below limit.
func someRows(r *rand.Rand, n, limit int) []uint32 {
	var rows []uint32
	for range n {
		rows = append(rows, uint32(r.IntN(limit)))
	}
	slices.Sort(rows)
	return slices.Compact(rows)
}

// TestSelect_IsTheSameRows reads rows alone, of every signal, of captured
// telemetry and of messages with everything in them.
func TestSelect_IsTheSameRows(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, s := range signals {
		for name, messages := range map[string][][]byte{"captured": tabletest.Messages(t, tabletest.File(s)), "full": tabletest.Full(s)} {
			t.Run(s.String()+"/"+name, func(t *testing.T) {
				if len(messages) > 12 {
					messages = messages[:12]
				}
				tab := fill(t, s, messages)
				file := write(t, part.Options{PageValues: 64}, tab)
				for i, b := range blocks(t, open(t, file)) {
					for _, n := range []int{1, 3, 200} {
						rows := someRows(r, n, b.Rows())
						sameRows(t, s, b, blocks(t, open(t, file))[i], rows)
						sameRows(t, s, b, b, rows) // what is decoded is shared
						half := blocks(t, open(t, file))[i].(column.Selector).Select(everySecond(b.Rows()))
						sameRows(t, s, half, half, someRows(r, n, half.Rows()))
					}
					sameRows(t, s, b, blocks(t, open(t, file))[i], []uint32{})
					sameRows(t, s, b, blocks(t, open(t, file))[i], someRows(r, 2*b.Rows(), b.Rows()))
				}
				for _, b := range tab.Blocks() {
					sameRows(t, s, b, b, someRows(r, 20, b.Rows()))
				}
			})
		}
	}
}

func merge(t testing.TB, o part.Options, file []byte) []byte {
	t.Helper()
	var buf bytes.Buffer
	if _, err := part.Merge(&buf, o, open(t, file)); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func everySecond(n int) (rows []uint32) {
	for i := 0; i < n; i += 2 {
		rows = append(rows, uint32(i))
	}
	return rows
}

// constants returns predicates of a column that some row may satisfy, made of
// what the rows have.
func constants(r *rand.Rand, b column.Block, ref column.Ref) (out []column.Predicate) {
	v, err := b.Vector(ref)
	if err != nil || v == nil {
		return nil
	}
	ref.Type = v.Type
	add := func(op column.Op, values ...column.Value) {
		out = append(out, column.Predicate{Ref: ref, Op: op, Values: values})
	}
	for range 2 {
		switch {
		case len(v.Ints) > 0:
			x := column.Value{Type: v.Type, Int: v.Ints[r.IntN(len(v.Ints))]}
			y := column.Value{Type: v.Type, Int: v.Ints[r.IntN(len(v.Ints))]}
			add(column.Op(1+r.IntN(6)), x)
			add(column.Eq, x)
			add(column.In, x, y)
		case len(v.Codes) > 0:
			x := column.Value{Type: v.Type, Str: v.Dict[v.Codes[r.IntN(len(v.Codes))]]}
			y := column.Value{Type: v.Type, Str: v.Dict[v.Codes[r.IntN(len(v.Codes))]]}
			add(column.Eq, x)
			add(column.Ne, x)
			add(column.In, x, y, column.Value{Type: v.Type, Str: "nobody has this"})
			add(column.Eq, column.Value{Type: v.Type, Str: "nobody has this"})
		}
	}
	return out
}

// meets tells for each row whether its value, as the vector has it,
// satisfies a predicate.
func meets(t *testing.T, b column.Block, p *column.Predicate) []bool {
	t.Helper()
	out := make([]bool, b.Rows())
	for i, text := range valuesOf(t, b, p.Ref) {
		for _, v := range p.Values {
			want := fmt.Sprint(v.Int)
			if v.Type == column.TypeString || v.Type >= column.TypeID || v.Type > column.TypeString && v.Type <= column.TypeMap {
				want = fmt.Sprintf("%q", v.Str)
			}
			n, _ := strconv.ParseInt(text, 10, 64)
			switch {
			case text == "NULL":
			case p.Op == column.Eq || p.Op == column.In:
				out[i] = out[i] || text == want
			case p.Op == column.Ne:
				out[i] = text != want
			case p.Op == column.Lt:
				out[i] = n < v.Int
			case p.Op == column.Le:
				out[i] = n <= v.Int
			case p.Op == column.Gt:
				out[i] = n > v.Int
			default:
				out[i] = n >= v.Int
			}
		}
	}
	return out
}

// TestNarrow_KeepsWhatMatches looks for values of every column, alone and
// together with one of another, and finds the rows that a scan of all finds.
func TestNarrow_KeepsWhatMatches(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, s := range signals {
		for name, messages := range map[string][][]byte{"captured": tabletest.Messages(t, tabletest.File(s)), "full": tabletest.Full(s)} {
			t.Run(s.String()+"/"+name, func(t *testing.T) {
				file := merge(t, part.Options{PageValues: 32}, write(t, part.Options{}, fill(t, s, messages[:min(len(messages), 3)])))
				narrowed := 0
				for i, b := range blocks(t, open(t, file)) {
					var all []column.Predicate
					for _, ref := range refsOf(s, b) {
						all = append(all, constants(r, b, ref)...)
					}
					for k, p := range all {
						where := []column.Predicate{p}
						if k%3 == 0 {
							where = append(where, all[r.IntN(len(all))])
						}
						narrowed += narrowAs(t, s, b, blocks(t, open(t, file))[i], where)
					}
				}
				if narrowed == 0 {
					t.Error("nothing was narrowed")
				}
			})
		}
	}
}

// narrowAs checks that a fresh block is narrowed to what satisfies predicates,
// and returns 1 where rows were left out.
func narrowAs(t *testing.T, s otlpwire.Signal, whole, fresh column.Block, where []column.Predicate) int {
	t.Helper()
	found, err := fresh.(column.Narrower).Narrow(where, nil)
	if err != nil {
		t.Fatal(err)
	}
	n := fresh.(column.Selector).Select(found.Rows.List())
	for i, met := range found.Met {
		if met && slices.Contains(meets(t, n, &where[i]), false) {
			t.Fatalf("not all rows that were found for %v satisfy %v, as was said", where, where[i])
		}
	}
	rows := func(b column.Block) (rows []uint32) {
		keep := slices.Repeat([]bool{true}, b.Rows())
		for i := range where {
			for k, ok := range meets(t, b, &where[i]) {
				keep[k] = keep[k] && ok
			}
		}
		for i, ok := range keep {
			if ok {
				rows = append(rows, uint32(i))
			}
		}
		return rows
	}
	wantRows, gotRows := rows(whole), rows(n)
	if len(gotRows) == len(wantRows) && len(gotRows) > 500 {
		return 1 // it takes long to compare them
	}
	want, err := whole.(column.Selector).Select(append([]uint32{}, wantRows...)).AppendOTLP(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := n.(column.Selector).Select(append([]uint32{}, gotRows...)).AppendOTLP(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(gotRows) != len(wantRows) || !bytes.Equal(got, want) {
		t.Fatalf("%d rows satisfy %v among all, %d of those it was narrowed to", len(wantRows), where, len(gotRows))
	}
	if n.Rows() < whole.Rows() {
		return 1
	}
	return 0
}

// TestSummary_IsOfTheRows compares what blocks know with what they hold.
func TestSummary_IsOfTheRows(t *testing.T) {
	for _, s := range signals {
		p := open(t, full(t, s, part.Options{GroupRows: 20}))
		for _, b := range blocks(t, p) {
			got, ok := b.(column.Summarized).Summary()
			if !ok {
				t.Fatal("nothing is known of a row group")
			}
			services := map[string]int64{}
			for _, v := range valuesOf(t, b, column.Ref{Name: "service"}) {
				services[v]++
			}
			for _, sr := range got.Services {
				if n := services[fmt.Sprintf("%q", sr.Service)]; n != sr.Rows {
					t.Errorf("%s: %d rows of service %q, the block knows %d", s, n, sr.Service, sr.Rows)
				}
			}
			if len(services) != len(got.Services) {
				t.Errorf("%s: services %v, the block knows %v", s, services, got.Services)
			}
			least, greatest := int64(math.MaxInt64), int64(math.MinInt64)
			for _, v := range valuesOf(t, b, column.Ref{Name: "timestamp"}) {
				n, err := strconv.ParseInt(v, 10, 64)
				if err != nil {
					t.Fatal(err)
				}
				least, greatest = min(least, n), max(greatest, n)
			}
			if least != got.MinTime || greatest != got.MaxTime {
				t.Errorf("%s: times %d to %d, the block knows %d to %d", s, least, greatest, got.MinTime, got.MaxTime)
			}
		}
	}
}
