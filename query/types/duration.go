package types

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// ParseDuration reads a duration of one or more numbers, each with its unit.
func ParseDuration(s string) (int64, error) {
	rest, total := s, 0.0
	var exact int64
	for rest != "" {
		n := 0
		for n < len(rest) && (IsDigit(rest[n]) || rest[n] == '.') {
			n++
		}
		u := n
		for u < len(rest) && !IsDigit(rest[u]) && rest[u] != '.' {
			u++
		}
		unit := unitOf(rest[n:u])
		if n == 0 || unit == 0 {
			return 0, fmt.Errorf("%q is not a duration: the units are ns, us, ms, s, m, h, d, w", s)
		}
		whole, frac, _ := strings.Cut(rest[:n], ".")
		v, err := wholeUnits(whole, unit)
		if err != nil || strings.Contains(frac, ".") {
			return 0, fmt.Errorf("%q is not a duration that fits 64 bits of nanoseconds", s)
		}
		f, _ := strconv.ParseFloat("0."+frac+"0", 64)
		part := int64(math.Round(f * float64(unit)))
		total += float64(v) + float64(part)
		exact += v + part
		if total >= math.MaxInt64 {
			return 0, fmt.Errorf("%q is not a duration that fits 64 bits of nanoseconds", s)
		}
		rest = rest[u:]
	}
	return exact, nil
}

func unitOf(name string) int64 {
	for _, u := range durationUnits {
		if u.name == strings.ToLower(name) {
			return u.ns
		}
	}
	return 0
}

func wholeUnits(digits string, unit int64) (int64, error) {
	if digits == "" {
		return 0, nil
	}
	v, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return 0, err
	}
	if v > math.MaxInt64/unit {
		return 0, strconv.ErrRange
	}
	return v * unit, nil
}

// FormatDuration writes ns nanoseconds as a literal that ParseDuration reads
// back exactly.
func FormatDuration(ns int64) string {
	if ns < 0 {
		if ns == math.MinInt64 {
			return "-9223372036854775808ns"
		}
		return "-" + FormatDuration(-ns)
	}
	for _, u := range durationUnits {
		if ns != 0 && ns%u.ns == 0 {
			return strconv.FormatInt(ns/u.ns, 10) + u.name
		}
	}
	return strconv.FormatInt(ns, 10) + "ns"
}

// durationUnits are the units of a duration literal, largest first.
var durationUnits = []struct {
	name string
	ns   int64
}{
	{"w", 7 * 24 * 3600e9},
	{"d", 24 * 3600e9},
	{"h", 3600e9},
	{"m", 60e9},
	{"s", 1e9},
	{"ms", 1e6},
	{"us", 1e3},
	{"µs", 1e3},
	{"μs", 1e3},
	{"ns", 1},
}

// IsDigit reports whether c is one of 0 to 9.
func IsDigit(c byte) bool { return c >= '0' && c <= '9' }
