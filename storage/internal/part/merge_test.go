package part_test

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"testing"

	"github.com/ttlog/ttlog/storage/column"
	"github.com/ttlog/ttlog/storage/internal/part"
	"github.com/ttlog/ttlog/storage/internal/tabletest"
)

// TestMerge_KeepsEveryRow merges parts of slices of the captured messages and
// compares the result with all of them.
func TestMerge_KeepsEveryRow(t *testing.T) {
	for _, s := range signals {
		t.Run(s.String(), func(t *testing.T) {
			messages := tabletest.Messages(t, tabletest.File(s))
			messages = messages[:min(len(messages), 36)]
			counts := tabletest.Counts{}
			var parts []*part.Part
			var rows int64
			for i, m := range messages {
				counts.Add(t, s, m, 1)
				if i%10 == 9 {
					// Every other part is cut into small row groups.
					o := part.Options{GroupRows: 1000 + 100_000*(len(parts)%2)}
					p := open(t, write(t, o, fill(t, s, messages[i-9:i+1])))
					rows += p.Info().Rows
					parts = append(parts, p)
				}
			}
			if left := len(messages) % 10; left > 0 {
				p := open(t, write(t, part.Options{}, fill(t, s, messages[len(messages)-left:])))
				rows += p.Info().Rows
				parts = append(parts, p)
			}
			var buf bytes.Buffer
			info, err := part.Merge(&buf, part.Options{GroupRows: 5000}, parts...)
			if err != nil {
				t.Fatal(err)
			}
			if info.Rows != rows || info.Size != int64(buf.Len()) {
				t.Fatalf("merged part is %+v of %d bytes, want %d rows", info, buf.Len(), rows)
			}
			p := open(t, buf.Bytes())
			if err := p.Verify(); err != nil {
				t.Fatal(err)
			}
			takeAway(t, counts, s, p)
			counts.Zero(t, s)
		})
	}
}

// TestMerge_KeepsFullRowGroups merges parts whose row groups are full with ones
// that are not: the bytes of the first are in the result as they were, and every
// row is there.
func TestMerge_KeepsFullRowGroups(t *testing.T) {
	for _, s := range signals {
		t.Run(s.String(), func(t *testing.T) {
			messages := tabletest.Messages(t, tabletest.File(s))
			messages = messages[:min(len(messages), 40)]
			counts := tabletest.Counts{}
			for _, m := range messages {
				counts.Add(t, s, m, 1)
			}
			half := len(messages) - 3
			all := fill(t, s, messages[:half])
			o := part.Options{GroupRows: all.Rows()}
			large := open(t, write(t, o, all))
			var file bytes.Buffer
			info, err := part.Write(&file, o, all)
			if err != nil || !info.Packed {
				t.Fatalf("%+v, %v: rows of a whole row group are not packed", info, err)
			}
			var small []*part.Part
			for _, m := range messages[half:] {
				var buf bytes.Buffer
				info, err := part.Write(&buf, o, fill(t, s, [][]byte{m}))
				if err != nil || info.Packed {
					t.Fatalf("%+v, %v: few rows are packed", info, err)
				}
				small = append(small, open(t, buf.Bytes()))
			}
			o.Packed = func(p *part.Part) bool { return p == large }
			var buf bytes.Buffer
			info, err = part.Merge(&buf, o, append(small, large)...)
			if err != nil || !info.Packed {
				t.Fatalf("%+v, %v", info, err)
			}
			p := open(t, buf.Bytes())
			if err := p.Verify(); err != nil {
				t.Fatal(err)
			}
			takeAway(t, counts, s, p)
			counts.Zero(t, s)
			if chunks := file.Bytes()[8 : file.Len()/2]; !bytes.Contains(buf.Bytes(), chunks) {
				t.Errorf("%d bytes of a full row group were written anew", len(chunks))
			}
			// Each bit of it is checked before it is taken over.
			for at := 8; at < file.Len()/2; at += max(file.Len()/200, 1) {
				damaged := bytes.Clone(file.Bytes())
				damaged[at] ^= 1
				large = open(t, damaged)
				if _, err := part.Merge(io.Discard, o, append(small[:1:1], large)...); !errors.Is(err, part.ErrCorrupt) {
					t.Errorf("byte %d is damaged, and the merge says %v", at, err)
				}
			}
		})
	}
}

// TestMerge_SortsWhatOverlaps merges full row groups that all have the same
// times: they are sorted, once.
func TestMerge_SortsWhatOverlaps(t *testing.T) {
	s := signals[0]
	messages := tabletest.Messages(t, tabletest.File(s))[:64]
	var parts []*part.Part
	rows := 0
	for i := range 16 {
		var interleaved [][]byte
		for k := i; k < len(messages); k += 16 {
			interleaved = append(interleaved, messages[k])
		}
		tab := fill(t, s, interleaved)
		rows = max(rows, tab.Rows())
		parts = append(parts, open(t, write(t, part.Options{GroupRows: tab.Rows()}, tab)))
	}
	o := part.Options{GroupRows: rows, Packed: func(*part.Part) bool { return true }}
	var buf bytes.Buffer
	if _, err := part.Merge(&buf, o, parts...); err != nil {
		t.Fatal(err)
	}
	last := int64(0)
	for _, b := range blocks(t, open(t, buf.Bytes())) {
		v, err := b.Vector(column.Ref{Name: "timestamp"})
		if err != nil {
			t.Fatal(err)
		}
		if first := slices.Min(v.Ints); first < last {
			t.Errorf("a row group begins at %d, and the one before it ends at %d", first, last)
		}
		last = slices.Max(v.Ints)
	}
}
