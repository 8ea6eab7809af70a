//go:build unix

package ringbuffer

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"testing"
	"time"
)

// The kill test runs this test binary again as a child that writes into a ring
// file from several goroutines and reports, through a pipe, every record after
// its Commit and every record before its Release. The parent kills the child
// with SIGKILL at a random moment, opens the ring, and accounts for every
// report.

const (
	killChildEnv = "TTLOG_RING_KILL_CHILD" // path of the ring
	killEpochEnv = "TTLOG_RING_KILL_EPOCH"
	killsEnv     = "TTLOG_RING_KILLS" // number of kills, 20 by default

	killWriters = 4
	killSize    = 256 << 10
)

// killReport is what the child says of one record. Its 16 bytes reach the pipe
// whole or not at all.
type killReport struct {
	consumed bool
	writer   uint8
	epoch    uint16
	seq      uint64
}

func (k killReport) append(dst []byte) []byte {
	var tag uint64
	if k.consumed {
		tag = 1
	}
	dst = binary.LittleEndian.AppendUint64(dst, tag<<32|uint64(k.writer)<<16|uint64(k.epoch))
	return binary.LittleEndian.AppendUint64(dst, k.seq)
}

func parseKillReport(b []byte) killReport {
	tag := binary.LittleEndian.Uint64(b)
	return killReport{tag>>32 == 1, uint8(tag >> 16), uint16(tag), binary.LittleEndian.Uint64(b[8:])}
}

// killPayload is a record's content: a definition's id, who wrote it, and
// bytes that follow from that.
func killPayload(dst []byte, id uint32, k killReport) {
	binary.LittleEndian.PutUint32(dst, id)
	k.append(dst[4:4])
	rnd := rand.New(rand.NewPCG(uint64(k.epoch)<<8|uint64(k.writer), k.seq))
	for i := 20; i < len(dst); i++ {
		dst[i] = byte(rnd.Uint32())
	}
}

func killLen(k killReport) int {
	return 20 + rand.New(rand.NewPCG(k.seq, uint64(k.epoch)+uint64(k.writer))).IntN(700)
}

// killChild is the child; it ends by being killed.
func killChild() {
	epoch, _ := strconv.Atoi(os.Getenv(killEpochEnv))
	pipe := os.NewFile(3, "pipe")
	r, err := Open(os.Getenv(killChildEnv), Options{Size: killSize, SyncInterval: 3 * time.Millisecond})
	if err != nil {
		fmt.Fprintln(os.Stderr, "child:", err)
		os.Exit(1)
	}
	rd, err := r.Reader("main")
	if err != nil {
		fmt.Fprintln(os.Stderr, "child:", err)
		os.Exit(1)
	}
	for w := range killWriters {
		go killWriter(r, pipe, killReport{writer: uint8(w), epoch: uint16(epoch)})
	}
	if epoch%4 == 3 {
		// One producer dies with its slot: readers stop here, the ring fills.
		time.Sleep(time.Duration(epoch) * time.Millisecond)
		_, _ = r.Reserve(9, 100)
	}
	for rd.Wait(context.Background()) == nil {
		for rec, ok := rd.Next(); ok; rec, ok = rd.Next() {
			k := parseKillReport(rec.Data[4:])
			k.consumed = true
			_, _ = pipe.Write(k.append(nil))
			rd.Release(rec.End)
		}
	}
}

func killWriter(r *Ring, pipe io.Writer, k killReport) {
	id, err := r.Define(7, fmt.Appendf(nil, "writer %d of %d", k.writer, k.epoch))
	if err != nil {
		fmt.Fprintln(os.Stderr, "child:", err)
		os.Exit(1)
	}
	for ; ; k.seq++ {
		s, err := r.Reserve(8, killLen(k))
		for errors.Is(err, ErrFull) {
			runtime.Gosched()
			s, err = r.Reserve(8, killLen(k))
		}
		killPayload(s.Bytes(), id, k)
		if k.seq%50 == 49 {
			s.Abort()
			continue
		}
		end := s.Commit()
		_, _ = pipe.Write(k.append(nil))
		if k.seq%64 == 0 {
			_ = r.SyncTo(context.Background(), end)
		}
	}
}

// killBooks is what the parent knows.
type killBooks struct {
	t         *testing.T
	committed map[killReport]bool
	consumed  map[killReport]bool
	found     int
	holes     uint64
}

func TestRing_SurvivesKill(t *testing.T) {
	if testing.Short() {
		t.Skip("starts child processes")
	}
	kills := 20
	if n, err := strconv.Atoi(os.Getenv(killsEnv)); err == nil {
		kills = n
	}
	books := killBooks{t: t, committed: map[killReport]bool{}, consumed: map[killReport]bool{}}
	path := ringPath(t)
	for epoch := range kills {
		books.runChild(path, epoch)
		books.check(path)
		if t.Failed() {
			t.Fatalf("after kill %d", epoch+1)
		}
	}
	t.Logf("%d kills: %d records committed, %d found after a kill, %d holes", kills, len(books.committed), books.found, books.holes)
	if len(books.committed) < 10*kills || books.found == 0 {
		t.Error("the children did too little to prove anything")
	}
}

func (b *killBooks) runChild(path string, epoch int) {
	r, w, err := os.Pipe()
	if err != nil {
		b.t.Fatal(err)
	}
	defer r.Close()
	var stderr bytes.Buffer
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), killChildEnv+"="+path, fmt.Sprintf("%s=%d", killEpochEnv, epoch))
	cmd.ExtraFiles = []*os.File{w}
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		b.t.Fatal(err)
	}
	w.Close()
	kill := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
	defer kill.Stop()
	buf := make([]byte, 16)
	for n := 0; ; n++ {
		if _, err := io.ReadFull(r, buf); err != nil {
			break
		}
		if n == 0 {
			kill.Reset(time.Duration(rand.IntN(60_000)) * time.Microsecond)
		}
		k := parseKillReport(buf)
		if k.consumed {
			k.consumed = false
			b.consumed[k] = true
		} else {
			b.committed[k] = true
		}
	}
	if err := cmd.Wait(); err == nil || stderr.Len() > 0 {
		b.t.Fatalf("child ended with %v: %s", err, stderr.Bytes())
	}
}

// check opens the ring and accounts for every record.
func (b *killBooks) check(path string) {
	r, err := Open(path, Options{})
	if err != nil {
		b.t.Fatal(err)
	}
	defer mustClose(b.t, r)
	st := r.Stats()
	if st.Corrupt != 0 || st.Lost != 0 || st.PowerLoss {
		b.t.Errorf("Stats = %+v", st)
	}
	b.holes += st.Holes
	rd := mustReader(b.t, r, "main")
	defer rd.Close()
	ring, last := map[killReport]bool{}, map[[2]int]uint64{}
	want, releasing := make([]byte, 1024), true
	for rec, ok := rd.Next(); ok; rec, ok = rd.Next() {
		k := parseKillReport(rec.Data[4:])
		if ring[k] {
			b.t.Errorf("%+v is there twice", k)
		}
		ring[k] = true
		id := binary.LittleEndian.Uint32(rec.Data)
		killPayload(want[:killLen(k)], id, k)
		if !bytes.Equal(rec.Data, want[:killLen(k)]) {
			b.t.Errorf("%+v at %d has other bytes than were written", k, rec.Pos)
		}
		_, def, _ := r.Definition(id)
		if got, want := string(def), fmt.Sprintf("writer %d of %d", k.writer, k.epoch); got != want {
			b.t.Errorf("definition %d is %q, want %q", id, got, want)
		}
		who := [2]int{int(k.epoch), int(k.writer)}
		if seq, ok := last[who]; ok && seq >= k.seq {
			b.t.Errorf("%+v comes after its successor %d", k, seq)
		}
		last[who] = k.seq
		// Some are released here; the rest must survive the next kill too.
		if releasing = releasing && rand.IntN(100) > 0; releasing {
			rd.Release(rec.End)
			b.consumed[k] = true
		}
	}
	b.found += len(ring)
	if uint64(len(ring)) != st.Recovered {
		b.t.Errorf("Recovered = %d, read %d", st.Recovered, len(ring))
	}
	// A release without a report before it cannot be; a report without its
	// release is a record that comes again.
	for k := range b.committed {
		if !ring[k] && !b.consumed[k] {
			b.t.Errorf("%+v was committed and is gone", k)
		}
	}
}
