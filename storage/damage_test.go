package storage

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ttlog/ttlog/storage/column"
	"github.com/ttlog/ttlog/storage/internal/vfstest"
)

// damaged makes a store of three parts on one day, and one of another.
func damaged(t *testing.T) *vfstest.Mem {
	fsys := newFS()
	s := mustOpen(t, manual(fsys))
	for i := range rowID(3) {
		mustAppend(t, s, Traces, uint64(10*i+10), testDay, 2*i+1, 2*i+2)
		mustFlush(t, s)
	}
	mustAppend(t, s, Traces, 40, testDay.Add(24*60*60*1e9), 7)
	mustClose(t, s)
	return fsys
}

const damagedDay = root + "/spans/2026-01-31/"

func wantDamage(t *testing.T, what string, damage []Damage, file string) {
	t.Helper()
	if len(damage) == 0 || !slices.ContainsFunc(damage, func(d Damage) bool { return d.File == file && d.Err != nil }) {
		t.Errorf("%s: %v, want %s in it", what, damage, file)
	}
}

func TestDamage_PartIsLeftOutAndKept(t *testing.T) {
	file := damagedDay + partName(2)
	f := func(what string, spoil func(fsys *vfstest.Mem, data []byte)) {
		t.Run(what, func(t *testing.T) {
			fsys := damaged(t)
			spoil(fsys, fsys.Get(file))
			left := fsys.Get(file)
			r, err := checkDir(fsys, root)
			if err != nil {
				t.Fatal(err)
			}
			wantDamage(t, "Check", r.Damage, file)

			o := manual(fsys)
			o.ReadOnly = true
			for _, o := range []Options{manual(fsys), o} {
				s := mustOpen(t, o)
				wantRows(t, s, Traces, 1, 2, 5, 6, 7)
				wantDamage(t, "Status", s.Status().Damage, file)
				if o.ReadOnly {
					wantLeftOut(t, s, 3, 1) // the writer merged the others
				} else {
					wantLeftOut(t, s, 4, 1)
				}
				if !o.ReadOnly {
					if err := s.Compact(t.Context()); err != nil {
						t.Errorf("Compact: %v", err)
					}
					wantRows(t, s, Traces, 1, 2, 5, 6, 7)
				}
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(fsys.Get(file), left) {
					t.Error("the damaged file was changed or removed")
				}
			}
		})
	}
	f("missing", func(fsys *vfstest.Mem, _ []byte) {
		if err := fsys.Remove(file); err != nil {
			t.Fatal(err)
		}
	})
	f("empty", func(fsys *vfstest.Mem, _ []byte) { fsys.Put(file, nil) })
	f("cut", func(fsys *vfstest.Mem, data []byte) { fsys.Put(file, data[:len(data)-1]) })
	f("longer", func(fsys *vfstest.Mem, data []byte) { fsys.Put(file, append(data, 0)) })
	f("end overwritten", func(fsys *vfstest.Mem, data []byte) {
		copy(data[len(data)-12:], bytes.Repeat([]byte{0xff}, 12))
		fsys.Put(file, data)
	})
	f("start overwritten", func(fsys *vfstest.Mem, data []byte) {
		copy(data, "rubbish")
		fsys.Put(file, data)
	})
}

// wantLeftOut checks what scans say of parts that they lack: one of the day
// with damage says it, one of the next day has nothing to say.
func wantLeftOut(t *testing.T, s *Store, total, damaged int) {
	t.Helper()
	next := testDay.Truncate(24 * time.Hour).Add(24 * time.Hour).UnixNano()
	f := func(req ScanRequest, damaged int) {
		t.Helper()
		sc, err := s.Scan(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		for _, err := range sc.Blocks() {
			if err != nil {
				t.Fatal(err)
			}
		}
		if st := sc.Stats(); st.PartsTotal != total || st.PartsDamaged != damaged || st.PartsPruned < 0 {
			t.Errorf("%+v: stats %+v, want %d parts, %d of them damaged", req, st, total, damaged)
		}
		if err := sc.Close(); err != nil {
			t.Fatal(err)
		}
	}
	f(ScanRequest{Signal: Traces}, damaged)
	f(ScanRequest{Signal: Traces, To: next}, damaged)
	f(ScanRequest{Signal: Traces, From: next}, 0)
	if _, err := s.Trace(t.Context(), [16]byte{1}); !errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), fmt.Sprintf("%d damaged", damaged)) {
		t.Errorf("a trace that may be in a damaged part: %v", err)
	}
}

// TestDamage_ReadOnlySeesAMissingManifest asks a reader, with and without a
// writer's parts in the directory.
func TestDamage_ReadOnlySeesAMissingManifest(t *testing.T) {
	fsys := damaged(t)
	o := manual(fsys)
	o.ReadOnly = true
	before := mustOpen(t, o)
	wantRows(t, before, Traces, 1, 2, 3, 4, 5, 6, 7)
	if err := fsys.Remove(damagedDay + manifestName); err != nil {
		t.Fatal(err)
	}
	for _, s := range []*Store{before, mustOpen(t, o)} {
		wantRows(t, s, Traces, 7)
		wantLeftOut(t, s, 4, 3)
		wantDamage(t, "Status", s.Status().Damage, damagedDay+manifestName)
		for i := range uint64(3) {
			if err := fsys.Remove(damagedDay + partName(i+1)); i == 2 && err != nil {
				t.Fatal(err)
			}
		}
		wantRows(t, s, Traces, 7) // what a writer is just making or removing is no damage
		if d := s.Status().Damage; len(d) > 0 {
			t.Errorf("damage of a partition without parts: %v", d)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		for i := range uint64(3) {
			fsys.Put(damagedDay+partName(i+1), []byte("x"))
		}
	}
}

// TestDamage_OfOneColumnLeavesTheOthers flips a bit in each byte of a part:
// what has no use for the damaged bytes works as before.
func TestDamage_OfOneColumnLeavesTheOthers(t *testing.T) {
	file := damagedDay + partName(2)
	clean := damaged(t)
	size := len(clean.Get(file))
	for i := 0; i < size; i += 3 {
		fsys := clean.Clone()
		data := fsys.Get(file)
		data[i] ^= 0x10
		fsys.Put(file, data)
		s := mustOpen(t, manual(fsys))
		if _, err := s.Columns(t.Context(), Traces); err != nil {
			t.Fatalf("byte %d: columns: %v", i, err)
		}
		if _, err := s.Trace(t.Context(), traceOf(7)); err != nil && !errors.Is(err, ErrCorrupt) {
			t.Fatalf("byte %d: a trace of another part: %v", i, err)
		}
		id := traceOf(3)
		sc, err := s.Scan(t.Context(), ScanRequest{Signal: Traces, Where: []column.Predicate{
			{Ref: traceRef, Op: column.Eq, Values: []column.Value{{Type: column.TypeID, Str: string(id[:])}}},
		}})
		if err != nil {
			t.Fatalf("byte %d: %v", i, err)
		}
		for _, err := range sc.Blocks() {
			if err != nil {
				t.Fatalf("byte %d: blocks: %v", i, err)
			}
		}
		sc.end()
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestDamage_EachByteOfAPartIsChecked flips a bit in each byte: Check must
// name the file, and no reader may crash or hand over wrong rows.
func TestDamage_EachByteOfAPartIsChecked(t *testing.T) {
	file := damagedDay + partName(2)
	clean := damaged(t)
	size := len(clean.Get(file))
	for i := range size {
		fsys := clean.Clone()
		data := fsys.Get(file)
		data[i] ^= 0x10
		fsys.Put(file, data)
		r, err := checkDir(fsys, root)
		if err != nil {
			t.Fatal(err)
		}
		wantDamage(t, "Check", r.Damage, file)
		if i%7 != 0 {
			continue // the rest costs more than it finds
		}
		s := mustOpen(t, manual(fsys))
		scanEitherWay(t, s)
		_ = s.Compact(t.Context())
		scanEitherWay(t, s)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(fsys.Get(file), data) {
			t.Fatalf("byte %d: the damaged file was changed or removed", i)
		}
	}
}

// scanEitherWay accepts an error or sound rows.
func scanEitherWay(t *testing.T, s *Store) {
	t.Helper()
	sc, err := s.Scan(t.Context(), ScanRequest{Signal: Traces})
	if err != nil {
		t.Fatalf("Scan: %v", err)
	}
	defer sc.end()
	for b, err := range sc.Blocks() {
		var data []byte
		if err == nil {
			data, err = b.AppendOTLP(nil, nil)
		}
		if err != nil {
			if !errors.Is(err, ErrCorrupt) {
				t.Fatalf("block: %v, want ErrCorrupt", err)
			}
			return
		}
		got := map[rowID]int{}
		rowsOf(t, Traces, data, got)
		for id, n := range got {
			if n != 1 || id < 1 || id > 7 {
				t.Fatalf("row %d, %d times", id, n)
			}
		}
	}
}

// TestDamage_Manifest cuts the manifest and flips bits of it all over: its partition is not served, nothing is removed, the rest
// works, and new rows of that day find a place.
func TestDamage_Manifest(t *testing.T) {
	clean := damaged(t)
	name := damagedDay + manifestName
	good := clean.Get(name)
	f := func(what string, i int, bad []byte) {
		t.Helper()
		fsys := clean.Clone()
		fsys.Put(name, bad)
		r, err := checkDir(fsys, root)
		if err != nil {
			t.Fatal(err)
		}
		wantDamage(t, "Check", r.Damage, name)
		s := mustOpen(t, manual(fsys))
		wantDamage(t, "Status", s.Status().Damage, name)
		wantRows(t, s, Traces, 7)
		wantLeftOut(t, s, 4, 3)
		mustAppend(t, s, Traces, 41, testDay, 8)
		mustFlush(t, s)
		wantRows(t, s, Traces, 7, 8)
		wantLeftOut(t, s, 5, 3)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = mustOpen(t, manual(fsys))
		wantRows(t, s, Traces, 7, 8)
		wantLeftOut(t, s, 5, 3)
		if len(s.Status().Damage) == 0 {
			t.Error("the damage is not reported any more")
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		for id := range uint64(3) {
			if part := damagedDay + partName(id+1); !bytes.Equal(fsys.Get(part), clean.Get(part)) {
				t.Fatalf("%s at %d: %s was changed or removed", what, i, part)
			}
		}
		if !bytes.Equal(fsys.Get(damagedDay+manifestName+asideSuffix+"1"), bad) {
			t.Fatalf("%s at %d: the unreadable manifest was not kept", what, i)
		}
	}
	for i := 0; i < len(good); i += 5 { // TestManifest_RefusesDamage has each
		f("cut", i, good[:i])
		bad := bytes.Clone(good)
		bad[i] ^= 1 << (i % 8)
		f("flip", i, bad)
		if t.Failed() {
			return
		}
	}
}

// TestDamage_PartVanishesUnderTheWriter removes a part's file that the store
// wrote and did not open yet: scans and merges go on without it.
func TestDamage_PartVanishesUnderTheWriter(t *testing.T) {
	fsys := damaged(t)
	s := mustOpen(t, manual(fsys))
	mustAppend(t, s, Traces, 50, testDay, 8)
	mustFlush(t, s)
	file := damagedDay + partName(4)
	if err := fsys.Remove(file); err != nil {
		t.Fatal(err)
	}
	if err := s.Compact(t.Context()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Compact: %v", err)
	}
	if err := s.Compact(t.Context()); err != nil { // without the part that is to blame
		t.Errorf("Compact again: %v", err)
	}
	wantRows(t, s, Traces, 1, 2, 3, 4, 5, 6, 7)
	wantLeftOut(t, s, 3, 1)
	wantDamage(t, "Status", s.Status().Damage, file)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestDamage_ManifestTooLarge has a manifest that is longer than any can be.
func TestDamage_ManifestTooLarge(t *testing.T) {
	fsys := damaged(t)
	fsys.Put(damagedDay+manifestName, make([]byte, maxManifestBytes+1))
	r, err := checkDir(fsys, root)
	if err != nil {
		t.Fatal(err)
	}
	wantDamage(t, "Check", r.Damage, damagedDay+manifestName)
	s := mustOpen(t, manual(fsys))
	wantRows(t, s, Traces, 7)
	wantDamage(t, "Status", s.Status().Damage, damagedDay+manifestName)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestCheck_BesideAWriter lets the writer remove a partition, or make one,
// between any two looks of Check.
func TestCheck_BesideAWriter(t *testing.T) {
	clean := damaged(t)
	f := func(name string, write func(fsys *vfstest.Mem)) {
		t.Run(name, func(t *testing.T) {
			for k := 0; ; k++ {
				base := clean.Clone()
				looks := vfstest.NewFault(base, func(i int, _ vfstest.Op, _ string) error {
					if i == k {
						write(base)
					}
					return nil
				})
				r, err := checkDir(looks, root)
				if err != nil || !r.OK() {
					t.Errorf("look %d: damage %v, %v", k, r.Damage, err)
				}
				if looks.Ops() <= k {
					return
				}
			}
		})
	}
	f("remove", func(fsys *vfstest.Mem) {
		for i := range uint64(3) {
			_ = fsys.Remove(damagedDay + partName(i+1))
		}
		_ = fsys.Remove(damagedDay + manifestName)
		_ = fsys.Remove(strings.TrimSuffix(damagedDay, "/"))
	})
	f("merge", func(fsys *vfstest.Mem) {
		s := mustOpen(t, manual(fsys))
		if err := errors.Join(s.Compact(t.Context()), s.Close()); err != nil {
			t.Fatal(err)
		}
	})
	f("append", func(fsys *vfstest.Mem) {
		s := mustOpen(t, manual(fsys))
		mustAppend(t, s, Traces, 50, testDay.Add(9*24*time.Hour), 8)
		mustAppend(t, s, Logs, 50, testDay, 9)
		mustFlush(t, s)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestDamage_ManifestMissing(t *testing.T) {
	fsys := damaged(t)
	if err := fsys.Remove(damagedDay + manifestName); err != nil {
		t.Fatal(err)
	}
	r, err := checkDir(fsys, root)
	if err != nil {
		t.Fatal(err)
	}
	wantDamage(t, "Check", r.Damage, damagedDay+partName(1))
	s := mustOpen(t, manual(fsys))
	wantRows(t, s, Traces, 7)
	mustAppend(t, s, Traces, 41, testDay, 8)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	kept := 0
	for _, f := range fsys.Files() {
		if strings.HasPrefix("/"+f, damagedDay+partPrefix) {
			kept++
		}
	}
	if kept != 4 {
		t.Errorf("%d parts on disk, want the 3 old ones and a new one", kept)
	}
}

func TestDamage_ManifestOfAnotherPartition(t *testing.T) {
	fsys := damaged(t)
	fsys.Put(damagedDay+manifestName, fsys.Get(root+"/spans/2026-02-01/"+manifestName))
	r, err := checkDir(fsys, root)
	if err != nil {
		t.Fatal(err)
	}
	wantDamage(t, "Check", r.Damage, damagedDay+manifestName)
}
