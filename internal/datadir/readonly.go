package datadir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/ttlog/ttlog/internal/pipeline"
	"github.com/ttlog/ttlog/ringbuffer"
	"github.com/ttlog/ttlog/storage"
)

// ReadOnly is a data directory opened for reading, beside a writer or without
// one. It shows what parts hold now, and what the ring held when it was opened.
type ReadOnly struct{ Store *storage.Store }

// OpenReadOnly opens dir for reading. It changes nothing. The caller calls
// Close.
func OpenReadOnly(dir string) (*ReadOnly, error) {
	if _, err := os.Stat(dir); err != nil {
		return nil, fmt.Errorf("no data directory can be read: %w", err)
	}
	// The ring before the store: a record that has left the ring by now is in
	// a part by now, and a record that is in both is skipped by its position.
	snap, err := ringbuffer.OpenSnapshot(ringPath(dir))
	if errors.Is(err, fs.ErrNotExist) {
		store, err := openStore(dir, storage.Options{ReadOnly: true})
		return &ReadOnly{store}, err
	}
	if err != nil {
		return nil, err
	}
	return readOnlyWithRing(dir, snap)
}

// openStore opens the store of a directory that exists.
func openStore(dir string, o storage.Options) (*storage.Store, error) {
	store, err := storage.Open(dir, o)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s is not a data directory of ttlog: %w", dir, err)
	}
	return store, err
}

func readOnlyWithRing(dir string, snap *ringbuffer.Snapshot) (d *ReadOnly, err error) {
	defer func() { err = errors.Join(err, snap.Close()) }()
	// All of the ring before any of the store's manifests, see OpenReadOnly.
	requests, err := pipeline.Pending(snap)
	if err != nil {
		return nil, err
	}
	store, err := openStore(dir, storage.Options{ReadOnly: true, Ring: snap.ID()})
	if err != nil {
		return nil, err
	}
	for _, r := range requests {
		// A request that cannot be read is not the reader's to report: the
		// writer counts it when it gets there.
		_ = store.Overlay(r.Signal, r.Payload, r.End)
	}
	return &ReadOnly{store}, nil
}

// Close closes the store.
func (d *ReadOnly) Close() error { return d.Store.Close() }
