package storage

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ttlog/ttlog/storage/internal/vfs"
	"github.com/ttlog/ttlog/storage/internal/vfstest"
)

func TestOpen_SecondWriterIsToldWhoHasIt(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "data")
	s, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = Open(dir, Options{})
	if !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), fmt.Sprintf("pid %d", os.Getpid())) {
		t.Errorf("second Open: %v, want ErrLocked naming this process", err)
	}
	r, err := Open(dir, Options{ReadOnly: true})
	if err != nil {
		t.Fatalf("reading beside the writer: %v", err)
	}
	for _, c := range []*Store{r, s} {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
	s, err = Open(dir, Options{})
	if err != nil {
		t.Fatalf("Open after Close: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestOpen_RefusesWhatItDoesNotKnow(t *testing.T) {
	f := func(content string, want error) {
		t.Helper()
		for _, readOnly := range []bool{false, true} {
			fsys := newFS()
			mustClose(t, mustOpen(t, manual(fsys)))
			fsys.Put(root+"/"+versionName, []byte(content))
			before := fsys.Files()
			o := manual(fsys)
			o.ReadOnly = readOnly
			if _, err := Open(root, o); !errors.Is(err, want) || !strings.Contains(err.Error(), root) {
				t.Errorf("VERSION %q: error %v, want %v", content, err, want)
			}
			if after := fsys.Files(); !slices.Equal(after, before) || string(fsys.Get(root+"/"+versionName)) != content {
				t.Errorf("VERSION %q: files changed from %v to %v", content, before, after)
			}
		}
	}
	f("ttlog-store 7\n", ErrVersion)
	f("ttlog-store 999999\n", ErrVersion)
	f("ttlog-store", ErrCorrupt)
	f("ttlog-store 0\n", ErrCorrupt)
	f("ttlog-store 1x\n", ErrCorrupt)
	f("something else 1\n", ErrCorrupt)
	f("\x00\xff", ErrCorrupt)
}

// TestOpen_TakesOverVersion1 opens a directory as an earlier program left it.
// Reading leaves it so; a writer makes it one that the earlier program refuses.
func TestOpen_TakesOverVersion1(t *testing.T) {
	fsys := newFS()
	s := mustOpen(t, manual(fsys))
	mustAppend(t, s, Traces, 0, testDay, 1)
	mustClose(t, s)
	v1 := []byte("ttlog-store 1\n")
	name := root + "/" + versionName
	if _, err := vfs.ReplaceFile(fsys, root, name, root+"/"+versionTemp, v1); err != nil {
		t.Fatal(err)
	}
	o := manual(fsys)
	o.ReadOnly = true
	r := mustOpen(t, o)
	wantRows(t, r, Traces, 1)
	mustClose(t, r)
	f := func(want string) {
		t.Helper()
		if got, err := vfs.ReadFile(fsys, name, 100); err != nil || string(got) != want {
			t.Errorf("VERSION is %q, error %v, want %q", got, err, want)
		}
	}
	f("ttlog-store 1\n")
	w := mustOpen(t, manual(fsys))
	wantRows(t, w, Traces, 1)
	mustClose(t, w)
	f("ttlog-store 6\n")
}

// TestOpen_DamagedVersion: a VERSION that says nothing, in a directory that is
// a store's all the same, keeps nobody from the rows. A writer keeps it aside.
func TestOpen_DamagedVersion(t *testing.T) {
	f := func(content string) {
		t.Helper()
		fsys := newFS()
		s := mustOpen(t, manual(fsys))
		mustAppend(t, s, Traces, 0, testDay, 1)
		mustClose(t, s)
		name := root + "/" + versionName
		sound := fsys.Get(name)
		if content == "none" {
			if err := fsys.Remove(name); err != nil {
				t.Fatal(err)
			}
		} else {
			fsys.Put(name, []byte(content))
		}
		report, err := checkDir(fsys, root)
		if err != nil {
			t.Fatal(err)
		}
		wantDamage(t, "Check", report.Damage, name)
		o := manual(fsys)
		o.ReadOnly = true
		r := mustOpen(t, o)
		wantRows(t, r, Traces, 1)
		wantDamage(t, "Status", r.Status().Damage, name)
		if err := r.Close(); err != nil {
			t.Error(err)
		}
		w := mustOpen(t, manual(fsys))
		wantRows(t, w, Traces, 1)
		if err := w.Close(); err != nil {
			t.Error(err)
		}
		if got := fsys.Get(name); !bytes.Equal(got, sound) {
			t.Errorf("VERSION %q became %q", content, got)
		}
		if content != "none" && string(fsys.Get(name+asideSuffix+"1")) != content {
			t.Errorf("VERSION %q is not kept: %v", content, fsys.Files())
		}
	}
	f("none")
	f("")
	f("\x00\x00\x00")
	f("ttlog-")
	f("\xffgarbage")
}

// TestOpen_RefusesWhatIsNotAStore: directories of those names may be anybody's.
func TestOpen_RefusesWhatIsNotAStore(t *testing.T) {
	fsys := newFS()
	if err := ensureDir(fsys, root+"/logs/2026-01-31"); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(root, manual(fsys)); !errors.Is(err, ErrCorrupt) {
		t.Errorf("Open: %v, want ErrCorrupt", err)
	}
}

func TestOpen_ReadOnly(t *testing.T) {
	fsys := newFS()
	ro := manual(fsys)
	ro.ReadOnly = true
	if _, err := Open(root, ro); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Open of nothing: %v, want fs.ErrNotExist", err)
	}
	w := mustOpen(t, manual(fsys))
	r := mustOpen(t, ro)
	if _, err := r.Append(t.Context(), Traces, nil, 0); !errors.Is(err, ErrReadOnly) {
		t.Errorf("Append: %v", err)
	}
	if err := r.Flush(t.Context()); !errors.Is(err, ErrReadOnly) {
		t.Errorf("Flush: %v", err)
	}
	if err := r.Compact(t.Context()); !errors.Is(err, ErrReadOnly) {
		t.Errorf("Compact: %v", err)
	}
	wantRows(t, r, Traces)
	for i := range rowID(6) {
		mustAppend(t, w, Traces, 0, testDay, i+1)
		mustFlush(t, w)
	}
	wantRows(t, r, Traces, 1, 2, 3, 4, 5, 6)
	if err := w.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantRows(t, r, Traces, 1, 2, 3, 4, 5, 6)
	if st := r.Status(); st.Signals[Traces].Parts != 1 || st.Signals[Traces].Rows != 6 {
		t.Errorf("status: %+v", st.Signals)
	}
	if _, err := r.Trace(t.Context(), traceOf(5)); err != nil {
		t.Errorf("Trace: %v", err)
	}
	mustClose(t, r)
	mustClose(t, w)
}

// TestOpen_ReadOnlyStartsOverWhenPartsVanish merges the parts away between the
// reader's look at the manifest and its opening them.
func TestOpen_ReadOnlyStartsOverWhenPartsVanish(t *testing.T) {
	base := newFS()
	w := mustOpen(t, manual(base))
	for i := range rowID(5) {
		mustAppend(t, w, Traces, 0, testDay, i+1)
		mustFlush(t, w)
	}
	f := vfstest.NewFault(base, nil)
	ro := manual(f)
	ro.ReadOnly = true
	r := mustOpen(t, ro)
	merged := false
	f.Set(func(_ int, op vfstest.Op, name string) error {
		if op == vfstest.OpOpen && strings.HasSuffix(name, partName(3)) && !merged {
			merged = true
			return w.Compact(t.Context())
		}
		return nil
	})
	wantRows(t, r, Traces, 1, 2, 3, 4, 5)
	if !merged {
		t.Error("the reader did not open the part")
	}
	mustClose(t, r)
	mustClose(t, w)
}

// TestReadOnly_BesideAWriter has the writer do something between any two looks
// of a reader's scan, which must see what was there before or what came of it.
func TestReadOnly_BesideAWriter(t *testing.T) {
	clean := damaged(t)
	f := func(name string, change func(s *Store) error, want ...rowID) {
		t.Run(name, func(t *testing.T) {
			for k := 0; ; k++ {
				base := clean.Clone()
				looks := vfstest.NewFault(base, nil)
				o := manual(looks)
				o.ReadOnly = true
				r := mustOpen(t, o)
				looks.Set(func(i int, _ vfstest.Op, _ string) error {
					if i != k {
						return nil
					}
					w := mustOpen(t, manual(base))
					return errors.Join(change(w), w.Close())
				})
				got := slices.Sorted(maps.Keys(scanRows(t, r, ScanRequest{Signal: Traces})))
				reached := looks.Ops() > k
				looks.Set(nil)
				if !slices.Equal(got, want) && !slices.Equal(got, []rowID{1, 2, 3, 4, 5, 6, 7}) {
					t.Errorf("look %d: rows %v, want all of before or %v", k, got, want)
				}
				if reached {
					wantRows(t, r, Traces, want...)
				}
				if d := r.Status().Damage; len(d) > 0 {
					t.Errorf("look %d: damage %v", k, d)
				}
				if err := r.Close(); err != nil {
					t.Fatal(err)
				}
				if !reached {
					return
				}
			}
		})
	}
	ctx := t.Context()
	f("merge", func(s *Store) error { return s.Compact(ctx) }, 1, 2, 3, 4, 5, 6, 7)
	f("append", func(s *Store) error {
		_, err := s.Append(ctx, Traces, request(Traces, testDay.Add(9*24*time.Hour), 8), 99)
		return err
	}, 1, 2, 3, 4, 5, 6, 7, 8)
	remove := func(s *Store) error {
		s.compactMu.Lock()
		defer s.compactMu.Unlock()
		r, p := removal{}, s.partitions[key{Traces, 20484}]
		for _, h := range p.handles {
			r.add(p, h)
		}
		return errors.Join(s.remove(r, "test"), s.removeEmpty(), s.removeEmpty())
	}
	f("remove", remove, 7)
	f("remove and make again", func(s *Store) error {
		err := remove(s)
		_, aerr := s.Append(ctx, Traces, request(Traces, testDay, 8), 99)
		return errors.Join(err, aerr)
	}, 7, 8)
}

func TestOpen_LeavesUnknownFilesAlone(t *testing.T) {
	fsys := newFS()
	s := mustOpen(t, manual(fsys))
	mustAppend(t, s, Traces, 0, testDay, 1)
	mustClose(t, s)
	day := root + "/spans/2026-01-31/"
	strange := []string{root + "/notes.txt", root + "/spans/readme", day + "p-1.part", day + "backup"}
	ours := []string{day + partName(900), day + partName(901) + tempSuffix, day + manifestTemp}
	for _, dir := range []string{"/spans/2026-02-03.tmp", "/spans/2026-02-04.tmp", "/spans/2026-02-05.tmp", "/spans/2026-02.tmp"} {
		if err := fsys.Mkdir(root + dir); err != nil {
			t.Fatal(err)
		}
	}
	strange = append(strange, root+"/spans/2026-02-03.tmp/notes", root+"/spans/2026-02.tmp/MANIFEST")
	ours = append(ours, root+"/spans/2026-02-04.tmp/"+partName(1), root+"/spans/2026-02-04.tmp/"+manifestName)
	for _, name := range append(slices.Clone(strange), ours...) {
		fsys.Put(name, []byte("x"))
	}
	o := manual(fsys)
	o.ReadOnly = true
	r := mustOpen(t, o)
	wantRows(t, r, Traces, 1)
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if report, err := checkDir(fsys, root); err != nil || len(report.Unreferenced) != 6 || len(report.Damage) > 0 {
		t.Errorf("Check: unreferenced %v, damage %v, %v", report.Unreferenced, report.Damage, err)
	}
	s = mustOpen(t, manual(fsys))
	files := fsys.Files()
	for _, name := range strange {
		if !slices.Contains(files, name[1:]) {
			t.Errorf("%s is gone", name)
		}
	}
	for _, name := range ours {
		if slices.Contains(files, name[1:]) {
			t.Errorf("orphan %s is still there", name)
		}
	}
	st := s.Status()
	if entries, err := fsys.ReadDir(root + "/spans"); err != nil || len(entries) != 4 {
		t.Errorf("left in spans: %v, %v", entries, err)
	}
	if len(st.Unknown) != 4 || len(st.Damage) != 2 {
		t.Errorf("status reports unknown %v, damage %v", st.Unknown, st.Damage)
	}
	mustAppend(t, s, Traces, 0, testDay, 2)
	mustFlush(t, s)
	if id := s.partitions[key{Traces, 20484}].man.parts[1].id; id <= 901 {
		t.Errorf("new part has number %d, which an orphan had", id)
	}
	wantRows(t, s, Traces, 1, 2)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}
