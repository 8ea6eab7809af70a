package encoding

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
)

func stringSeries(n int, f func(i int) string) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = f(i)
	}
	return out
}

// stringColumns are columns with the codec that must be chosen for them at
// level Fast ("" where it does not matter).
func stringColumns() map[string]struct {
	v     []string
	codec string
} {
	rng := rand.New(rand.NewPCG(9, 10))
	uuid := func(format string) func(int) string {
		return func(int) string {
			a, b := rng.Uint64(), rng.Uint64()
			return fmt.Sprintf(format, uint32(a), uint16(a>>32), a>>48&0xfff, b>>48&0x3fff|0x8000, b&0xffffffffffff)
		}
	}
	words := []string{"alpha", "beta", "gamma", "delta", "epsilon", "Zürich", "日本"}
	word := func() string { return words[rng.IntN(len(words))] }
	return map[string]struct {
		v     []string
		codec string
	}{
		"none":          {nil, "plain"},
		"one":           {[]string{"x"}, "constant"},
		"empty ones":    {make([]string, 50), "constant"},
		"some empty":    {[]string{"", "a", "", "\x00", "\xff\xfe"}, "plain"},
		"holes":         {stringSeries(100, func(i int) string { return fmt.Sprintf("a\x00%d-%d", rng.IntN(99), i) }), ""},
		"decimal":       {stringSeries(3000, func(int) string { return fmt.Sprint(rng.Int64() - 1<<62) }), "decimal"},
		"edge decimals": {[]string{"-9223372036854775808", "9223372036854775807", "0", "-1"}, "decimal"},
		"not canonical": {[]string{"-0", "+1", "007", "9223372036854775808", "-9223372036854775809", "", "-", "1e3"}, ""},
		"IPv4":          {stringSeries(500, func(i int) string { return fmt.Sprintf("10.%d.%d.255", i%7, rng.IntN(256)) }), "ipv4"},
		"odd IPv4":      {[]string{"1.2.3.4", "01.2.3.4", "1.2.3", "1.2.3.256", "1.2.3.4.5", "1..2.3"}, ""},
		"UUID":          {stringSeries(3000, uuid("%08x-%04x-4%03x-%04x-%012x")), "masked"},
		"upper UUID":    {stringSeries(800, uuid("%08X-%04X-4%03X-%04X-%012X")), "masked"},
		"mixed case":    {stringSeries(800, func(i int) string { return uuid([]string{"%08x%04x%03x%04x%012x", "%08X%04X%03X%04X%012X"}[i%2])(i) }), ""},
		"hex":           {stringSeries(2000, func(int) string { return fmt.Sprintf("%032x", rng.Uint64()) }), "masked"},
		"hex numbers":   {stringSeries(2000, func(i int) string { return fmt.Sprintf("%x", rng.Uint64()>>(i%60)) }), "hex"},
		"upper hex":     {append(stringSeries(2000, func(i int) string { return fmt.Sprintf("%X", rng.Uint64()>>(i%60)) }), "0", "FFFFFFFFFFFFFFFF"), "hex"},
		"padded":        {stringSeries(2000, func(int) string { return fmt.Sprintf("%09d", rng.IntN(1e9)) }), "masked"},
		"sorted":        {stringSeries(900, func(i int) string { return fmt.Sprintf("%s/%s", strings.Repeat("abc", i/30), words[i%5]) }), "front"},
		"URLs":          {stringSeries(3000, func(int) string { return fmt.Sprintf("GET /route?pickup=%d&dropoff=%d", rng.IntN(1000), rng.IntN(1e6)) }), "template"},
		"log lines": {stringSeries(3000, func(i int) string {
			return fmt.Sprintf("worker-%d: job %x took %d.%03dms", i%8, rng.Uint64(), i, rng.IntN(999))
		}), "template"},
		"times": {stringSeries(3000, func(i int) string {
			return fmt.Sprintf("2026-11-%02dT%02d:%02d:01.%03dZ", 1+i/120, i/60%24, i%60, rng.IntN(999))
		}), ""},
		"rare templates": {stringSeries(400, func(i int) string { return fmt.Sprintf("%s%d%s", strings.Repeat("x", i%97), i, word()) }), ""},
		"long digits":    {stringSeries(300, func(i int) string { return fmt.Sprintf("n=%030d;", rng.Uint64()) }), ""},
		"many parts":     {stringSeries(300, func(i int) string { return strings.Repeat(fmt.Sprint(i, ","), 60) }), ""},
		"text":           {stringSeries(3000, func(int) string { return word() + " " + word() + " " + word() }), ""},
		"repeated":       {stringSeries(3000, func(int) string { return strings.Repeat(word(), 20) }), ""},
		"huge":           {[]string{strings.Repeat("0123456789abcdef", 1<<16), "", word()}, ""},
		"late surprise":  {append(stringSeries(5000, func(int) string { return fmt.Sprint(rng.IntN(1e9)) }), "x", ""), ""},
	}
}

func TestStrings_RoundTrip(t *testing.T) {
	for name, c := range stringColumns() {
		total := totalLen(c.v)
		for _, level := range levels {
			col := Encoder{Level: level}.AppendStrings(nil, c.v)
			// The exact total must always be enough.
			got, err := Strings(col, len(c.v), total)
			if err != nil || !slices.Equal(got, c.v) {
				t.Fatalf("%s: got %q, %v; want %q", name, got, err, c.v)
			}
			if desc := describeStrings(col); level == Fast && c.codec != "" && desc != c.codec {
				t.Errorf("%s: got %s, want %s (%d bytes)", name, desc, c.codec, len(col))
			}
			if _, err := Strings(append(col, 0), len(c.v), total); !errors.Is(err, ErrCorrupt) && col[0] != stringConstant {
				t.Errorf("%s: a byte too many: got %v", name, err)
			}
			if _, err := Strings(col, len(c.v), total-1); total > 0 && len(c.v) > 1 && col[0] != stringDict && !errors.Is(err, ErrCorrupt) {
				t.Errorf("%s: a byte past the limit: got %v", name, err)
			}
		}
	}
}

// TestStrings_EveryCodec checks each codec on each column that it fits,
// whatever the encoder would choose.
func TestStrings_EveryCodec(t *testing.T) {
	for name, c := range stringColumns() {
		if len(c.v) == 0 {
			continue
		}
		for _, codec := range append(stringCodecs[:], stringDecimal, stringHex, stringIPv4) {
			col, ok := Encoder{}.tryStrings(nil, c.v, codec, 0)
			if !ok {
				continue
			}
			got, err := Strings(col, len(c.v), totalLen(c.v))
			if err != nil || !slices.Equal(got, c.v) {
				t.Errorf("%s by codec %d: %v", name, codec, err)
			}
		}
	}
}

// TestStrings_DoNotAliasSource overwrites a decoded column's bytes.
func TestStrings_DoNotAliasSource(t *testing.T) {
	for name, c := range stringColumns() {
		col := Encoder{}.AppendStrings(nil, c.v)
		got, err := Strings(col, len(c.v), totalLen(c.v))
		if err != nil {
			t.Fatal(err)
		}
		for i := range col {
			col[i] = 0xee
		}
		if !slices.Equal(got, c.v) {
			t.Errorf("%s: values changed with the source", name)
		}
	}
}

func TestStrings_AmplificationIsBounded(t *testing.T) {
	// A few bytes of template make much text.
	v := stringSeries(1000, func(i int) string { return strings.Repeat("a", 1<<12) + fmt.Sprint(i%10) })
	col, ok := Encoder{}.appendTemplate(nil, v, 0)
	if !ok {
		t.Fatal("no template")
	}
	if _, err := Strings(col, len(v), 1<<20); !errors.Is(err, ErrCorrupt) {
		t.Errorf("got %v", err)
	}
}

// TestStrings_ManyPartsAtFirst: the room for the parts of short values is not
// guessed from a few long ones before them.
func TestStrings_ManyPartsAtFirst(t *testing.T) {
	v := stringSeries(200_000, func(i int) string {
		if i < 64 {
			return strings.Repeat("10 ", 47)
		}
		return fmt.Sprint("id ", i)
	})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, ok := (Encoder{}).appendTemplate(nil, v, 0); !ok {
		t.Fatal("no template")
	}
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 64<<20 {
		t.Errorf("%d values took %d MiB", len(v), n>>20)
	}
}

func TestWords_FitIn64Bits(t *testing.T) {
	for _, c := range []struct {
		sizes []int
		want  []word
	}{
		{[]int{1, 1}, []word{{0, 2}}},
		{slices.Repeat([]int{16}, 16), []word{{0, 16}}},
		{slices.Repeat([]int{16}, 32), []word{{0, 16}, {16, 32}}},
		{slices.Repeat([]int{10}, 20), []word{{0, 19}, {19, 20}}},
		{slices.Repeat([]int{256}, 9), []word{{0, 8}, {8, 9}}},
		{[]int{255, 256, 256, 256, 256, 256, 256, 256, 2}, []word{{0, 8}, {8, 9}}},
	} {
		if got := words(c.sizes); !slices.Equal(got, c.want) {
			t.Errorf("%v: got %v, want %v", c.sizes, got, c.want)
		}
	}
}
