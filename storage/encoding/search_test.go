package encoding

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// searched returns texts to look for in values: parts of them, and what is in
// none, in any case.
func searched(rng *rand.Rand, v []string) (texts []string) {
	for range 15 {
		s := v[rng.IntN(len(v))]
		from := rng.IntN(len(s) + 1)
		text := s[from:min(len(s), from+rng.IntN(20))]
		switch rng.IntN(6) {
		case 0:
			text += "x"
		case 1:
			text = strings.ToUpper(text)
		}
		texts = append(texts, text)
	}
	return append(texts, "", "a", "0", "\x00", "\xff", "é", "K", strings.Repeat("1", 100), strings.Repeat("no such text ", 500))
}

func found(v []string, is func(s string) bool) (at []uint32) {
	for i, s := range v {
		if is(s) {
			at = append(at, uint32(i))
		}
	}
	return at
}

// TestSearch_Find looks for texts in columns of every codec, as in the values.
func TestSearch_Find(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	columns := stringColumns()
	columns["any bytes"] = struct {
		v     []string
		codec string
	}{stringSeries(200, func(i int) string { return fmt.Sprintf("caf\xc3\xa9 %d K\xe2\x84\xaa İ \xff%d\x00", i%20, i) }), ""}
	for name, c := range columns {
		if len(c.v) == 0 || totalLen(c.v) > 200_000 {
			continue
		}
		for _, codec := range append(stringCodecs[:], stringDecimal, stringHex, stringIPv4, stringConstant) {
			col, ok := []byte(nil), codec == stringConstant && allEqual(c.v)
			if ok {
				col = append([]byte{stringConstant}, c.v[0]...)
			} else if codec == stringConstant {
				continue
			} else if col, ok = (Encoder{}).tryStrings(nil, c.v, codec, 0); !ok {
				continue
			}
			texts := searched(rng, c.v)
			for i, text := range texts {
				two := []string{text, texts[rng.IntN(i+1)]}
				got, err := NewSearch(two, false).Find(col, len(c.v), totalLen(c.v))
				want := found(c.v, func(s string) bool { return strings.Contains(s, two[0]) || strings.Contains(s, two[1]) })
				if err != nil || !slices.Equal(got, want) {
					t.Fatalf("%s by codec %d: %q: %d rows, %v; want %d", name, codec, two, len(got), err, len(want))
				}
				got, err = NewSearch([]string{text}, true).Find(col, len(c.v), totalLen(c.v))
				want = found(c.v, func(s string) bool { return strings.Contains(strings.ToLower(s), strings.ToLower(text)) })
				if err != nil || !slices.Equal(got, want) {
					t.Fatalf("%s by codec %d: %q in any case: %d rows, %v; want %d", name, codec, text, len(got), err, len(want))
				}
			}
		}
	}
}

// TestSearch_AcrossHoles looks for what is partly in a template and partly in
// what varies.
func TestSearch_AcrossHoles(t *testing.T) {
	v := stringSeries(500, func(i int) string {
		return fmt.Sprintf("Got blk_%d from 10.0.%d.%d, state TERMINATING%d id=%x end", i*7, i%3, i%250, i%2, 0xabc0000+i)
	})
	col, ok := (Encoder{}).appendTemplate(nil, v, 0)
	if !ok {
		t.Fatal("no template")
	}
	for _, text := range []string{
		"terminating", "TERMINATING", "TERMINATING1 id=", "blk_70", "blk_7 from 10.0.1.1", "0, state", "from 10.0.2.249, st", ".2.2", "abc0001 end",
		"id=a", "=abc00f", "4 from 1", " ", "Got blk_0 from 10.0.0.0, state TERMINATING0 id=abc0000 end",
	} {
		for _, fold := range []bool{false, true} {
			s := NewSearch([]string{text}, fold)
			got, err := s.Find(col, len(v), totalLen(v))
			if want := found(v, s.In); err != nil || !slices.Equal(got, want) {
				t.Errorf("%q: %d rows, %v; want %d", text, len(got), err, len(want))
			}
		}
	}
}

// TestSearch_LongText is done at once, however many ways there are to lay a
// text over holes.
func TestSearch_LongText(t *testing.T) {
	v := stringSeries(50, func(i int) string { return strings.Repeat(fmt.Sprintf("%d.", i%10), 40) })
	col, ok := (Encoder{}).appendTemplate(nil, v, 0)
	if !ok {
		t.Fatal("no template")
	}
	s := NewSearch([]string{strings.Repeat("1.", 40), strings.Repeat("11.", 1<<12)}, true)
	got, err := s.Find(col, len(v), totalLen(v))
	if want := found(v, s.In); err != nil || !slices.Equal(got, want) {
		t.Errorf("%d rows, %v; want %d", len(got), err, len(want))
	}
}

// FuzzSearch looks in columns of any bytes, which must fail or find the same as
// their values have.
func FuzzSearch(f *testing.F) {
	for _, c := range stringColumns() {
		if len(c.v) > 0 && len(c.v) < 2000 {
			f.Add(Encoder{}.AppendStrings(nil, c.v), uint16(len(c.v)), "a1", true)
		}
	}
	v := stringSeries(100, func(i int) string { return fmt.Sprintf("Job %d of x%dé", i, i%7) })
	col, _ := (Encoder{}).appendTemplate(nil, v, 0)
	f.Add(col, uint16(len(v)), "b 1", false)
	f.Fuzz(func(t *testing.T, col []byte, n uint16, text string, fold bool) {
		s := NewSearch([]string{text}, fold)
		got, err := s.Find(col, int(n), 1<<20)
		if err != nil && !errors.Is(err, ErrCorrupt) {
			t.Fatalf("got %v", err)
		}
		values, bad := Strings(col, int(n), 1<<20)
		if bad != nil {
			return // what was not read is not checked
		}
		if want := found(values, s.In); err != nil || !slices.Equal(got, want) {
			t.Fatalf("%q: %v, %v; want %v in %q", text, got, err, want, values)
		}
	})
}
