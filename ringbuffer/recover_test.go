//go:build unix

package ringbuffer

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// readFile returns the bytes of a ring file.
func readFile(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// otherBoot are options of a machine that was started anew.
func otherBoot(o Options, n byte) Options {
	o.boot = &[16]byte{n}
	return o
}

func TestOpen_CleanCloseKeepsAll(t *testing.T) {
	path := ringPath(t)
	r := mustOpen(t, path, quiet(4096))
	rd := mustReader(t, r, "a")
	mustReader(t, r, "b")
	mustWrite(t, r, "one")
	mustWrite(t, r, "two")
	rec, _ := rd.Next()
	rd.Release(rec.End)
	id := r.ID()
	mustClose(t, r)

	r = mustOpen(t, path, Options{Size: 1 << 20})
	st := r.Stats()
	if r.ID() != id || st.Size != 4096 || st.Recovered != 2 || st.Holes+st.Corrupt != 0 || !st.FileBacked {
		t.Errorf("ID %d, want %d; Stats = %+v", r.ID(), id, st)
	}
	if got := r.ReaderNames(); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("ReaderNames = %q", got)
	}
	if got := readAll(mustReader(t, r, "a")); !slices.Equal(got, []string{"two"}) {
		t.Errorf("reader a got %q", got)
	}
	if got := readAll(mustReader(t, r, "b")); !slices.Equal(got, []string{"one", "two"}) {
		t.Errorf("reader b got %q", got)
	}
}

func TestOpen_LockedElsewhere(t *testing.T) {
	path := ringPath(t)
	r := mustOpen(t, path, quiet(4096))
	if _, err := Open(path, Options{}); !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), path) {
		t.Errorf("second Open = %v", err)
	}
	mustWrite(t, r, "still works")
	mustClose(t, r)
	mustOpen(t, path, Options{})
}

// TestOpen_StepsOverHoles leaves every subset of eight slots uncommitted, in a
// ring where they lie across the end of the buffer.
func TestOpen_StepsOverHoles(t *testing.T) {
	dir := memoryDir(t)
	for set := range 1 << 8 {
		path := filepath.Join(dir, fmt.Sprint(set))
		r := mustOpen(t, path, quiet(1024))
		rd := mustReader(t, r, "a")
		for range 13 {
			mustWrite(t, r, strings.Repeat("x", 40))
		}
		readAll(rd)
		rd.Release(r.Stats().Head)
		var want []string
		var open []Slot
		for i := range 8 {
			text := strings.Repeat(fmt.Sprint(i), 60)
			if set&(1<<i) == 0 {
				mustWrite(t, r, text)
				want = append(want, text)
				continue
			}
			s, err := r.Reserve(5, len(text))
			if err != nil {
				t.Fatal(err)
			}
			copy(s.Bytes(), "half written")
			open = append(open, s)
		}
		copied := path + ".copy"
		if err := os.WriteFile(copied, readFile(t, path), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, s := range open {
			s.Abort()
		}
		rd.Close()
		mustClose(t, r)
		for pass := range 2 {
			r, err := Open(copied, quiet(0))
			if err != nil {
				t.Fatal(err)
			}
			st := r.Stats()
			if st.Corrupt != 0 || st.Recovered != uint64(len(want)) || pass > 0 && st.Holes != 0 || st.PowerLoss {
				t.Fatalf("set %08b: %+v", set, st)
			}
			if set != 0 && set < 1<<7 && pass == 0 && st.Holes == 0 {
				t.Fatalf("set %08b: no hole counted", set)
			}
			rd, err := r.Reader("a")
			if err != nil {
				t.Fatal(err)
			}
			if got := readAll(rd); !slices.Equal(got, want) {
				t.Fatalf("set %08b: got %q, want %q", set, got, want)
			}
			// The ring goes on behind what was found.
			if _, err := r.Write(6, []byte("more")); err != nil {
				t.Fatal(err)
			}
			if got := readAll(rd); !slices.Equal(got, []string{"more"}) {
				t.Fatalf("set %08b: got %q after a write", set, got)
			}
			want = append(want, "more")
			rd.Close()
			mustClose(t, r)
		}
	}
}

// smallRing makes a file with ten records of different sizes across the end of
// the buffer and a definition, and returns its bytes as a kill leaves them.
func smallRing(t testing.TB, clean bool) (file []byte, want []string) {
	t.Helper()
	path := ringPath(t)
	r := mustOpen(t, path, quiet(1024))
	rd := mustReader(t, r, "a")
	for range 11 {
		mustWrite(t, r, strings.Repeat("old", 20))
	}
	readAll(rd)
	rd.Release(r.Stats().Head)
	if _, err := r.Define(3, []byte("definition")); err != nil {
		t.Fatal(err)
	}
	for i := range 10 {
		want = append(want, fmt.Sprint(i, strings.Repeat("abcdefg ", i)))
		mustWrite(t, r, want[i])
	}
	if !clean {
		path = crashed(t, path)
	}
	rd.Close()
	mustClose(t, r)
	return readFile(t, path), want
}

// TestOpen_EveryFlippedByte flips a bit of every used byte of a file that a
// kill left, and of the header of one that was closed: a record is either
// intact or gone, its neighbors stay, and what cannot be believed is an error
// that leaves the file alone.
func TestOpen_EveryFlippedByte(t *testing.T) {
	for _, clean := range []bool{true, false} {
		file, want := smallRing(t, clean)
		path := filepath.Join(memoryDir(t), "ring")
		lost := 0
		for i, c := range file {
			switch {
			case i < fileHeaderBytes && c == 0 && i > offState+8, clean && i >= fileHeaderBytes:
				continue
			case i >= fileHeaderBytes+64 && i < fileHeaderBytes+4096: // unused part of the catalog
				continue
			}
			lost += openFlipped(t, path, file, i, 1<<(i%11%8), want)
			if t.Failed() {
				return
			}
		}
		if lost == 0 {
			t.Error("no flip did any harm")
		}
	}
}

func openFlipped(t *testing.T, path string, file []byte, at int, flip byte, want []string) (lost int) {
	t.Helper()
	b := bytes.Clone(file)
	b[at] ^= flip
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := Open(path, quiet(0))
	if err != nil {
		if at >= fileHeaderBytes {
			t.Errorf("byte %d ^ %x: %v", at, flip, err)
		}
		if !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrVersion) {
			t.Errorf("byte %d ^ %x: %v", at, flip, err)
		}
		// A mapped header may have been tidied before the error, nothing else.
		if got := readFile(t, path); !bytes.Equal(got[fileHeaderBytes:], b[fileHeaderBytes:]) {
			t.Errorf("byte %d ^ %x: a refused file was changed", at, flip)
		}
		return 1
	}
	defer mustClose(t, r)
	st := r.Stats()
	names := r.ReaderNames()
	if len(names) != 1 {
		return 1 // the flip hit the use of the reader's row
	}
	got := readAll(mustReader(t, r, names[0]))
	k := 0
	for _, text := range got {
		for k < len(want) && want[k] != text {
			k++
		}
		if k == len(want) {
			if !strings.HasPrefix(text, "oldold") {
				t.Errorf("byte %d ^ %x: read %q, which nobody wrote", at, flip, text)
			}
			k = 0
		}
	}
	if at >= fileHeaderBytes && len(got) < len(want)-1 {
		t.Errorf("byte %d ^ %x: got %d of %d records: %+v", at, flip, len(got), len(want), st)
	}
	// The newest record without its commit word is one that was never
	// committed.
	lastOnly := len(got) == len(want)-1 && got[len(got)-1] == want[len(got)-1]
	if len(got) < len(want) && st.Corrupt+st.Holes == 0 && at >= fileHeaderBytes && !lastOnly {
		t.Errorf("byte %d ^ %x: a record is lost and nothing counted", at, flip)
	}
	if _, err := r.Write(4, []byte("more")); err != nil && !errors.Is(err, ErrFull) {
		t.Errorf("byte %d ^ %x: %v", at, flip, err)
	}
	return max(0, len(want)-len(got))
}

func TestOpen_CorruptRecordIsSkippedAndCounted(t *testing.T) {
	file, want := smallRing(t, true)
	i := bytes.Index(file, []byte(want[7]))
	file[i+3] ^= 4
	r := mustOpen(t, writeRing(t, file), quiet(0))
	st := r.Stats()
	if st.Corrupt != 1 || len(st.Damage) != 1 || st.Recovered != 9 {
		t.Fatalf("Stats = %+v", st)
	}
	if off := i - headerBytes - fileHeaderBytes - 4096; st.Damage[0].Pos%1024 != uint64(off) {
		t.Errorf("Damage = %v, want position %d mod 1024", st.Damage[0], off)
	}
	if got := readAll(mustReader(t, r, "a")); !slices.Equal(got, slices.Delete(want, 7, 8)) {
		t.Errorf("got %q", got)
	}
}

func TestOpen_EveryTruncation(t *testing.T) {
	file, _ := smallRing(t, false)
	path := ringPath(t)
	for n := 1; n < len(file); n += 1 + n/7 {
		if err := os.WriteFile(path, file[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Open(path, quiet(0))
		if !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), path) {
			t.Errorf("%d of %d bytes: Open = %v", n, len(file), err)
		}
		if _, err := OpenSnapshot(path); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%d of %d bytes: OpenSnapshot = %v", n, len(file), err)
		}
		if got := readFile(t, path); !bytes.Equal(got, file[:n]) {
			t.Errorf("%d of %d bytes: a refused file was changed", n, len(file))
		}
	}
}

// TestOpen_BadHeaders writes fields that checksums alone would let pass.
func TestOpen_BadHeaders(t *testing.T) {
	file, _ := smallRing(t, false)
	le := binary.LittleEndian
	f := func(what string, want error, text string, change func(b []byte)) {
		t.Helper()
		b := bytes.Clone(file)
		change(b)
		le.PutUint32(b[offStaticCRC:], crc32.Checksum(b[:offStaticCRC], castagnoli))
		path := writeRing(t, b)
		r, err := Open(path, quiet(0))
		if err == nil {
			r.Close()
		}
		if !errors.Is(err, want) || !strings.Contains(err.Error(), text) {
			t.Errorf("%s: Open = %v, want %v with %q", what, err, want, text)
		}
		if !bytes.Equal(readFile(t, path), b) {
			t.Errorf("%s: the refused file was changed", what)
		}
	}
	put64 := func(at int, v uint64) func([]byte) { return func(b []byte) { le.PutUint64(b[at:], v) } }
	f("magic", ErrCorrupt, "first 8 bytes", func(b []byte) { copy(b, "PK\x03\x04") })
	f("version", ErrVersion, "version 9", func(b []byte) { le.PutUint32(b[offVersion:], 9) })
	f("header size", ErrCorrupt, "header of 1", func(b []byte) { le.PutUint32(b[offHeaderBytes:], 1) })
	f("data size 0", ErrCorrupt, "data area", put64(offDataBytes, 0))
	f("data size odd", ErrCorrupt, "data area", put64(offDataBytes, 1000))
	f("data size large", ErrCorrupt, "data area", put64(offDataBytes, 1<<63))
	f("data size other", ErrCorrupt, "its header says", put64(offDataBytes, 2048))
	f("catalog size", ErrCorrupt, "catalog", put64(offCatalogBytes, 1<<62))
	f("key", ErrCorrupt, "key", put64(offKey, 0))
	cursor := offReaders
	f("cursor beyond the head", ErrCorrupt, `reader "a"`, put64(cursor, 1<<20))
	f("cursor absurd", ErrCorrupt, "beyond every limit", put64(cursor, 1<<63))
	f("cursor odd", ErrCorrupt, "aligned", put64(cursor, 13))
	f("cursor before the tail", ErrCorrupt, "before the tail", put64(cursor, 0))
	f("tail", ErrCorrupt, "tail", put64(offTail, 1<<40))
	f("head", ErrCorrupt, "head", put64(offHint, 1<<63))
	f("use", ErrCorrupt, "use of reader", put64(cursor+readerUsed, 7))
	f("name", ErrCorrupt, "name of reader", func(b []byte) { b[cursor+readerName] = 'z' })
	f("name length", ErrCorrupt, "name of reader", func(b []byte) { le.PutUint32(b[cursor+readerNameLen:], 1<<31) })
	f("twice", ErrCorrupt, "twice", func(b []byte) { copy(b[cursor+readerStride:], b[cursor:cursor+readerStride]) })
	f("gap backwards", ErrCorrupt, "gap", func(b []byte) { le.PutUint64(b[offGaps:], 4096); le.PutUint64(b[offGaps+8:], 1024) })
	f("gap uneven", ErrCorrupt, "gap", func(b []byte) { le.PutUint64(b[offGaps+8:], 1032) })
	f("cursor in a gap", ErrCorrupt, "lies in the gap", func(b []byte) { le.PutUint64(b[offGaps+8:], 1<<30) })
}

func TestOpen_OtherFiles(t *testing.T) {
	dir := t.TempDir()
	if _, err := Open(dir, Options{}); err == nil {
		t.Error("Open of a directory")
	}
	if _, err := Open(filepath.Join(dir, "no", "ring"), Options{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Open in a missing directory = %v", err)
	}
	text := []byte(strings.Repeat("Dear diary, ", 1000))
	path := writeRing(t, text)
	if _, err := Open(path, Options{}); !errors.Is(err, ErrCorrupt) {
		t.Errorf("Open of a text = %v", err)
	}
	if !bytes.Equal(readFile(t, path), text) {
		t.Error("a text was changed")
	}
	// What a crash in the middle of the creation leaves is nobody's data.
	path = writeRing(t, make([]byte, 12345))
	r := mustOpen(t, path, quiet(4096))
	mustWrite(t, r, "x")
	// Zeros but for one byte are.
	file := make([]byte, 12345)
	file[12000] = 1
	if _, err := Open(writeRing(t, file), quiet(0)); !errors.Is(err, ErrCorrupt) {
		t.Errorf("Open of a file with one byte = %v", err)
	}
}

func TestOpen_FullDisk(t *testing.T) {
	dir, err := os.MkdirTemp("/dev/shm", "ring") //nolint:usetesting // the file system matters
	if err != nil {
		t.Skip("no file system here that refuses at once: ", err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "ring")
	r, err := Open(path, Options{Size: maxSize})
	if err == nil {
		r.Close()
		t.Skip("a terabyte fits /dev/shm")
	}
	if !strings.Contains(err.Error(), path) {
		t.Errorf("Open = %v, which does not name the file", err)
	}
	// The next try, of a size that fits, succeeds.
	mustOpen(t, path, quiet(4096))
}

// TestOpen_PowerLoss combines an old header with newer data and a torn record.
func TestOpen_PowerLoss(t *testing.T) {
	path := ringPath(t)
	r := mustOpen(t, path, otherBoot(quiet(1024), 1))
	rd := mustReader(t, r, "a")
	mustWrite(t, r, "first")
	early := readFile(t, path)[:fileHeaderBytes]
	var texts []string
	for i := range 100 {
		readAll(rd)
		rd.Release(r.Stats().Head)
		texts = append(texts, fmt.Sprint("text", i, strings.Repeat(".", i%30)))
		mustWrite(t, r, texts[i])
	}
	head := r.Stats().Head
	file := readFile(t, path)
	rd.Close()
	mustClose(t, r)
	copy(file, early)
	last := bytes.Index(file, []byte(texts[99]))
	file[last] ^= 1

	r = mustOpen(t, writeRing(t, file), otherBoot(quiet(0), 2))
	st := r.Stats()
	if !st.PowerLoss || st.Lost == 0 {
		t.Errorf("Stats = %+v", st)
	}
	rd = mustReader(t, r, "a")
	got := readAll(rd)
	if n := len(got); n < 5 || !slices.Equal(got, texts[99-n:99]) {
		t.Errorf("got %q", got)
	}
	rd.Release(st.Head)
	// The torn record must not come to life when the head gets there, and no
	// position is given out again.
	s, err := r.Reserve(4, len(texts[99]))
	if err != nil {
		t.Fatal(err)
	}
	if rec, ok := rd.Next(); ok {
		t.Errorf("read %q from a slot that is not committed", rec.Data)
	}
	if s.pos < head+gapBytes-1024 {
		t.Errorf("position %d after power loss at %d", s.pos, head)
	}
	s.Abort()
	mustWrite(t, r, "new")
	if got := readAll(rd); !slices.Equal(got, []string{"new"}) {
		t.Errorf("got %q", got)
	}
	if rd.Lag() > 1024 {
		t.Errorf("Lag = %d counts the gap", rd.Lag())
	}
}

// TestOpen_ManyPowerLosses goes on after each of them, with and without
// progress of the reader between.
func TestOpen_ManyPowerLosses(t *testing.T) {
	path := ringPath(t)
	var want []string
	var top uint64
	for i := range 40 {
		r, err := Open(path, otherBoot(quiet(2048), byte(i+1)))
		if err != nil {
			t.Fatal(i, err)
		}
		rd, err := r.Reader("a")
		if err != nil {
			t.Fatal(err)
		}
		if got := readAll(rd); !slices.Equal(got, want) {
			t.Fatalf("%d: got %q, want %q", i, got, want)
		}
		if i%7 == 6 {
			rd.Release(r.Stats().Head)
			want = nil
		}
		for k := range 3 {
			s, err := r.Reserve(4, 10)
			if err != nil {
				t.Fatalf("%d: %v: %+v", i, err, r.Stats())
			}
			if s.pos < top {
				t.Fatalf("%d: position %d again, after %d", i, s.pos, top)
			}
			copy(s.Bytes(), fmt.Sprintf("%4d %4d ", i, k))
			want = append(want, string(s.Bytes()))
			top = s.Commit()
		}
		// One copy is found by the same run of the machine, the next by
		// another.
		path = crashed(t, path)
		rd.Close()
		mustClose(t, r)
		if i%3 == 0 {
			r, err := Open(path, otherBoot(quiet(0), byte(i+1)))
			if err != nil {
				t.Fatal(err)
			}
			if st := r.Stats(); st.PowerLoss {
				t.Errorf("%d: a crash was taken for power loss", i)
			}
			path = crashed(t, path)
			mustClose(t, r)
		}
	}
}
