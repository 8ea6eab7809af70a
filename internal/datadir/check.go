package datadir

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/ttlog/ttlog/internal/pipeline"
	"github.com/ttlog/ttlog/internal/pipeline/spill"
	"github.com/ttlog/ttlog/ringbuffer"
	"github.com/ttlog/ttlog/storage"
)

// Report is what Check found.
type Report struct {
	storage.Report
	// RingRecords are whole in the ring, and some sink has still to take them.
	RingRecords int
	// SpillRequests are whole in the queues of forwarders.
	SpillRequests uint64
}

// Check verifies a data directory, with its ring and the queues of its
// forwarders. It changes nothing and is safe beside a writer. The error is
// about Check itself not being able to look; damage is in the report.
func Check(dir string) (Report, error) {
	store, err := storage.Check(dir)
	r := Report{Report: store}
	if err != nil {
		return r, err
	}
	r.ring(ringPath(dir))
	queues, err := filepath.Glob(filepath.Join(dir, ringDir, pipeline.SpillPattern))
	for _, queue := range queues {
		found := spill.Check(queue)
		r.SpillRequests += found.Frames
		for _, err := range found.Damage {
			r.damaged(queue, err)
		}
	}
	return r, err
}

func (r *Report) damaged(file string, err error) {
	r.Damage = append(r.Damage, storage.Damage{File: file, Err: err})
}

// ring verifies the ring file. One that is not there is no damage: a copy of
// the parts is a store as well.
func (r *Report) ring(path string) {
	snap, err := ringbuffer.OpenSnapshot(path)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err != nil {
		r.damaged(path, err)
		return
	}
	defer snap.Close() // open for reading: nothing can be lost
	found, err := snap.Check()
	if err != nil {
		r.damaged(path, err)
	}
	for _, d := range found.Damage {
		r.damaged(path, errors.New(d.String()))
	}
	if more := found.Corrupt - uint64(len(found.Damage)); more > 0 {
		r.damaged(path, fmt.Errorf("and %d more", more))
	}
	r.RingRecords = found.Records
}
