//go:build unix

package ringbuffer

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// sectorBytes is what a disk writes in one piece.
const sectorBytes = 512

// TestOpen_PowerLossAnywhere cuts the power between any two steps: each sector
// of the file is then as it was at the last sync or at some moment since. What
// was synced and not released is there for each reader, nothing is there that
// was not written, and no position comes again.
func TestOpen_PowerLossAnywhere(t *testing.T) {
	for seed := range uint64(200) {
		w := powerLoss{
			t: t, rng: rand.New(rand.NewPCG(seed, 0)), path: filepath.Join(memoryDir(t), "ring"),
			written: map[string]uint64{},
			readers: []*powerReader{{name: "store"}, {name: "forward"}},
		}
		for boot := range 8 {
			w.run(byte(boot + 1))
			if t.Failed() {
				t.Fatalf("seed %d, boot %d", seed, boot)
			}
		}
	}
}

// powerLoss is what is known of a ring across power losses.
type powerLoss struct {
	t       *testing.T
	rng     *rand.Rand
	path    string
	n       int               // records so far
	top     uint64            // behind the newest position given out
	written map[string]uint64 // positions by content
	readers []*powerReader
	images  [][]byte // of the file, at the last sync and since
}

type powerReader struct {
	name string
	rd   *Reader
	held []Record        // read and not released
	safe map[string]bool // synced and not released
}

// run is one run of the machine.
func (w *powerLoss) run(boot byte) {
	r, err := Open(w.path, otherBoot(quiet(1024), boot))
	if err != nil {
		w.t.Fatal(err)
	}
	if boot > 1 && !r.Stats().PowerLoss {
		w.t.Error("the power loss was not noticed")
	}
	found := map[string]uint64{}
	for _, pr := range w.readers {
		if pr.rd, err = r.Reader(pr.name); err != nil {
			w.t.Fatal(err)
		}
		w.check(pr, found)
	}
	w.written = found
	w.sync(r)
	for range w.rng.IntN(60) { // there may be none
		switch w.rng.IntN(10) {
		case 0:
			w.sync(r)
		case 1, 2, 3, 4:
			w.readers[w.rng.IntN(2)].advance(w.rng)
		default:
			w.write(r)
		}
		w.picture()
	}
	for _, pr := range w.readers {
		pr.rd.Close()
	}
	mustClose(w.t, r)
	file := slices.Clone(w.images[0])
	for at := 0; at < len(file); at += sectorBytes {
		copy(file[at:at+sectorBytes], w.images[w.rng.IntN(len(w.images))][at:])
	}
	if err := os.WriteFile(w.path, file, 0o600); err != nil {
		w.t.Fatal(err)
	}
}

func (w *powerLoss) picture() { w.images = append(w.images, readFile(w.t, w.path)) }

func (w *powerLoss) sync(r *Ring) {
	if err := r.SyncTo(w.t.Context(), r.Stats().Head); err != nil {
		w.t.Fatal(err)
	}
	w.images = nil
	w.picture()
	for _, pr := range w.readers {
		pr.safe = map[string]bool{}
		for text, pos := range w.written {
			if pos >= pr.rd.Position() {
				pr.safe[text] = true
			}
		}
	}
}

func (w *powerLoss) write(r *Ring) {
	text := fmt.Sprint("record ", w.n, " ", strings.Repeat("x", w.rng.IntN(150)))
	w.n++
	s, err := r.Reserve(4, len(text))
	if err != nil {
		return // full
	}
	if s.pos < w.top {
		w.t.Errorf("position %d again, after %d", s.pos, w.top)
	}
	copy(s.Bytes(), text)
	w.picture() // a slot that is not committed
	w.written[text] = s.pos
	w.top = s.Commit()
}

// advance reads what there is and releases some of it.
func (pr *powerReader) advance(rng *rand.Rand) {
	for rec, ok := pr.rd.Next(); ok; rec, ok = pr.rd.Next() {
		pr.held = append(pr.held, rec)
	}
	for n := rng.IntN(len(pr.held) + 1); n > 0; n-- {
		delete(pr.safe, string(pr.held[0].Data))
		pr.rd.Release(pr.held[0].End)
		pr.held = pr.held[1:]
	}
}

// check reads everything and accounts for it.
func (w *powerLoss) check(pr *powerReader, found map[string]uint64) {
	pr.held = nil
	last := uint64(0)
	for rec, ok := pr.rd.Next(); ok; rec, ok = pr.rd.Next() {
		text := string(rec.Data)
		if pos, known := w.written[text]; !known || pos != rec.Pos || pos < last {
			w.t.Errorf("%s read %q at %d, written: %v, at %d", pr.name, text, rec.Pos, known, pos)
		}
		found[text] = rec.Pos
		delete(pr.safe, text)
		last = rec.End
		pr.held = append(pr.held, rec)
	}
	for text := range pr.safe {
		w.t.Errorf("%q at %d was synced and is gone for %s", text, w.written[text], pr.name)
	}
}
