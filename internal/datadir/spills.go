package datadir

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/ttlog/ttlog/internal/pipeline"
	"github.com/ttlog/ttlog/internal/pipeline/spill"
	"github.com/ttlog/ttlog/ringbuffer"
)

// Spills lists what a directory keeps for collectors. It changes nothing and is
// safe beside a writer.
func Spills(dir string) ([]pipeline.SpillQueue, error) {
	var readers []string
	snap, err := ringbuffer.OpenSnapshot(ringPath(dir))
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, err
	default:
		readers, err = snap.Readers()
		if err = errors.Join(err, snap.Close()); err != nil {
			return nil, err
		}
	}
	return pipeline.SpillQueues(filepath.Join(dir, ringDir), readers)
}

// DropSpill gives up what a directory keeps for one collector. Beside a writer
// it does so for a collector that the writer does not send to.
func DropSpill(dir string, q pipeline.SpillQueue) (err error) {
	if _, exists := ringBytes(dir); exists {
		// Whoever has the ring open is the writer; as long as it is open here,
		// none begins.
		ring, openErr := ringbuffer.Open(ringPath(dir), ringbuffer.Options{})
		switch {
		case errors.Is(openErr, ringbuffer.ErrLocked) && q.Served:
			return fmt.Errorf("%s is in use by the running ttlog: start that without its --forward first", q.Name)
		case errors.Is(openErr, ringbuffer.ErrLocked):
		case openErr != nil:
			return openErr
		default:
			defer func() { err = errors.Join(err, ring.Close()) }()
			if q.Served {
				// What the ring still has for the collector goes as well.
				if err := ring.RemoveReader(q.Reader()); err != nil {
					return err
				}
			}
		}
	}
	return spill.Remove(q.Dir)
}
