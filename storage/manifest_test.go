package storage

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math"
	"os"
	"reflect"
	"strings"
	"testing"
)

func sampleManifest() *manifest {
	return &manifest{
		key: key{signal: Logs, day: 20000}, commit: 7, next: 12, keep: 2,
		marks: []mark{{ring: 9, position: 1 << 40}, {ring: math.MaxUint64, position: 3}},
		parts: []entry{
			{id: 3, size: 4096, sum: 0xdeadbeef, rows: 17, minTime: -5, maxTime: 1e18, created: 1700000000, level: 1},
			{id: 11, size: 1, rows: 1, minTime: math.MinInt64, maxTime: math.MaxInt64},
		},
	}
}

func TestManifest_RoundTrip(t *testing.T) {
	for _, m := range []*manifest{sampleManifest(), {key: key{signal: Traces, day: 0}, next: 1}} {
		got, err := decodeManifest(m.append(nil))
		if err != nil || !reflect.DeepEqual(got, m) {
			t.Errorf("decode(encode(m)) = %+v, %v, want %+v", got, err, m)
		}
	}
}

func TestManifest_RefusesDamage(t *testing.T) {
	good := sampleManifest().append(nil)
	for n := range good {
		if _, err := decodeManifest(good[:n]); !errors.Is(err, ErrCorrupt) {
			t.Fatalf("truncated to %d of %d bytes: error %v, want ErrCorrupt", n, len(good), err)
		}
	}
	if _, err := decodeManifest(append(bytes.Clone(good), 0)); !errors.Is(err, ErrCorrupt) {
		t.Errorf("a byte too many: error %v, want ErrCorrupt", err)
	}
	for bit := range 8 * len(good) {
		bad := bytes.Clone(good)
		bad[bit/8] ^= 1 << (bit % 8)
		if _, err := decodeManifest(bad); !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrVersion) {
			t.Fatalf("bit %d flipped: error %v, want ErrCorrupt or ErrVersion", bit, err)
		}
	}
}

func TestManifest_RefusesNonsenseWithGoodChecksum(t *testing.T) {
	f := func(what string, spoil func(m *manifest)) {
		t.Helper()
		m := sampleManifest()
		spoil(m)
		if _, err := decodeManifest(m.append(nil)); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: error %v, want ErrCorrupt", what, err)
		}
	}
	f("part above next", func(m *manifest) { m.next = 11 })
	f("part twice", func(m *manifest) { m.parts[1].id = 3 })
	f("parts out of order", func(m *manifest) { m.parts[0].id = 11; m.parts[1].id = 3 })
	f("negative size", func(m *manifest) { m.parts[0].size = -1 })
	f("negative rows", func(m *manifest) { m.parts[0].rows = -1 })
	f("times crossed", func(m *manifest) { m.parts[0].minTime = 2e18 })
}

func TestWithMark(t *testing.T) {
	marks := withMark(nil, 1, 10)
	marks = withMark(marks, 2, 20)
	marks = withMark(marks, 1, 5) // never falls
	if want := []mark{{2, 20}, {1, 10}}; !reflect.DeepEqual(marks, want) {
		t.Errorf("marks = %v, want %v", marks, want)
	}
	if got := withMark(marks, 0, 99); !reflect.DeepEqual(got, marks) {
		t.Errorf("a request without a ring changed the marks to %v", got)
	}
	for ring := uint64(10); ring < 30; ring++ {
		marks = withMark(marks, ring, ring)
	}
	if len(marks) != maxMarks || marks[maxMarks-1].ring != 29 {
		t.Errorf("after 20 more rings: %v, want the last %d", marks, maxMarks)
	}
}

func FuzzManifest(f *testing.F) {
	f.Add(sampleManifest().append(nil))
	f.Add((&manifest{key: key{signal: Metrics, day: 11000}, next: 1}).append(nil))
	f.Add([]byte(manifestMagic))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := decodeManifest(data)
		if err != nil {
			if !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrVersion) {
				t.Fatalf("error %v wraps neither ErrCorrupt nor ErrVersion", err)
			}
			return
		}
		again, err := decodeManifest(m.append(nil))
		if err != nil || !reflect.DeepEqual(again, m) {
			t.Fatalf("decoded %+v, which encodes to %+v, %v", m, again, err)
		}
	})
}

func TestNames(t *testing.T) {
	for _, id := range []uint64{0, 1, 0xabc, math.MaxUint64} {
		if got, temp, ok := parsePartName(partName(id)); got != id || temp || !ok {
			t.Errorf("parsePartName(partName(%d)) = %d, %v, %v", id, got, temp, ok)
		}
		if got, temp, ok := parsePartName(partName(id) + tempSuffix); got != id || !temp || !ok {
			t.Errorf("temporary name of %d = %d, %v, %v", id, got, temp, ok)
		}
	}
	for _, name := range []string{"", "p-1.part", "p-000000000000000g.part", "p-0000000000000001.parts", "x-0000000000000001.part", "p-000000000000000A.part", "p-0000000000000001.part.tmp.tmp", "MANIFEST"} {
		if _, _, ok := parsePartName(name); ok {
			t.Errorf("parsePartName(%q) is ok, want not ours", name)
		}
	}
	for _, d := range []day{invalidDay, firstDay, 20000, lastDay} {
		if got, ok := parseDay(d.String()); got != d || !ok {
			t.Errorf("parseDay(%q) = %d, %v", d, got, ok)
		}
	}
	for _, name := range []string{"", "2024-1-1", "2024-02-30", "1999-12-31", "2100-01-01", "1970-01-02", "2024-01-01x", "+024-01-01"} {
		if d, ok := parseDay(name); ok {
			t.Errorf("parseDay(%q) = %d, want not a partition", name, d)
		}
	}
	if firstDay.String() != "2000-01-01" || lastDay.String() != "2099-12-31" {
		t.Errorf("bounds are %s and %s", firstDay, lastDay)
	}
}

func TestClampDay(t *testing.T) {
	for in, want := range map[int32]day{-1: 0, 0: 0, 5: 0, 10956: 0, 10957: 10957, 20000: 20000, 47481: 47481, 47482: 0, math.MaxInt32: 0, math.MinInt32: 0} {
		if got := clampDay(in); got != want {
			t.Errorf("clampDay(%d) = %d, want %d", in, got, want)
		}
	}
}

// TestManifest_Golden pins the bytes of the present version, the example of
// docs/format-store.md, and reads those of version 1.
func TestManifest_Golden(t *testing.T) {
	m := &manifest{
		key: key{signal: Traces, day: 20484}, commit: 1, next: 2,
		marks: []mark{{ring: 0x4d, position: 64}},
		parts: []entry{{id: 1, size: 1024, sum: 0x0123456789abcdef, rows: 2, minTime: 1769860800e9, maxTime: 1769860800e9, created: 1769860801, received: span{1769860800_500e6, 1769860800_700e6}}},
	}
	if got, want := hex.Dump(m.append(nil)), golden(t, "v2"); got != want {
		t.Errorf("manifest is\n%swant\n%s", got, want)
	}
	old, err := decodeManifest(undump(t, golden(t, "v1")))
	if err != nil {
		t.Fatal(err)
	}
	m.parts[0].received = span{1769860801e9, 1769860801e9} // all that version 1 knows
	if !reflect.DeepEqual(old, m) {
		t.Errorf("version 1 is read as %+v, want %+v", old, m)
	}
}

func golden(t *testing.T, version string) string {
	t.Helper()
	text, err := os.ReadFile("testdata/manifest-" + version + ".hex")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// undump is the inverse of hex.Dump.
func undump(t *testing.T, dump string) (out []byte) {
	t.Helper()
	for line := range strings.Lines(dump) {
		digits, _, _ := strings.Cut(line[10:], "|")
		b, err := hex.DecodeString(strings.ReplaceAll(digits, " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, b...)
	}
	return out
}

// TestManifest_GuessesReceipt reads parts of version 1: what a merge wrote is
// not newer than its rows, and an import or a clock that is ahead is not either
// older or newer than what wrote it.
func TestManifest_GuessesReceipt(t *testing.T) {
	f := func(e entry, d day, want int64) {
		t.Helper()
		e.guessReceived(d)
		if e.received != (span{want, want}) {
			t.Errorf("%+v of %s is taken to be received %+v, want %d", e, d, e.received, want)
		}
	}
	f(entry{created: 100, maxTime: 50e9}, 20484, 100e9)                // a flush, of old rows
	f(entry{created: 100, maxTime: 50e9, level: 1}, 20484, 50e9)       // a merge
	f(entry{created: 100, maxTime: 500e9, level: 1}, 20484, 100e9)     // of rows from the future
	f(entry{created: 100, maxTime: 50e9, level: 2}, invalidDay, 100e9) // whose times mean nothing
}
