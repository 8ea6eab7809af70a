package datadir

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/ttlog/ttlog/storage"
)

const (
	// auditFile has a line of JSON for each deletion, and for its end.
	auditFile = "audit.ndjson"
	// auditBytes is how large it gets before it is kept as auditFile with .1
	// behind it, in the place of the one before.
	auditBytes = 16 << 20
	// scrubTime bounds how long a deletion waits for who still reads what is in
	// the ring.
	scrubTime = 30 * time.Second
)

// audited is a line of the audit file.
type audited struct {
	Time      time.Time `json:"time"`
	Event     string    `json:"event"` // delete_begins, delete_ends
	Signal    string    `json:"signal"`
	Statement string    `json:"statement"`
	By        string    `json:"by,omitempty"`
	Rows      int64     `json:"rows"`
	Parts     int       `json:"parts"`
	Bytes     int64     `json:"bytes"`
	Damaged   int       `json:"parts_damaged"`
	Error     string    `json:"error,omitempty"`
}

// Delete deletes rows of the store, and then overwrites what the ring and its file
// still hold of what was received; see [storage.Store.Delete]. Who asked for what
// is in the audit file before the first row goes: without that nothing does.
// Queues for collectors are not searched.
func (d *DataDir) Delete(ctx context.Context, del storage.Deletion) (storage.Deleted, error) {
	line := audited{Time: time.Now().UTC(), Event: "delete_begins", Signal: del.Signal.String(), Statement: del.Statement, By: del.By}
	if err := d.audit(line); err != nil {
		return storage.Deleted{}, fmt.Errorf("nothing is deleted, since the audit file cannot be written: %w", err)
	}
	done, err := d.Store.Delete(ctx, del)
	if err == nil && done.Rows > 0 {
		err = d.scrub(ctx)
	}
	line.Time, line.Event = time.Now().UTC(), "delete_ends"
	line.Rows, line.Parts, line.Bytes, line.Damaged = done.Rows, done.Parts, done.Bytes, done.PartsDamaged
	if err != nil {
		line.Error = err.Error()
	}
	return done, errors.Join(err, d.audit(line))
}

func (d *DataDir) scrub(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, scrubTime)
	defer cancel()
	if err := d.Ring.Scrub(ctx); err != nil {
		return fmt.Errorf("the rows are deleted, but the ring may hold what they were received as, until it is full once more: %w", err)
	}
	return nil
}

// audit appends a line to the audit file, durably.
func (d *DataDir) audit(line audited) error {
	d.auditMu.Lock()
	defer d.auditMu.Unlock()
	path := filepath.Join(d.path, auditFile)
	if info, err := os.Stat(path); err == nil && info.Size() > auditBytes {
		if err := os.Rename(path, path+".1"); err != nil {
			return err
		}
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false) // people read it
	if err := enc.Encode(line); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text.Bytes())
	return errors.Join(err, f.Sync(), f.Close())
}
