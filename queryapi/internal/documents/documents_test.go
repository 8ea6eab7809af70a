package documents

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

func TestFolder(t *testing.T) {
	d := &Folder{Path: filepath.Join(t.TempDir(), "ui", "dashboards")}
	if err := d.List(func(Document) {}); err != nil {
		t.Errorf("a folder that is not there: %v", err)
	}
	if _, err := d.Get("a"); !errors.Is(err, ErrNotFound) {
		t.Errorf("got %v, want that it is not found", err)
	}
	first, created, err := d.Put("a", []byte("1"), Condition{Absent: true})
	if err != nil || !created {
		t.Fatalf("created %v, %v", created, err)
	}
	for _, c := range []struct {
		condition Condition
		want      error
	}{
		{Condition{Absent: true}, ErrChanged},
		{Condition{Tag: "other"}, ErrChanged},
		{Condition{Tag: "*"}, nil},
		{Condition{Tag: first.Tag}, ErrChanged},
		{Condition{}, nil},
	} {
		if _, created, err := d.Put("a", []byte("2"), c.condition); !errors.Is(err, c.want) || created {
			t.Errorf("%+v: created %v, %v, want %v", c.condition, created, err, c.want)
		}
	}
	if doc, err := d.Get("a"); err != nil || string(doc.Body) != "2" || doc.Tag == first.Tag {
		t.Errorf("got %+v, %v", doc, err)
	}
	if err := d.Delete("a", Condition{Tag: first.Tag}); !errors.Is(err, ErrChanged) {
		t.Errorf("an old version is removed: %v", err)
	}
	if err := d.Delete("a", Condition{}); err != nil {
		t.Error(err)
	}
	if err := d.Delete("a", Condition{}); !errors.Is(err, ErrNotFound) {
		t.Errorf("removed twice: %v", err)
	}
	for _, id := range []string{"", "..", "../a", "a/b", "A", "a.b", "ü", string(make([]byte, 65))} {
		if _, _, err := d.Put(id, nil, Condition{}); !errors.Is(err, ErrID) {
			t.Errorf("%q: got %v, want that it is no id", id, err)
		}
	}
}

// TestFolder_AfterACrash finds what a crash left half written, a file that is
// not ours, and a document that somebody made too large.
func TestFolder_AfterACrash(t *testing.T) {
	d := &Folder{Path: t.TempDir()}
	for name, size := range map[string]int{temp + "1": 5, "README.md": 5, "large.json": MaxBytes + 1} {
		if err := os.WriteFile(filepath.Join(d.Path, name), make([]byte, size), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := d.Put("a", []byte("1"), Condition{}); err != nil {
		t.Fatal(err)
	}
	var ids []string
	if err := d.List(func(doc Document) { ids = append(ids, doc.ID) }); err != nil || len(ids) != 1 {
		t.Errorf("got %v, %v, want a alone", ids, err)
	}
	if _, err := os.Stat(filepath.Join(d.Path, temp+"1")); !os.IsNotExist(err) {
		t.Errorf("what was half written is still there: %v", err)
	}
	if _, err := os.Stat(filepath.Join(d.Path, "README.md")); err != nil {
		t.Errorf("a file that is not ours is gone: %v", err)
	}
}

func TestFolder_Full(t *testing.T) {
	d := &Folder{Path: t.TempDir()}
	for i := range MaxCount {
		if err := os.WriteFile(d.name(fmt.Sprint(i)), []byte("{}"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := d.Put("more", nil, Condition{}); !errors.Is(err, ErrFull) {
		t.Errorf("got %v, want that it is full", err)
	}
	if _, _, err := d.Put("7", nil, Condition{}); err != nil {
		t.Errorf("one that is there: %v", err)
	}
}

// TestFolder_ConcurrentSafe lets many write a version over the one they read:
// each wins once.
func TestFolder_ConcurrentSafe(t *testing.T) {
	d := &Folder{Path: t.TempDir()}
	if _, _, err := d.Put("a", []byte("start"), Condition{}); err != nil {
		t.Fatal(err)
	}
	const writers, rounds = 4, 5
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for done := 0; done < rounds; {
				now, err := d.Get("a")
				if err == nil {
					_, _, err = d.Put("a", fmt.Appendf(now.Body, " %d", w), Condition{Tag: now.Tag})
				}
				if err == nil {
					done++
				} else if !errors.Is(err, ErrChanged) {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	doc, err := d.Get("a")
	if want := len("start") + 2*writers*rounds; err != nil || len(doc.Body) != want {
		t.Errorf("%d bytes, %v, want %d: a write was lost", len(doc.Body), err, want)
	}
}
