package table

import (
	"slices"
	"testing"

	"github.com/ttlog/ttlog/internal/otlpwire"
)

// TestFastKeyValue_EqualsGeneral gives every short message over the bytes that
// matter to both parsers: what the fast one takes, the other takes equally.
func TestFastKeyValue_EqualsGeneral(t *testing.T) {
	tails := [][]byte{
		{},
		{tagString, 0},
		{tagString, 1, 'x'},
		{tagString, 1},
		{tagString, 2, 'x'},
		{tagString, 1, 'x', 0},
		{tagBool, 0},
		{tagBool, 1},
		{tagBool, 2},
		{tagBool, 0x81, 0},
		{tagInt, 0},
		{tagInt, 0xff, 0x7f},
		{tagInt, 0xff},
		{tagInt, 1, tagInt, 2},
		{tagInt, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1},
		{tagInt, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2},
		{tagDouble, 1, 2, 3, 4, 5, 6, 7, 8},
		{tagDouble, 1, 2, 3},
		{0x2a, 0},
		{0x32, 0},
		{0x3a, 1, 9},
		{0x40, 1},
	}
	taken := 0
	for _, tail := range tails {
		for _, key := range []string{"", "k", "key"} {
			kv := otlpwire.AppendString(nil, otlpwire.KeyValueKey, key)
			kv = otlpwire.AppendBytes(kv, otlpwire.KeyValueValue, tail)
			for cut := range kv {
				for _, msg := range [][]byte{kv[:len(kv)-cut], append(slices.Clip(kv), kv[:cut]...)} {
					gotKey, got, ok := fastKeyValue(msg)
					if !ok {
						continue
					}
					taken++
					wantKey, want := splitKeyValue(msg)
					if _, err := new(keySet).check(msg, 0); err != nil || want.odd {
						t.Fatalf("%x is taken, the general parser says %v, odd %v", msg, err, want.odd)
					}
					if string(gotKey) != string(wantKey) || got.typ != want.typ || got.num != want.num || string(got.bytes) != string(want.bytes) {
						t.Fatalf("%x is %q %+v, want %q %+v", msg, gotKey, got, wantKey, want)
					}
				}
			}
		}
	}
	if taken < 20 {
		t.Errorf("only %d messages were taken", taken)
	}
}
