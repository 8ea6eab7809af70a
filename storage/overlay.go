package storage

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/ttlog/ttlog/storage/column"
	"github.com/ttlog/ttlog/storage/internal/table"
	"github.com/ttlog/ttlog/storage/internal/vfs"
)

// overlaid is a request that stands in the writer's ring.
type overlaid struct {
	batch *table.Batch
	end   uint64
}

// Overlay shows the scans of a store that is open for reading a request that
// the writer has in its ring, whose id is Options.Ring. end is the position
// behind it, as for Append, and the request holds a single record of the ring:
// a scan leaves out the rows that are in parts by then. Nothing is written.
func (s *Store) Overlay(signal Signal, request []byte, end uint64) error {
	if !s.opts.ReadOnly {
		return errors.New("storage: overlay: the store is open for writing")
	}
	batch, err := table.Decode(signal, request)
	if err != nil {
		return fmt.Errorf("storage: overlay %s: %w", signal, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.overlays[signal] = append(s.overlays[signal], overlaid{batch, end})
	return nil
}

// overlayLocked returns the rows of the overlays that no part has.
func (s *Store) overlayLocked(signal Signal) []column.Block {
	t := table.New(signal)
	for _, o := range s.overlays[signal] {
		for _, day := range o.batch.Days() {
			if p := s.partitions[key{signal: signal, day: clampDay(day)}]; p == nil || p.man.position(s.opts.Ring) < o.end {
				t.Append(o.batch, day)
			}
		}
	}
	return t.Blocks()
}

// CheckVersion returns an error where dir is a data directory in a format that
// this program does not know, and nil where it is one it knows, one whose
// VERSION is damaged, or none yet.
func CheckVersion(dir string) error {
	if _, err := versionDamage(vfs.OS{}, dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// String says where the damage is and what it is.
func (d Damage) String() string { return fmt.Sprintf("%s: %v", d.File, d.Err) }
