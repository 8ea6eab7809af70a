//go:build unix

package ringbuffer

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
)

func TestRing_Define(t *testing.T) {
	for _, r := range []*Ring{mustNew(t, 1024), mustOpen(t, ringPath(t), quiet(1024))} {
		f := func(kind uint8, text string, want uint32) {
			t.Helper()
			id, err := r.Define(kind, []byte(text))
			if err != nil || id != want {
				t.Errorf("Define(%d, %q) = %d, %v; want %d", kind, text, id, err, want)
			}
		}
		f(16, "one", 1)
		f(16, "two", 2)
		f(17, "one", 3) // another kind, another definition
		f(16, "one", 1)
		f(16, "", 4)
		if kind, payload, ok := r.Definition(3); kind != 17 || string(payload) != "one" || !ok {
			t.Errorf("Definition(3) = %d, %q, %v", kind, payload, ok)
		}
		for _, id := range []uint32{0, 5, 1<<32 - 1} {
			if _, _, ok := r.Definition(id); ok {
				t.Errorf("Definition(%d) is there", id)
			}
		}
		if _, err := r.Define(0, nil); !errors.Is(err, ErrKind) {
			t.Errorf("Define of kind 0 = %v", err)
		}
		if st := r.Stats(); st.CatalogEntries != 4 || st.CatalogBytes != 3*24+16 {
			t.Errorf("Stats = %+v", st)
		}
	}
}

func TestRing_DefineFull(t *testing.T) {
	r := mustOpen(t, ringPath(t), quiet(1024))
	n := 0
	for ; n < 1000; n++ {
		if _, err := r.Define(3, fmt.Appendf(nil, "%0100d", n)); err != nil {
			if !errors.Is(err, ErrCatalogFull) {
				t.Error(err)
			}
			break
		}
	}
	if want := 4096 / 120; n != want {
		t.Errorf("%d definitions fit, want %d", n, want)
	}
	if id, err := r.Define(3, fmt.Appendf(nil, "%0100d", 5)); id != 6 || err != nil {
		t.Errorf("a known definition in a full catalog = %d, %v", id, err)
	}
}

func TestRing_DefineConcurrentSafe(t *testing.T) {
	r := mustNew(t, 1024)
	var idle sync.WaitGroup
	for g := range 4 {
		idle.Go(func() {
			for i := range 200 {
				text := fmt.Appendf(nil, "definition %d", (i*7+g)%50)
				id, err := r.Define(3, text)
				if err != nil {
					t.Error(err)
				}
				if _, got, ok := r.Definition(id); !ok || !bytes.Equal(got, text) {
					t.Errorf("Definition(%d) = %q, want %q", id, got, text)
				}
			}
		})
	}
	idle.Wait()
	if n := r.Stats().CatalogEntries; n != 50 {
		t.Errorf("%d entries, want 50", n)
	}
}

// TestOpen_CatalogOutlivesRecords keeps the definitions while a record is left,
// empties the catalog when none is, and never gives an id out twice.
func TestOpen_CatalogOutlivesRecords(t *testing.T) {
	path := ringPath(t)
	r := mustOpen(t, path, quiet(1024))
	mustReader(t, r, "a")
	first, _ := r.Define(3, []byte("first"))
	mustWrite(t, r, "record")
	mustClose(t, r)

	r = mustOpen(t, path, quiet(0))
	if _, text, ok := r.Definition(first); !ok || string(text) != "first" {
		t.Fatalf("Definition(%d) = %q, %v", first, text, ok)
	}
	if id, _ := r.Define(3, []byte("first")); id != first {
		t.Errorf("the same definition after Open has id %d, want %d", id, first)
	}
	second, _ := r.Define(3, []byte("second"))
	rd := mustReader(t, r, "a")
	readAll(rd)
	rd.Release(r.Stats().Head)
	mustClose(t, r)

	r = mustOpen(t, path, quiet(0))
	if _, _, ok := r.Definition(first); ok || r.Stats().CatalogBytes != 0 {
		t.Errorf("the catalog of a drained ring was kept: %+v", r.Stats())
	}
	if id, _ := r.Define(3, []byte("first")); id <= second {
		t.Errorf("id %d was given out before", id)
	}
}

func TestOpen_DamagedCatalogEntry(t *testing.T) {
	path := ringPath(t)
	r := mustOpen(t, path, quiet(1024))
	mustReader(t, r, "a")
	mustWrite(t, r, "record")
	for _, text := range []string{"one", "two", "three"} {
		if _, err := r.Define(3, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	for _, clean := range []bool{false, true} {
		if clean {
			mustClose(t, r)
		}
		file := readFile(t, path)
		file[bytes.Index(file, []byte("two"))] ^= 1
		got := mustOpen(t, writeRing(t, file), quiet(0))
		var texts []string
		for id := range uint32(5) {
			_, text, _ := got.Definition(id)
			texts = append(texts, string(text))
		}
		if want := []string{"", "one", "", "three", ""}; !slices.Equal(texts, want) {
			t.Errorf("definitions %q, want %q", texts, want)
		}
		if st := got.Stats(); st.Corrupt != 1 || st.Recovered != 1 || !strings.Contains(st.Damage[0].String(), "catalog byte 24") {
			t.Errorf("Stats = %+v", st)
		}
		if id, err := got.Define(3, []byte("two")); id != 4 || err != nil {
			t.Errorf("Define = %d, %v; want 4", id, err)
		}
	}
}
