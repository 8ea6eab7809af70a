package spill_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/internal/pipeline/spill"
)

func open(t testing.TB, dir string, limit int64) *spill.Queue {
	t.Helper()
	q, err := spill.Open(dir, spill.Options{Limit: limit})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = q.Close() })
	return q
}

func put(t testing.TB, q *spill.Queue, payloads ...string) {
	t.Helper()
	for _, p := range payloads {
		if _, err := q.Append(otlpwire.Logs, len(p), []byte(p)); err != nil {
			t.Fatal(err)
		}
	}
}

// take reads and acknowledges up to n requests.
func take(t testing.TB, q *spill.Queue, n int) (got []string) {
	t.Helper()
	for len(got) < n {
		f, ok, err := q.Peek(nil)
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			return got
		}
		got = append(got, string(f.Payload))
		if err := q.Ack(f); err != nil {
			t.Fatal(err)
		}
	}
	return got
}

func numbered(from, to, size int) (s []string) {
	for i := from; i < to; i++ {
		s = append(s, fmt.Sprintf("%0*d", size, i))
	}
	return s
}

func equal(t testing.TB, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Fatalf("got %d requests, want %d\ngot  %.300q\nwant %.300q", len(got), len(want), got, want)
	}
}

func TestQueue_KeepsOrderAcrossSegmentsAndReopening(t *testing.T) {
	dir := t.TempDir()
	want := numbered(0, 200, 100)
	var got []string
	q := open(t, dir, 64<<10)
	for i := 0; i < 200; i += 20 {
		put(t, q, want[i:i+20]...)
		got = append(got, take(t, q, 13)...)
		if i%60 == 0 { // as after a kill: the old one is not closed
			q = open(t, dir, 64<<10)
		}
	}
	got = append(got, take(t, q, 1000)...)
	equal(t, got, want)
	if st := q.Stats(); !q.Empty() || st != (spill.Stats{Limit: 64 << 10}) {
		t.Errorf("drained queue: %+v", st)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*.seg")); len(left) != 0 {
		t.Errorf("drained queue leaves %v", left)
	}
}

func TestQueue_PeekRepeatsUntilAck(t *testing.T) {
	dir := t.TempDir()
	q := open(t, dir, 0)
	put(t, q, "one", "two")
	for range 3 {
		f, ok, err := q.Peek(make([]byte, 10))
		if err != nil || !ok || string(f.Payload) != "one" || f.Signal != otlpwire.Logs || f.Records != 3 {
			t.Fatalf("got %+v, %v, %v", f, ok, err)
		}
	}
	f, _, _ := q.Peek(nil)
	for range 2 { // the second is of no effect
		if err := q.Ack(f); err != nil {
			t.Fatal(err)
		}
	}
	equal(t, take(t, q, 9), []string{"two"})
}

func TestQueue_DropsOldestBeyondLimit(t *testing.T) {
	const limit = 4096
	q := open(t, t.TempDir(), limit)
	all := numbered(0, 500, 50)
	for _, p := range all {
		put(t, q, p)
		if st := q.Stats(); st.Bytes > limit {
			t.Fatalf("%d bytes, limit %d", st.Bytes, limit)
		}
	}
	st := q.Stats()
	got := take(t, q, 1000)
	equal(t, got, all[len(all)-len(got):])
	if int(st.Outgrown.Frames)+len(got) != len(all) || st.Outgrown.Records.Sum() != 50*st.Outgrown.Frames || len(got) < 30 {
		t.Errorf("%d left of %d, stats %+v", len(got), len(all), st)
	}
	if _, err := q.Append(otlpwire.Traces, 1, make([]byte, limit)); !errors.Is(err, spill.ErrTooLarge) {
		t.Errorf("got %v, want ErrTooLarge", err)
	}
}

// TestQueue_Yield gives up the oldest, counted by signal, up to everything.
func TestQueue_Yield(t *testing.T) {
	dir := t.TempDir()
	q := open(t, dir, 8000) // segments of 1000 bytes
	all := numbered(0, 50, 68)
	put(t, q, all...)
	if _, err := q.Append(otlpwire.Traces, 7, []byte("spans")); err != nil {
		t.Fatal(err)
	}
	freed, records, err := q.Yield(1500)
	if err != nil || freed != 2000 || records != 20*68 {
		t.Errorf("%d bytes, %d records, %v", freed, records, err)
	}
	if got := take(t, q, 1); got[0] != all[20] {
		t.Errorf("got %q first, want %q", got[0], all[20])
	}
	if freed, _, err := q.Yield(1 << 30); err != nil || freed == 0 || !q.Empty() {
		t.Errorf("%d bytes, %v", freed, err)
	}
	st := q.Stats()
	if lost := st.Yielded; lost.Records[otlpwire.Logs] != 49*68 || lost.Records[otlpwire.Traces] != 7 || lost.Frames != 50 || st.Bytes != 0 || st.Outgrown.Frames != 0 {
		t.Errorf("%+v", st)
	}
	put(t, q, "after")
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
	equal(t, take(t, open(t, dir, 8000), 9), []string{"after"})
}

// TestQueue_IsListedAndRemoved, by what it is called.
func TestQueue_IsListedAndRemoved(t *testing.T) {
	parent := t.TempDir()
	dir := filepath.Join(parent, "spill-a.b")
	q, err := spill.Open(dir, spill.Options{Title: "http://***@collector"})
	if err != nil {
		t.Fatal(err)
	}
	put(t, q, "one")
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
	for _, other := range []string{"spill-b.damaged-1", "spill-c.removed", "other"} {
		if err := os.Mkdir(filepath.Join(parent, other), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	queues, err := spill.List(parent, "spill-")
	if err != nil || len(queues) != 1 {
		t.Fatal(queues, err)
	}
	if q := queues[0]; q.Name != "a.b" || q.Dir != dir || q.Title != "http://***@collector" || q.Bytes != 35 || q.Since.IsZero() {
		t.Errorf("%+v", q)
	}
	if err := spill.Remove(dir); err != nil {
		t.Fatal(err)
	}
	if queues, err = spill.List(parent, "spill-"); err != nil || len(queues) != 0 {
		t.Error(queues, err)
	}
}

func TestQueue_AckAfterDropIsIgnored(t *testing.T) {
	q := open(t, t.TempDir(), 1000)
	put(t, q, "first")
	f, _, _ := q.Peek(nil)
	put(t, q, numbered(0, 30, 50)...)
	if err := q.Ack(f); err != nil {
		t.Fatal(err)
	}
	got := take(t, q, 100)
	equal(t, got, numbered(30-len(got), 30, 50))
}

func segments(t testing.TB, dir string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.seg"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no segments: %v", err)
	}
	return names
}

// A write that was cut off at any byte costs that request alone, and the queue
// goes on behind it.
func TestQueue_TornTail(t *testing.T) {
	for cut := int64(1); cut < 32+10; cut++ {
		dir := t.TempDir()
		q := open(t, dir, 0)
		put(t, q, "0123456789", "0123456789", "abcdefghij")
		name := segments(t, dir)[0]
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(name, info.Size()-cut); err != nil {
			t.Fatal(err)
		}
		q = open(t, dir, 0)
		put(t, q, "next")
		equal(t, take(t, q, 9), []string{"0123456789", "0123456789", "next"})
		if st := q.Stats(); st.CorruptBytes != 0 {
			t.Errorf("cut %d: %+v", cut, st)
		}
	}
}

// A damaged byte costs the request it is in, no other.
func TestQueue_FlippedByte(t *testing.T) {
	dir := t.TempDir()
	q := open(t, dir, 0)
	all := numbered(0, 6, 8)
	put(t, q, all...)
	_ = q.Close()
	whole, err := os.ReadFile(segments(t, dir)[0])
	if err != nil {
		t.Fatal(err)
	}
	for i := range whole {
		dir := t.TempDir()
		bad := bytes.Clone(whole)
		bad[i] ^= 0x5a
		if err := os.WriteFile(filepath.Join(dir, "0000000000000000.seg"), bad, 0o600); err != nil {
			t.Fatal(err)
		}
		hit := i / (32 + 8)
		q := open(t, dir, 0)
		put(t, q, "new")
		equal(t, take(t, q, 99), append(slices.Delete(slices.Clone(all), hit, hit+1), "new"))
		_ = q.Close()
	}
}

func TestQueue_LostPositionSendsAgain(t *testing.T) {
	dir := t.TempDir()
	q := open(t, dir, 0)
	put(t, q, "one", "two")
	take(t, q, 1)
	_ = q.Close()
	if err := os.WriteFile(filepath.Join(dir, "position"), bytes.Repeat([]byte{7}, 48), 0o600); err != nil {
		t.Fatal(err)
	}
	equal(t, take(t, open(t, dir, 0), 9), []string{"one", "two"})
}

func TestQueue_MissingSegmentIsSteppedOver(t *testing.T) {
	dir := t.TempDir()
	q := open(t, dir, 8*200)
	put(t, q, numbered(0, 8, 100)...) // 132 bytes each, one per segment
	_ = q.Close()
	if err := os.Remove(segments(t, dir)[2]); err != nil {
		t.Fatal(err)
	}
	equal(t, take(t, open(t, dir, 8*200), 99), slices.Delete(numbered(0, 8, 100), 2, 3))
}

// What is longer than it should be, after a write that failed and could not be
// taken back, does not reach into the next segment.
func TestQueue_OverlongSegment(t *testing.T) {
	dir := t.TempDir()
	q := open(t, dir, 8*200)
	put(t, q, numbered(0, 8, 100)...) // 132 bytes each, one per segment
	_ = q.Close()
	name := segments(t, dir)[2]
	whole, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, append(whole, whole[:70]...), 0o600); err != nil {
		t.Fatal(err)
	}
	equal(t, take(t, open(t, dir, 8*200), 99), numbered(0, 8, 100))
}

// A position that no queue has written is none.
func TestQueue_AbsurdPosition(t *testing.T) {
	dir := t.TempDir()
	slot := binary.LittleEndian.AppendUint64(nil, 9)
	slot = binary.LittleEndian.AppendUint64(slot, 1<<63)
	slot = binary.LittleEndian.AppendUint32(slot, crc32.Checksum(slot, crc32.MakeTable(crc32.Castagnoli)))
	if err := os.WriteFile(filepath.Join(dir, "position"), append(slot, 0, 0, 0, 0), 0o600); err != nil {
		t.Fatal(err)
	}
	q := open(t, dir, 0)
	put(t, q, "one")
	_ = q.Close()
	equal(t, take(t, open(t, dir, 0), 9), []string{"one"})
}

// fullDisk makes path a file that takes no byte.
func fullDisk(t testing.TB, path string) {
	t.Helper()
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("this system has no /dev/full")
	}
	if err := os.Symlink("/dev/full", path); err != nil {
		t.Fatal(err)
	}
}

// A queue whose position cannot be written still gives every request once and
// gives its space back, which is what a full disk needs.
func TestQueue_FullDiskForThePosition(t *testing.T) {
	dir := t.TempDir()
	fullDisk(t, filepath.Join(dir, "position"))
	q := open(t, dir, 0)
	all := numbered(0, 5, 10)
	put(t, q, all...)
	var got []string
	for range all {
		f, ok, err := q.Peek(nil)
		if err != nil || !ok {
			t.Fatalf("got %v, %v", ok, err)
		}
		got = append(got, string(f.Payload))
		if err := q.Ack(f); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("ack: %v, want that there is no space", err)
		}
	}
	equal(t, got, all)
	if _, ok, err := q.Peek(nil); ok || err != nil || !q.Empty() {
		t.Errorf("drained queue: %v, %v", ok, err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*.seg")); len(left) != 0 {
		t.Errorf("drained queue leaves %v", left)
	}
}

// A request that could not be written leaves nothing behind that would have to
// be sent.
func TestQueue_FullDiskForTheSegment(t *testing.T) {
	dir := t.TempDir()
	q := open(t, dir, 0)
	fullDisk(t, filepath.Join(dir, "0000000000000000.seg"))
	if _, err := q.Append(otlpwire.Logs, 1, []byte("x")); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("got %v, want that there is no space", err)
	}
	if !q.Empty() {
		t.Error("the queue is not empty")
	}
	if _, ok, err := q.Peek(nil); ok || err != nil {
		t.Errorf("queue of nothing: %v, %v", ok, err)
	}
}

func TestQueue_Closed(t *testing.T) {
	q := open(t, t.TempDir(), 0)
	if err := errors.Join(q.Close(), q.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := q.Append(otlpwire.Logs, 1, nil); !errors.Is(err, spill.ErrClosed) {
		t.Errorf("got %v", err)
	}
	if _, _, err := q.Peek(nil); !errors.Is(err, spill.ErrClosed) {
		t.Errorf("got %v", err)
	}
}

// FuzzSpill opens a directory of arbitrary bytes: no panic, what is read ends,
// and the queue works behind whatever was there.
func FuzzSpill(f *testing.F) {
	dir := f.TempDir()
	q := open(f, dir, 0)
	put(f, q, "one", "two", "three")
	take(f, q, 1)
	_ = q.Close()
	seg, err := os.ReadFile(segments(f, dir)[0])
	if err != nil {
		f.Fatal(err)
	}
	pos, err := os.ReadFile(filepath.Join(dir, "position"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seg, pos)
	f.Add(seg[:len(seg)-3], pos)
	f.Add(bytes.Repeat([]byte("TTSP"), 100), pos[:24])
	f.Add([]byte{}, []byte{})
	f.Fuzz(func(t *testing.T, seg, pos []byte) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "0000000000000000.seg"), seg, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "position"), pos, 0o600); err != nil {
			t.Fatal(err)
		}
		q := open(t, dir, 1<<20)
		put(t, q, "new")
		got := take(t, q, len(seg)/32+2)
		if len(got) == 0 || got[len(got)-1] != "new" || !q.Empty() {
			t.Errorf("got %q", got)
		}
		_ = q.Close()
	})
}
