package datadir

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/ttlog/ttlog/internal/aside"
	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/internal/pipeline"
	"github.com/ttlog/ttlog/ringbuffer"
	"github.com/ttlog/ttlog/storage"
)

// mayBeMissing is what follows from a ring that is not what it was.
const mayBeMissing = "what was acknowledged shortly before the last run ended, and was neither in the store nor with a collector, may be missing"

// openRing opens the ring. One that is damaged is kept aside, as the store does
// it with a manifest: what is in parts is not to be out of reach for the sake of
// the last seconds of an earlier run.
func (d *DataDir) openRing(o ringbuffer.Options) error {
	path, folder := ringPath(d.path), filepath.Join(d.path, ringDir)
	info, statErr := os.Stat(folder)
	if statErr == nil && !info.IsDir() {
		if _, err := d.keepAside(folder, errors.New("a file, not a directory")); err != nil {
			return err
		}
	}
	if err := Make(folder); err != nil {
		return err
	}
	// The store makes its VERSION after the ring was made, whole.
	_, err := os.Stat(filepath.Join(d.path, versionFile))
	lost := error(nil)
	if err == nil {
		lost = blank(path)
	}
	d.Ring, err = ringbuffer.Open(path, o)
	if errors.Is(err, ringbuffer.ErrCorrupt) || isDir(path) {
		if d.aside, err = d.keepAside(path, err); err != nil {
			return err
		}
		lost = nil
		d.Ring, err = ringbuffer.Open(path, o)
	}
	if err != nil {
		return inUse(d.path, err)
	}
	if lost != nil && d.Ring.Stats().FileBacked {
		d.lost = &lostRing{file: path, why: lost, folder: statErr == nil}
	}
	d.reportRing()
	return nil
}

// lostRing is a ring that is not there although the store is.
type lostRing struct {
	file   string
	why    error
	folder bool // the directory of the ring is there
}

// reportLost warns of a ring that is gone. A store that was only imported into
// never had one: it has rows, none of them through a ring.
func (d *DataDir) reportLost() {
	if d.lost == nil || !d.lost.folder && d.Store.ImportedOnly() {
		return
	}
	d.logger.Warn("the ring is made anew: "+mayBeMissing, "file", d.lost.file, "error", d.lost.why)
}

// blank tells that the ring of a directory that has had one is not there, or
// nothing but zeros. ringbuffer.Open makes a new one of either.
func blank(path string) error {
	snap, err := ringbuffer.OpenSnapshot(path)
	if err == nil {
		return snap.Close()
	}
	return err
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

func (d *DataDir) keepAside(path string, why error) (to string, err error) {
	if to, err = aside.Move(path); err != nil {
		return "", fmt.Errorf("keep damaged %s aside: %w", path, err)
	}
	d.logger.Warn("the ring cannot be read and is kept aside: "+mayBeMissing, "file", to, "error", why)
	return to, nil
}

// salvage stores what a ring that was kept aside holds and no part does: where
// only its cursors are damaged, that is everything. Rows that are in parts are
// skipped by their positions, as in a replay.
func (d *DataDir) salvage(o storage.Options) error {
	snap, err := ringbuffer.OpenSnapshot(d.aside)
	if err != nil {
		return nil //nolint:nilerr // it was said that the ring cannot be read
	}
	requests, readErr := pipeline.Retained(snap)
	o.Ring = snap.ID()
	if err := snap.Close(); err != nil {
		return err
	}
	store, err := storage.Open(d.path, o)
	if err != nil {
		return err
	}
	rows := 0
	for _, r := range requests {
		// A request that cannot be read is lost with the others that cannot.
		payload, err := r.Payload()
		if err != nil {
			continue
		}
		n, err := store.Append(context.Background(), r.Signal, payload, r.End)
		if err != nil && !errors.Is(err, otlpwire.ErrMalformed) {
			return errors.Join(err, store.Close())
		}
		rows += n
	}
	if err := store.Close(); err != nil {
		return err
	}
	d.logger.Warn("what the damaged ring still held is stored; collectors do not get it", "file", d.aside, "rows", rows, "error", readErr)
	return nil
}

// reportRing says what Open found wrong with the records of a ring.
func (d *DataDir) reportRing() {
	st := d.Ring.Stats()
	if st.Corrupt > 0 || st.Lost > 0 {
		var first string
		if len(st.Damage) > 0 {
			first = st.Damage[0].String()
		}
		d.logger.Warn("records of the ring are damaged and left out", "damaged", st.Corrupt, "lost_bytes", st.Lost,
			"whole", st.Recovered, "first", first)
	}
	if st.PowerLoss && st.Head > 0 {
		d.logger.Warn("the machine went down while the ring was open: what was acknowledged in the last second or so may be missing, unless with --durability disk",
			"whole", st.Recovered)
	}
}
