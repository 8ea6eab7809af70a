package encoding

import (
	"encoding/hex"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
)

// goldenColumns are the worked examples of docs/format-encodings.md, one a
// codec. Their bytes stand in testdata/golden.txt and must decode for ever:
// lines of that file are added, never changed. Where exact is set, the codec
// leaves no choice and encoding gives the same bytes.
func goldenColumns() []goldenColumn {
	e := Encoder{}
	buckets, _ := e.appendBuckets(nil, []int64{0, 1, 5, 300}, transform{}, 1)
	zigzags, _ := e.appendBuckets(nil, []int64{10, 9, 14, 10}, transform{base: 10, zigzag: true}, 1)
	floats, _ := e.appendFloatDecimal(nil, []float64{0.25, 17, math.Inf(1), -1.5})
	decimal, _ := e.appendDecimal(nil, []string{"12", "-3", "0"})
	ipv4, _ := e.appendIPv4(nil, []string{"10.0.0.1", "10.0.0.7"})
	hexes, _ := e.appendHex(nil, []string{"FF", "1A", "0"})
	masked, _ := e.appendMasked(nil, []string{"0a-1", "0b-7", "0a-9"})
	jobs := []string{"job 1 ok", "job 22 ok", "job 3 ok", "job 4 ok", "job 5 ok", "job 7 ok", "none"}
	template, _ := e.appendTemplate(nil, jobs, 0)
	words := []string{"red", "blue", "red", "red"}
	dict, numbers := numbersOf(words, len(words))
	long := []string{strings.Repeat("ab", 50), strings.Repeat("ba", 50)}
	return []goldenColumn{
		{"ints empty", e.AppendInts(nil, nil), []int64{}, true},
		{"ints constant", e.AppendInts(nil, []int64{42, 42, 42}), []int64{42, 42, 42}, true},
		{"ints runs", e.appendRuns(nil, []int64{7, 7, 7, 9, 9, 9}, 2, 0), []int64{7, 7, 7, 9, 9, 9}, false},
		{"ints packed", appendPacked(nil, []int64{100, 103, 101, 107}, transform{base: 100}), []int64{100, 103, 101, 107}, true},
		{"ints packed delta", appendPacked(nil, []int64{1000, 1010, 1020, 1031}, transform{order: 1, base: 10}), []int64{1000, 1010, 1020, 1031}, true},
		{"ints packed delta of delta", appendPacked(nil, []int64{1, 4, 9, 16, 25}, transform{order: 2}), []int64{1, 4, 9, 16, 25}, true},
		{
			"ints packed exception", appendPacked(nil, []int64{1, 0, 1, 1, 0, 1, 0, 1, 1 << 40, 1}, transform{}),
			[]int64{1, 0, 1, 1, 0, 1, 0, 1, 1 << 40, 1},
			true,
		},
		{"ints local", appendLocal(nil, []int64{-70, -69, -67}, 0), []int64{-70, -69, -67}, true},
		{"ints buckets", buckets, []int64{0, 1, 5, 300}, true},
		{"ints buckets zigzag", zigzags, []int64{10, 9, 14, 10}, true},
		{"ints bytes rows", e.appendIntBytes(nil, []int64{1, 2, 300}, transform{}, layoutRows), []int64{1, 2, 300}, true},
		{"ints bytes planes", e.appendIntBytes(nil, []int64{1, 2, 300}, transform{}, layoutPlanes), []int64{1, 2, 300}, true},
		{"ints multiples", e.appendMultiples(nil, []int64{1000, 3000, 7000}, 1000, 2000, 0), []int64{1000, 3000, 7000}, false},
		{"ints dictionary", e.appendDict(nil, []int64{70000, -5, 70000, 70000}, []int64{-5, 70000}, 0), []int64{70000, -5, 70000, 70000}, false},
		{"floats bits", e.appendFloatBits(nil, []float64{1.5, 1.5}), []float64{1.5, 1.5}, true},
		{"floats decimal", floats, []float64{0.25, 17, math.Inf(1), -1.5}, false},
		{"fixed blob", e.AppendBytes(nil, []byte("0123abcd"), 4), []byte("0123abcd"), true},
		{"fixed words", e.appendWords(nil, []byte("aaaxaaaxaaay"), 4), []byte("aaaxaaaxaaay"), false},
		{"strings plain", e.appendPlain(nil, []string{"a", "", "bc"}), []string{"a", "", "bc"}, false},
		{"strings plain zstd", e.appendPlain(nil, long), long, false},
		{"strings constant", e.AppendStrings(nil, []string{"abc", "abc"}), []string{"abc", "abc"}, true},
		{"strings decimal", decimal, []string{"12", "-3", "0"}, false},
		{"strings IPv4", ipv4, []string{"10.0.0.1", "10.0.0.7"}, false},
		{"strings masked", masked, []string{"0a-1", "0b-7", "0a-9"}, false},
		{"strings front", e.appendFront(nil, []string{"abc", "abd", "b"}), []string{"abc", "abd", "b"}, false},
		{"strings template", template, jobs, false},
		{"strings dictionary", e.appendStringDict(nil, dict, numbers, 1), words, false},
		{"strings hex", hexes, []string{"FF", "1A", "0"}, false},
	}
}

type goldenColumn struct {
	name  string
	col   []byte
	want  any
	exact bool
}

// decodes tells whether col is the column want.
func (g goldenColumn) decodes(col []byte) (bool, error) {
	switch want := g.want.(type) {
	case []int64:
		got, err := Ints(nil, col, len(want))
		return err == nil && slices.Equal(got, want), err
	case []float64:
		got, err := Floats(nil, col, len(want))
		return err == nil && sameFloats(got, want), err
	case []byte:
		got, err := FixedBytes(nil, col, len(want)/4, 4)
		return err == nil && slices.Equal(got, want), err
	case []string:
		got, err := Strings(col, len(want), totalLen(want))
		return err == nil && slices.Equal(got, want), err
	}
	return false, nil
}

func spacedHex(b []byte) string {
	var out []string
	for _, c := range b {
		out = append(out, hex.EncodeToString([]byte{c}))
	}
	return strings.Join(out, " ")
}

func TestGolden(t *testing.T) {
	file, err := os.ReadFile("testdata/golden.txt")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := os.ReadFile("../../docs/format-encodings.md")
	if err != nil {
		t.Fatal(err)
	}
	golden := map[string]string{}
	for line := range strings.Lines(string(file)) {
		if name, bytes, ok := strings.Cut(strings.TrimSpace(line), ": "); ok {
			golden[name] = bytes
		}
	}
	for _, g := range goldenColumns() {
		want, ok := golden[g.name]
		if !ok {
			t.Errorf("no golden bytes; add the line\n%s: %s", g.name, spacedHex(g.col))
			continue
		}
		col, err := hex.DecodeString(strings.ReplaceAll(want, " ", ""))
		if err != nil {
			t.Fatalf("%s: %v", g.name, err)
		}
		if ok, err := g.decodes(col); !ok {
			t.Errorf("%s: stored bytes do not decode: %v", g.name, err)
		}
		if ok, err := g.decodes(g.col); !ok {
			t.Errorf("%s: encoded bytes do not decode: %v", g.name, err)
		}
		if got := spacedHex(g.col); g.exact && got != want {
			t.Errorf("%s: got %s, want %s", g.name, got, want)
		}
		if !strings.Contains(string(doc), want) {
			t.Errorf("%s: docs/format-encodings.md does not show %s", g.name, want)
		}
	}
}
