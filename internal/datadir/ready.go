package datadir

import (
	"errors"
	"fmt"
	"strings"
)

// Conditions in which a data directory does less than it should, as figures
// name them. All but the last two make it not ready.
const (
	diskFull    = "disk_full"
	storeErrors = "store_errors"
	ringFull    = "ring_full"
	ringSync    = "ring_sync"
	replaying   = "replay"
	mergeErrors = "merge_errors"
	damage      = "damage"
)

// Ready returns why the data directory cannot take telemetry as it should, or
// not yet answer from all that was acknowledged; nil where it can. The text is
// for operators.
func (d *DataDir) Ready() error {
	var reasons []string
	for _, c := range d.obstacles() {
		if c.err != nil {
			reasons = append(reasons, c.err.Error())
		}
	}
	if reasons == nil {
		return nil
	}
	return errors.New(strings.Join(reasons, "; "))
}

// obstacle is a condition in which a data directory is not ready. err is nil
// where it is not in it.
type obstacle struct {
	condition string
	err       error
}

func (d *DataDir) obstacles() []obstacle {
	var full, unsynced, replay error
	st := d.Ring.Stats()
	// A request of the largest size would be refused.
	if st.Used+uint64(d.Ring.MaxRecord()) > st.Size {
		full = fmt.Errorf("the ring is full: %d of its %d bytes wait for a sink", st.Used, st.Size)
	}
	if st.SyncErrors > 0 && d.durable {
		unsynced = errors.New("the ring cannot be synced to the disk, until the next start")
	}
	if !d.Pipeline.Replayed() {
		replay = errors.New("what the ring held at the start is not in the store yet")
	}
	return []obstacle{{diskFull, d.Room()}, {storeErrors, d.FullCause()}, {ringFull, full}, {ringSync, unsynced}, {replaying, replay}}
}

// degraded tells of every condition whether the data directory is in it.
func (d *DataDir) degraded(s StoreStatus) map[string]bool {
	in := map[string]bool{mergeErrors: s.MergeError != "", damage: len(s.Damage) > 0}
	for _, c := range d.obstacles() {
		in[c.condition] = c.err != nil
	}
	return in
}

// Room returns why nothing more should be put on the disk, which keeps a
// reserve for what is there already; nil where there is room.
func (d *DataDir) Room() error { return d.disk.room() }

// FullCause returns why the store cannot make durable what is in the ring,
// which fills up then; nil where it can.
func (d *DataDir) FullCause() error {
	err := d.Store.FlushError()
	switch {
	case err == nil:
		return nil
	case noSpace(err):
		return fmt.Errorf("the disk is full: %w", err)
	}
	return fmt.Errorf("the store cannot write: %w", err)
}
