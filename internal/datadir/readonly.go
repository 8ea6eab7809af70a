package datadir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"github.com/ttlog/ttlog/internal/pipeline"
	"github.com/ttlog/ttlog/ringbuffer"
	"github.com/ttlog/ttlog/storage"
)

// ReadOnly is a data directory opened for reading, beside a writer or without
// one. It shows what parts hold now, and what the ring held when it was opened.
type ReadOnly struct {
	Store *storage.Store
	// damage is what of the ring could not be read.
	damage []storage.Damage
}

// Damage lists what cannot be read, and is therefore not in answers.
func (d *ReadOnly) Damage() []storage.Damage {
	return append(slices.Clone(d.damage), d.Store.Status().Damage...)
}

// OpenReadOnly opens dir for reading. It changes nothing. A ring that cannot be
// read does not keep the parts from being. The caller calls Close.
func OpenReadOnly(dir string) (*ReadOnly, error) {
	if _, err := os.Stat(dir); err != nil {
		return nil, fmt.Errorf("no data directory can be read: %w", err)
	}
	d := new(ReadOnly)
	// The ring before the store: a record that has left the ring by now is in
	// a part by now, and a record that is in both is skipped by its position.
	snap, err := ringbuffer.OpenSnapshot(ringPath(dir))
	switch {
	case errors.Is(err, ringbuffer.ErrVersion):
		return nil, err
	case err != nil:
		if !errors.Is(err, fs.ErrNotExist) {
			d.damage = append(d.damage, storage.Damage{File: ringPath(dir), Err: err})
		}
		d.Store, err = openStore(dir, storage.Options{ReadOnly: true})
	default:
		err = d.openWithRing(dir, snap)
	}
	if err != nil {
		return nil, err
	}
	return d, nil
}

// openStore opens the store of a directory that exists.
func openStore(dir string, o storage.Options) (*storage.Store, error) {
	store, err := storage.Open(dir, o)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s is not a data directory of ttlog: %w", dir, err)
	}
	return store, err
}

func (d *ReadOnly) openWithRing(dir string, snap *ringbuffer.Snapshot) (err error) {
	defer func() { err = errors.Join(err, snap.Close()) }()
	// All of the ring before any of the store's manifests, see OpenReadOnly.
	read := pipeline.Pending
	report, err := snap.Check()
	if err != nil {
		// Its cursors say nothing. The store skips by position what it has.
		read = pipeline.Retained
		d.damage = append(d.damage, storage.Damage{File: ringPath(dir), Err: err})
	}
	for _, damage := range report.Damage {
		d.damage = append(d.damage, storage.Damage{File: ringPath(dir), Err: errors.New(damage.String())})
	}
	requests, err := read(snap)
	if err != nil {
		d.damage = append(d.damage, storage.Damage{File: ringPath(dir), Err: err})
	}
	if d.Store, err = openStore(dir, storage.Options{ReadOnly: true, Ring: snap.ID()}); err != nil {
		return err
	}
	for _, r := range requests {
		// A request that cannot be read is not the reader's to report: the
		// writer counts it when it gets there.
		if payload, err := r.Payload(); err == nil {
			_ = d.Store.Overlay(r.Signal, payload, r.End)
		}
	}
	return nil
}

// Close closes the store.
func (d *ReadOnly) Close() error { return d.Store.Close() }
