package quantity

import (
	"testing"
	"time"
)

func TestParseBytes(t *testing.T) {
	for s, want := range map[string]int64{
		"0": 0, "10": 10, "1B": 1, "64MiB": 64 << 20, "64 mib": 64 << 20, "20MB": 20e6, "1.5GiB": 3 << 29, "2g": 2e9,
		"9223372036854775807": 1<<63 - 1, " 1TiB ": 1 << 40,
	} {
		if got, err := ParseBytes(s); err != nil || got != want {
			t.Errorf("%q: got %d %v, want %d", s, got, err, want)
		}
	}
	for _, s := range []string{"", "-1", "MiB", "1XB", "1 2", "9223372036854775808", "9000PB9", "10000PiB", "1e3", "0x10", "10%", "1,000", "NaN", "Inf"} {
		if got, err := ParseBytes(s); err == nil {
			t.Errorf("%q: got %d %v", s, got, err)
		}
	}
}

func TestParseSize(t *testing.T) {
	for s, want := range map[string]Size{
		"0": None, "0%": None, "80%": {Share: 0.8}, "0.5 %": {Share: 0.005}, "100%": {Share: 1}, "10GiB": {Bytes: 10 << 30},
	} {
		if got, err := ParseSize(s); err != nil || got != want {
			t.Errorf("%q: got %v %v, want %v", s, got, err, want)
		}
	}
	for _, s := range []string{"%", "101%", "-1%", "NaN%", "x%", ""} {
		if got, err := ParseSize(s); err == nil {
			t.Errorf("%q: got %v %v", s, got, err)
		}
	}
	for _, tt := range []struct {
		size Size
		want int64
	}{{Size{}, 0}, {None, 0}, {Size{Bytes: 7}, 7}, {Size{Share: 0.25}, 25}, {OfBytes(0), 0}, {OfBytes(3), 3}} {
		if got := tt.size.Of(100); got != tt.want {
			t.Errorf("%v of 100: got %d, want %d", tt.size, got, tt.want)
		}
	}
}

func TestParseAge(t *testing.T) {
	day := 24 * time.Hour
	for s, want := range map[string]time.Duration{
		"0": 0, "0d": 0, "36h": 36 * time.Hour, "7d": 7 * day, "1d12h": 36 * time.Hour, "1y2w3d4h5m6s7ms": 382*day + 4*time.Hour + 5*time.Minute + 6*time.Second + 7*time.Millisecond,
	} {
		if got, err := ParseAge(s); err != nil || got != want {
			t.Errorf("%q: got %v %v, want %v", s, got, err, want)
		}
	}
	for _, s := range []string{"", "7", "d", "-1d", "1h1d", "1.5h", "300y", "99999999999999999999d", "7 days"} {
		if got, err := ParseAge(s); err == nil {
			t.Errorf("%q: got %v %v", s, got, err)
		}
	}
}

func TestFormatBytes_IsRead(t *testing.T) {
	for n, want := range map[int64]string{0: "0 bytes", 10: "10 bytes", 1 << 10: "1KiB", 129 << 20: "129MiB", 3 << 29: "1.5GiB", 10<<30 + 1: "10GiB", 1 << 62: "4096PiB"} {
		if got := FormatBytes(n); got != want {
			t.Errorf("%d: got %s, want %s", n, got, want)
		}
	}
	if n, err := ParseBytes(FormatBytes(129 << 20)); err != nil || n != 129<<20 {
		t.Error(n, err)
	}
}
