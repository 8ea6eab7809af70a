// Package quantity reads the sizes and ages that people write in flags, files
// and the environment, in one way for the daemon and the library.
//
// The entry points are [ParseBytes], [ParseSize] and [ParseAge].
package quantity

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// units has the factor of each unit of bytes, in lower case. What is decimal
// and what is binary follows IEC 80000-13: a kilobyte has 1000 bytes.
var units = map[string]float64{
	"": 1, "b": 1,
	"k": 1e3, "kb": 1e3, "kib": 1 << 10, "ki": 1 << 10,
	"m": 1e6, "mb": 1e6, "mib": 1 << 20, "mi": 1 << 20,
	"g": 1e9, "gb": 1e9, "gib": 1 << 30, "gi": 1 << 30,
	"t": 1e12, "tb": 1e12, "tib": 1 << 40, "ti": 1 << 40,
	"p": 1e15, "pb": 1e15, "pib": 1 << 50, "pi": 1 << 50,
}

var bytesForm = regexp.MustCompile(`^([0-9]+(?:\.[0-9]+)?) *([A-Za-z]*)$`)

// ParseBytes reads 64MiB, 1.5 GB or a number of bytes.
func ParseBytes(s string) (int64, error) {
	m := bytesForm.FindStringSubmatch(strings.TrimSpace(s))
	if m == nil {
		return 0, fmt.Errorf("%q is no size such as 500MB or 10GiB", s)
	}
	factor, ok := units[strings.ToLower(m[2])]
	if !ok {
		return 0, fmt.Errorf("%q is no size such as 500MB or 10GiB: there is no unit %q", s, m[2])
	}
	if n, err := strconv.ParseInt(m[1], 10, 64); err == nil && factor == 1 {
		return n, nil // as it is: a float has 53 bits
	}
	n, err := strconv.ParseFloat(m[1], 64)
	if err != nil || n*factor >= math.MaxInt64 {
		return 0, fmt.Errorf("%q is no size such as 500MB or 10GiB: too large", s)
	}
	return int64(n * factor), nil
}

// ParseAtLeast reads a number of bytes that has to be no less than least.
func ParseAtLeast(s string, least int64) (int64, error) {
	n, err := ParseBytes(s)
	if err == nil && n < least {
		err = fmt.Errorf("%q is less than %s", s, FormatBytes(least))
	}
	return n, err
}

// Size is a number of bytes, or a share of something. The zero value is
// neither: nobody said.
type Size struct {
	// Bytes is below 0 for none at all.
	Bytes int64
	// Share, where it is above 0, takes the place of Bytes.
	Share float64
}

// None is the size of who wants no limit, or nothing.
var None = Size{Bytes: -1}

// ParseSize reads 80%, or what [ParseBytes] reads. 0 is [None].
func ParseSize(s string) (Size, error) {
	if number, ok := strings.CutSuffix(strings.TrimSpace(s), "%"); ok {
		p, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
		if err != nil || p < 0 || p > 100 || math.IsNaN(p) {
			return Size{}, fmt.Errorf("%q is no percentage from 0 to 100", s)
		}
		if p == 0 {
			return None, nil
		}
		return Size{Share: p / 100}, nil
	}
	n, err := ParseBytes(s)
	if err != nil {
		return Size{}, err
	}
	return OfBytes(n), nil
}

// OfBytes returns a size in bytes; 0 or less is [None].
func OfBytes(n int64) Size {
	if n <= 0 {
		return None
	}
	return Size{Bytes: n}
}

// Of returns the bytes of a size, total being what a share is of; 0 for none.
func (s Size) Of(total int64) int64 {
	if s.Share > 0 {
		return int64(s.Share * float64(total))
	}
	return max(s.Bytes, 0)
}

// Unsaid tells whether nobody said a size.
func (s Size) Unsaid() bool { return s == Size{} }

// FormatBytes returns a number of bytes as [ParseBytes] reads it: 129MiB, and
// rounded where it is not even.
func FormatBytes(n int64) string {
	if n < 1<<10 {
		return fmt.Sprintf("%d bytes", n)
	}
	v, unit := float64(n), ""
	for _, unit = range []string{"KiB", "MiB", "GiB", "TiB", "PiB"} {
		if v /= 1 << 10; v < 1<<10 {
			break
		}
	}
	if v < 10 {
		return strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64) + unit
	}
	return strconv.FormatFloat(math.Round(v), 'f', -1, 64) + unit
}

// ageUnits are those of [ParseAge], the longest first, as they have to stand.
var ageUnits = []struct {
	name string
	d    time.Duration
}{
	{"y", 365 * 24 * time.Hour},
	{"w", 7 * 24 * time.Hour},
	{"d", 24 * time.Hour},
	{"h", time.Hour},
	{"m", time.Minute},
	{"s", time.Second},
	{"ms", time.Millisecond},
}

var ageForm = regexp.MustCompile(`^(?:([0-9]+)y)?(?:([0-9]+)w)?(?:([0-9]+)d)?(?:([0-9]+)h)?(?:([0-9]+)m)?(?:([0-9]+)s)?(?:([0-9]+)ms)?$`)

// ParseAge reads a time with units up to years, such as 36h, 7d or 1d12h, the
// longest first. 0 needs no unit.
func ParseAge(s string) (time.Duration, error) {
	text := strings.TrimSpace(s)
	if text == "0" {
		return 0, nil
	}
	m := ageForm.FindStringSubmatch(text)
	if m == nil || text == "" {
		return 0, fmt.Errorf("%q is no duration such as 12h or 7d", s)
	}
	var sum time.Duration
	for i, u := range ageUnits {
		if m[i+1] == "" {
			continue
		}
		n, err := strconv.ParseInt(m[i+1], 10, 64)
		if err != nil || n > int64((math.MaxInt64-sum)/u.d) {
			return 0, fmt.Errorf("%q is no duration such as 12h or 7d: too long", s)
		}
		sum += time.Duration(n) * u.d
	}
	return sum, nil
}
