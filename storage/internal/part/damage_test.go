package part_test

import (
	"bytes"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/storage/column"
	"github.com/ttlog/ttlog/storage/internal/part"
)

// TestDamage_CostsAPage flips a bit all over the chunks of parts of every
// signal: a value that is read is the one that was written, or none, and then a
// page is counted. Whole records are read or refused. What is damaged costs few
// of all values.
func TestDamage_CostsAPage(t *testing.T) {
	for _, s := range signals {
		t.Run(s.String(), func(t *testing.T) {
			file := merge(t, part.Options{PageValues: 8}, full(t, s, part.Options{}))
			sound := blocks(t, open(t, file))[0]
			refs := refsOf(s, sound)
			want := make([][]string, len(refs))
			for i, ref := range refs {
				want[i] = valuesOf(t, sound, ref)
			}
			all, err := sound.AppendOTLP(nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			lostOnce := 0
			for at := 8; at < len(file); at += 5 {
				damaged := bytes.Clone(file)
				damaged[at] ^= 1 << (at % 8)
				p, err := part.Open(bytes.NewReader(damaged), int64(len(damaged)))
				if err != nil {
					break // the footer begins
				}
				for _, some := range []bool{false, true} {
					if lostValues(t, p, refs, want, all, at, some) > 0 {
						lostOnce++
					}
				}
			}
			if lostOnce == 0 {
				t.Error("no flip cost a value")
			}
		})
	}
}

// lostValues compares what a damaged part has with what was written, of all
// rows or of some, and returns how many values are missing.
func lostValues(t *testing.T, p *part.Part, refs []column.Ref, want [][]string, all []byte, at int, some bool) int {
	t.Helper()
	var lost atomic.Int64
	got, _, err := p.Blocks(part.Filter{Lost: &lost})
	if err != nil {
		t.Fatal(err)
	}
	b, rows := got[0], everyRow(got[0].Rows())
	if some {
		rows = everySecond(b.Rows())
		b = b.(column.Selector).Select(rows)
	}
	missing := 0
	for i, ref := range refs {
		for k, v := range valuesOf(t, b, ref) {
			switch v {
			case want[i][rows[k]]:
			case "NULL":
				missing++
			default:
				// The lists of a row say what is left of them.
				if ref.Name != "events" && ref.Name != "links" && ref.Name != "exemplars" || lost.Load() == 0 {
					t.Fatalf("byte %d: %v of row %d is %s, was %s", at, ref, rows[k], v, want[i][rows[k]])
				}
			}
		}
	}
	if missing > 0 && lost.Load() == 0 {
		t.Fatalf("byte %d: %d values are missing, and no page is counted", at, missing)
	}
	if lost.Load() > 2 { // parents need the ids
		t.Fatalf("byte %d: %d pages lost", at, lost.Load())
	}
	out, err := b.AppendOTLP(nil, nil)
	switch {
	case err != nil && !errors.Is(err, part.ErrCorrupt):
		t.Fatalf("byte %d: %v", at, err)
	case err == nil && lost.Load() > 0:
		t.Fatalf("byte %d: records with %d lost pages", at, lost.Load())
	case err == nil && !some && !bytes.Equal(out, all):
		t.Fatalf("byte %d: records differ", at)
	}
	if err := p.Verify(); err == nil {
		t.Fatalf("byte %d: nothing is noticed", at)
	}
	return missing
}

func everyRow(n int) []uint32 {
	rows := make([]uint32, n)
	for i := range rows {
		rows[i] = uint32(i)
	}
	return rows
}

// TestDamage_OfATrace: a trace is read without what is damaged, and that is
// counted.
func TestDamage_OfATrace(t *testing.T) {
	file := merge(t, part.Options{PageValues: 8}, full(t, otlpwire.Traces, part.Options{}))
	id := [16]byte{2, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 2}
	want, _, err := findTrace(open(t, file), nil, id, nil)
	if err != nil || len(want) == 0 {
		t.Fatal(len(want), err)
	}
	counted := 0
	for at := 8; at < len(file); at += 3 {
		damaged := bytes.Clone(file)
		damaged[at] ^= 1 << (at % 8)
		p, err := part.Open(bytes.NewReader(damaged), int64(len(damaged)))
		if err != nil {
			break
		}
		var lost atomic.Int64
		var got []byte
		_, err = p.FindTrace(id, nil, &lost, func(piece []byte) error {
			got = append(got, piece...)
			return nil
		})
		if err != nil {
			t.Fatalf("byte %d: %v", at, err)
		}
		if lost.Load() == 0 && !bytes.Equal(got, want) {
			t.Fatalf("byte %d: the trace differs, and no page is counted", at)
		}
		if lost.Load() > 0 {
			counted++
		}
	}
	if counted == 0 {
		t.Error("no flip was counted")
	}
}
