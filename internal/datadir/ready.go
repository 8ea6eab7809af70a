package datadir

import (
	"errors"
	"fmt"
	"strings"
)

// Ready returns why the data directory cannot take telemetry as it should, or
// not yet answer from all that was acknowledged; nil where it can. The text is
// for operators.
func (d *DataDir) Ready() error {
	var reasons []string
	add := func(err error) {
		if err != nil {
			reasons = append(reasons, err.Error())
		}
	}
	add(d.Room())
	add(d.FullCause())
	st := d.Ring.Stats()
	// A request of the largest size would be refused.
	if st.Used+uint64(d.Ring.MaxRecord()) > st.Size {
		add(fmt.Errorf("the ring is full: %d of its %d bytes wait for a sink", st.Used, st.Size))
	}
	if st.SyncErrors > 0 && d.durable {
		add(errors.New("the ring cannot be synced to the disk, until the next start"))
	}
	if !d.Pipeline.Replayed() {
		add(errors.New("what the ring held at the start is not in the store yet"))
	}
	if reasons == nil {
		return nil
	}
	return errors.New(strings.Join(reasons, "; "))
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
