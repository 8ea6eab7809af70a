package part

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"os"
	"sync/atomic"
	"testing"

	"github.com/cespare/xxhash/v2"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/storage/column"
	"github.com/ttlog/ttlog/storage/encoding"
	"github.com/ttlog/ttlog/storage/internal/table"
	"github.com/ttlog/ttlog/storage/internal/tabletest"
)

var fuzzSignals = []otlpwire.Signal{otlpwire.Traces, otlpwire.Logs, otlpwire.Metrics}

func smallPart(t testing.TB, s otlpwire.Signal) []byte {
	t.Helper()
	tab := table.New(s)
	for _, m := range tabletest.Full(s) {
		b, err := table.Decode(s, m)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range b.Days() {
			tab.Append(b, d)
		}
	}
	var buf bytes.Buffer
	if _, err := Write(&buf, Options{GroupRows: 30, PageValues: 4}, tab); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// split returns the chunks and the unpacked footer of a part.
func split(t testing.TB, file []byte) (chunks, footer []byte) {
	t.Helper()
	tail := file[len(file)-trailerSize:]
	packed, raw := binary.LittleEndian.Uint32(tail), binary.LittleEndian.Uint32(tail[4:])
	end := len(file) - trailerSize - int(packed)
	text, err := unpack(file[end:end+int(packed)], int(raw))
	if err != nil {
		t.Fatal(err)
	}
	return file[len(magic):end], text
}

// join makes a part of chunks and an unpacked footer, with a right trailer.
func join(chunks, footer []byte) []byte {
	packed := encoding.Encoder{}.AppendFrame(nil, footer)
	out := append([]byte(magic), chunks...)
	out = append(out, packed...)
	out = binary.LittleEndian.AppendUint32(out, uint32(len(packed)))
	out = binary.LittleEndian.AppendUint32(out, uint32(len(footer)))
	out = binary.LittleEndian.AppendUint64(out, xxhash.Sum64(packed))
	return append(out, magic...)
}

// readAll reads everything that a part offers. Errors are fine, panics are not.
func readAll(p *Part) error {
	errs := []error{p.Verify()}
	blocks, _, err := p.Blocks(Filter{From: math.MinInt64, To: math.MaxInt64})
	errs = append(errs, err)
	for _, b := range blocks {
		for _, ref := range append(table.FixedColumns(p.Info().Signal), b.Columns()...) {
			_, err := b.Vector(ref)
			errs = append(errs, err)
		}
		_, err := b.AppendOTLP(nil, nil)
		errs = append(errs, err)
	}
	errs = append(errs, readSome(p))
	_, err = p.FindTrace([16]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 1}, nil, new(atomic.Int64), func([]byte) error { return nil })
	errs = append(errs, err)
	_, err = p.Columns()
	errs = append(errs, err)
	var buf bytes.Buffer
	_, err = Merge(&buf, Options{}, p)
	return errors.Join(append(errs, err)...)
}

// readSome reads some rows of each block, and looks for values.
func readSome(p *Part) error {
	var errs []error
	where := []column.Predicate{
		{Ref: column.Ref{Place: column.PlaceRecord, Name: "string", Type: column.TypeString}, Op: column.Eq, Values: []column.Value{{Type: column.TypeString, Str: "text"}}},
		{Ref: column.Ref{Name: "duration"}, Op: column.Gt, Values: []column.Value{{Type: column.TypeDuration, Int: 10}}},
		{Ref: column.Ref{Name: "span_id"}, Op: column.Eq, Values: []column.Value{{Type: column.TypeID, Str: "12345678"}}},
	}
	for i := range where {
		blocks, _, err := p.Blocks(Filter{Where: where[i : i+1]})
		errs = append(errs, err)
		for _, b := range blocks {
			_, err := b.(column.Narrower).Narrow(where[i:i+1], nil)
			errs = append(errs, err)
			var rows []uint32
			for row := i; row < b.Rows(); row += 3 {
				rows = append(rows, uint32(row))
			}
			some := b.(column.Selector).Select(rows)
			for _, ref := range append(table.FixedColumns(p.Info().Signal), some.Columns()...) {
				_, err := some.Vector(ref)
				errs = append(errs, err)
			}
			_, err = some.AppendOTLP(nil, nil)
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// FuzzOpen opens any bytes as they are. A part that passes all checksums must
// be readable to the end.
func FuzzOpen(f *testing.F) {
	for _, s := range fuzzSignals {
		f.Add(smallPart(f, s))
	}
	f.Add([]byte(magic))
	f.Fuzz(func(t *testing.T, file []byte) {
		p, err := Open(bytes.NewReader(file), int64(len(file)))
		if err == nil {
			_ = readAll(p)
		}
	})
}

// FuzzRead reads parts whose checksums are always right, so that what stands
// behind them is reached: footers and columns of any bytes.
func FuzzRead(f *testing.F) {
	for _, s := range fuzzSignals {
		chunks, footer := split(f, smallPart(f, s))
		f.Add(chunks, footer)
	}
	f.Fuzz(func(t *testing.T, chunks, footer []byte) {
		file := join(chunks, footer)
		p, err := open(bytes.NewReader(file), int64(len(file)), false)
		if err == nil {
			_ = readAll(p)
		}
	})
}

// TestOpen_StandsAnyFlip changes each byte behind right checksums.
func TestOpen_StandsAnyFlip(t *testing.T) {
	for _, s := range fuzzSignals {
		t.Run(s.String(), func(t *testing.T) {
			chunks, footer := split(t, smallPart(t, s))
			if file := join(chunks, footer); readAll(mustOpen(t, file)) != nil {
				t.Fatal("the part is wrong before it is changed")
			}
			for _, b := range [][]byte{chunks, footer} {
				for i := 0; i < len(b); i += 1 + len(b)/120 {
					old := b[i]
					b[i] ^= byte(1 + i%255)
					file := join(chunks, footer)
					if p, err := open(bytes.NewReader(file), int64(len(file)), false); err == nil {
						_ = readAll(p)
					}
					b[i] = old
				}
			}
		})
	}
}

// TestVerify_TellsWhereTheFooterLies changes what the footer says of columns
// that are as they were.
func TestVerify_TellsWhereTheFooterLies(t *testing.T) {
	f := func(name string, s otlpwire.Signal, lie func(f *footer, chunks []byte)) {
		t.Run(name, func(t *testing.T) {
			chunks, text := split(t, smallPart(t, s))
			foot, err := parseFooter(text, magic[len(magic)-1], int64(len(magic)), int64(len(magic)+len(chunks)))
			if err != nil {
				t.Fatal(err)
			}
			lie(foot, chunks)
			file := join(chunks, foot.append(nil))
			p, err := open(bytes.NewReader(file), int64(len(file)), false)
			if err == nil {
				err = p.Verify()
			}
			if !errors.Is(err, ErrCorrupt) {
				t.Errorf("got %v, want %v", err, ErrCorrupt)
			}
		})
	}
	f("nothing left out", otlpwire.Traces, func(f *footer, _ []byte) { f.groups[0].maxTime++ })
	f("range of a field", otlpwire.Traces, func(f *footer, _ []byte) { f.groups[0].rows.leaves[table.SpanDuration].max-- })
	f("range of a log's field", otlpwire.Logs, func(f *footer, _ []byte) { f.groups[0].rows.leaves[table.LogSeverityNumber].min++ })
	f("range of an attribute", otlpwire.Traces, func(f *footer, _ []byte) {
		for i := range f.groups[0].rows.sets[0].cols {
			if c := &f.groups[0].rows.sets[0].cols[i]; c.typ == column.TypeInt64 && c.leaf.ref.size > 0 {
				c.leaf.max--
				return
			}
		}
		t.Fatal("no attribute of integers")
	})
	f("services", otlpwire.Logs, func(f *footer, _ []byte) { f.groups[0].services = []string{"nobody"} })
	f("trace filter", otlpwire.Traces, func(f *footer, chunks []byte) {
		filter := f.groups[0].filter
		clear(chunks[filter.off-int64(len(magic)):][:filter.size])
	})
	f("two overflow columns", otlpwire.Traces, func(f *footer, _ []byte) {
		cols, n := f.groups[0].rows.sets[0].cols, 0
		for i := range cols {
			if table.LeafKind(cols[i].typ) == table.KindString && n < 2 {
				cols[i].typ = table.TypeRaw
				n++
			}
		}
		if n < 2 {
			t.Fatal("no two columns of strings")
		}
	})
}

// TestOpen_BelievesNoEndlessFooter opens a small file whose footer, unpacked,
// is nothing but row groups.
func TestOpen_BelievesNoEndlessFooter(t *testing.T) {
	const groups = maxEntries + 1
	text := binary.AppendUvarint([]byte{byte(otlpwire.Logs)}, groups)
	group := []byte{0, 0, 0, 0, 0, 0, 1, 0, 0, 0}
	text = append(text, bytes.Repeat(group, groups)...)
	file := join(nil, text)
	if _, err := Open(bytes.NewReader(file), int64(len(file))); !errors.Is(err, ErrCorrupt) {
		t.Errorf("a footer of %d row groups in a file of %d bytes: %v", groups, len(file), err)
	}
}

func mustOpen(t testing.TB, file []byte) *Part {
	t.Helper()
	p, err := open(bytes.NewReader(file), int64(len(file)), false)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestPages_OfEveryKind: what the other tests read by the page is cut.
func TestPages_OfEveryKind(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range fuzzSignals {
		file, err := os.ReadFile("testdata/v4-" + s.String() + ".part")
		if err != nil {
			t.Fatal(err)
		}
		p := mustOpen(t, file)
		for i := range p.footer.groups {
			cutKinds(&p.footer.groups[i].rows, s == otlpwire.Traces, seen)
		}
	}
	for _, kind := range []string{"leaf", "shapes", "counts", "parents"} {
		if !seen[kind] {
			t.Errorf("no %s are cut", kind)
		}
	}
}

// cutKinds notes what of a group is cut into pages.
func cutKinds(g *groupDir, spans bool, seen map[string]bool) {
	for i := range g.leaves {
		kind := "leaf"
		if spans && i == table.SpanParentID {
			kind = "parents"
		}
		seen[kind] = seen[kind] || g.leaves[i].ref.head > 0
	}
	for i := range g.sets {
		seen["shapes"] = seen["shapes"] || g.sets[i].shapes.head > 0
	}
	for i := range g.lists {
		seen["counts"] = seen["counts"] || g.lists[i].counts.ref.head > 0
		cutKinds(&g.lists[i].items, false, seen)
	}
}

// TestDamage_OfPlaces: a page that tells where the attributes, the events or the
// parents of its rows are costs these rows, and is counted once.
func TestDamage_OfPlaces(t *testing.T) {
	file, err := os.ReadFile("testdata/v4-traces.part")
	if err != nil {
		t.Fatal(err)
	}
	sound := mustOpen(t, file)
	for i := range sound.footer.groups {
		g := &sound.footer.groups[i]
		s := source{p: sound}
		c := s.rowGroup(g)
		if shapes := g.rows.sets[0].shapes; shapes.head > 0 {
			set := &shapeColumn{s: s, ref: shapes, cols: g.rows.sets[0].cols, limit: g.rows.n}
			if _, err := set.open(); err != nil {
				t.Fatal(err)
			}
			costsAPage(t, file, i, shapes.off+int64(set.list[1].at), set.pages.Size, column.Ref{Place: column.PlaceRecord})
		}
		if counts := &g.rows.lists[0].counts; counts.ref.head > 0 {
			p := &pagedLeaf{s: s, d: counts, kind: table.KindInt, limit: g.rows.n, totals: true}
			h, err := p.open()
			if err != nil {
				t.Fatal(err)
			}
			costsAPage(t, file, i, counts.ref.off+int64(h.list[1].at), h.size, column.Ref{Name: "events"})
		}
		if ref := g.rows.leaves[table.SpanParentID].ref; ref.head > 0 {
			p := &parentReader{s: s, ref: ref, n: g.rows.n, c: c}
			if err := p.open(); err != nil {
				t.Fatal(err)
			}
			for _, l := range []*pagedLeaf{p.targets, p.numbers, p.raw} {
				if h := l.head; len(h.list) > 1 {
					costsAPage(t, file, i, ref.off+int64(h.list[1].at), h.size, column.Ref{Name: "parent_span_id"})
				}
			}
		}
	}
}

// costsAPage flips a bit in a page of a row group: of some rows, read alone, no
// more than those of the page may have no value where they had one. A ref without
// a name stands for all attributes.
func costsAPage(t *testing.T, file []byte, group int, at int64, size int, ref column.Ref) {
	t.Helper()
	damaged := bytes.Clone(file)
	damaged[at] ^= 4
	some := func(file []byte, lost *atomic.Int64) column.Block {
		blocks, _, err := mustOpen(t, file).Blocks(Filter{Lost: lost})
		if err != nil {
			t.Fatal(err)
		}
		var rows []uint32
		for row := 0; row < blocks[group].Rows(); row += 2 {
			rows = append(rows, uint32(row))
		}
		return blocks[group].(column.Selector).Select(rows)
	}
	var lost atomic.Int64
	was, is := some(file, nil), some(damaged, &lost)
	refs := []column.Ref{ref}
	if ref.Name == "" {
		refs = was.Columns()
	}
	missing := map[int]bool{}
	for _, ref := range refs {
		want, err := was.Vector(ref)
		if err != nil {
			t.Fatal(err)
		}
		got, err := is.Vector(ref)
		if err != nil {
			t.Fatal(err)
		}
		for i := range was.Rows() {
			if hasValue(want, i) && !hasValue(got, i) {
				missing[i] = true
			}
		}
	}
	if n := len(missing); n == 0 || n > size {
		t.Errorf("%v: %d rows have lost something, a page has %d", ref, n, size)
	}
	if lost.Load() != 1 {
		t.Errorf("%v: %d pages counted", ref, lost.Load())
	}
}

func hasValue(v *column.Vector, i int) bool {
	return v != nil && (v.Valid == nil || v.Valid[i/64]>>(i%64)&1 == 1)
}
