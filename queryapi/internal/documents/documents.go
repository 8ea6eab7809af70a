// Package documents keeps small JSON documents as the files of a folder, each
// under an id. The entry point is [Folder]. A document is there as a whole or not
// at all, also after a crash, and people may copy, edit and version the files.
package documents

import (
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	// MaxBytes is the size of a document, and MaxCount how many there are in a
	// folder at most.
	MaxBytes = 1 << 20
	MaxCount = 1000
	maxID    = 64
	suffix   = ".json"
	temp     = ".tmp-"
)

var (
	// ErrNotFound is about a document that is not there.
	ErrNotFound = errors.New("there is no such document")
	// ErrChanged is about a version of a document that is no longer, or not yet,
	// the one that is there.
	ErrChanged = errors.New("the document is not, or no longer, as the condition has it")
	// ErrFull is about a folder that has MaxCount documents.
	ErrFull = fmt.Errorf("there are %d documents already", MaxCount)
	// ErrID is about an id that cannot be one.
	ErrID = fmt.Errorf("an id is 1 to %d of a-z, 0-9, - and _", maxID)
)

// Folder is a folder of documents, which is made with the first. Several
// goroutines may use it, one process may write to it. The zero value has no
// path and is of no use.
type Folder struct {
	// Path is the folder's.
	Path string

	mu sync.Mutex // orders writes
}

// Document is a document and what is known of it.
type Document struct {
	ID      string
	Body    []byte
	Updated time.Time
	// Tag differs for different bodies.
	Tag string
}

// List calls f with every document in the order of the ids. One that cannot be
// read is left out.
func (d *Folder) List(f func(Document)) error {
	entries, err := os.ReadDir(d.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, e := range entries {
		id, ok := strings.CutSuffix(e.Name(), suffix)
		if !ok || !validID(id) {
			continue
		}
		if doc, err := d.Get(id); err == nil {
			f(doc)
		}
	}
	return err
}

// Get reads a document.
func (d *Folder) Get(id string) (Document, error) {
	if !validID(id) {
		return Document{}, ErrID
	}
	file, err := os.Open(d.name(id))
	if errors.Is(err, fs.ErrNotExist) {
		return Document{}, ErrNotFound
	}
	if err != nil {
		return Document{}, err
	}
	defer file.Close() // open for reading: nothing can be lost
	info, err := file.Stat()
	if err != nil {
		return Document{}, err
	}
	body, err := io.ReadAll(io.LimitReader(file, MaxBytes+1))
	if err == nil && len(body) > MaxBytes {
		err = fmt.Errorf("%s has more than %d bytes", d.name(id), MaxBytes)
	}
	return Document{ID: id, Body: body, Updated: info.ModTime().UTC(), Tag: tagOf(body)}, err
}

// Condition is what has to be there for a document to be written or removed.
// The zero value is anything.
type Condition struct {
	// Tag is that of the version that is there; "*" is any.
	Tag string
	// Absent tells that there is none.
	Absent bool
}

func (c Condition) holds(now Document, err error) bool {
	there := err == nil
	return (!c.Absent || !there) && (c.Tag == "" || there && (c.Tag == "*" || c.Tag == now.Tag))
}

// Put writes a document, and tells whether there was none.
func (d *Folder) Put(id string, body []byte, c Condition) (doc Document, created bool, err error) {
	if !validID(id) {
		return doc, false, ErrID
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	now, err := d.Get(id)
	if !c.holds(now, err) {
		return doc, false, ErrChanged
	}
	created = errors.Is(err, ErrNotFound)
	if err != nil && !created {
		return doc, false, err
	}
	if created {
		if err := d.room(); err != nil {
			return doc, false, err
		}
	}
	if err := d.write(id, body); err != nil {
		return doc, false, err
	}
	doc, err = d.Get(id)
	return doc, created, err
}

// Delete removes a document.
func (d *Folder) Delete(id string, c Condition) error {
	if !validID(id) {
		return ErrID
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	now, err := d.Get(id)
	if !c.holds(now, err) {
		return ErrChanged
	}
	if errors.Is(err, ErrNotFound) {
		return err
	}
	if err := os.Remove(d.name(id)); err != nil {
		return err
	}
	return syncDir(d.Path)
}

// room makes the folder, and tells where it is full. What a crash left half
// written is removed.
func (d *Folder) room() error {
	if err := os.MkdirAll(d.Path, 0o700); err != nil {
		return err
	}
	entries, err := os.ReadDir(d.Path)
	if err != nil {
		return err
	}
	n := 0
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), temp) {
			_ = os.Remove(filepath.Join(d.Path, e.Name())) // the next one tries again
		} else if strings.HasSuffix(e.Name(), suffix) {
			n++
		}
	}
	if n >= MaxCount {
		return ErrFull
	}
	return nil
}

// write puts a whole file in the place of the old one.
func (d *Folder) write(id string, body []byte) error {
	file, err := os.CreateTemp(d.Path, temp+"*")
	if err != nil {
		return err
	}
	_, err = file.Write(body)
	err = errors.Join(err, file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), d.name(id))
	}
	if err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return syncDir(d.Path)
}

func (d *Folder) name(id string) string { return filepath.Join(d.Path, id+suffix) }

// syncDir makes what names there are durable. Not every system can.
func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	_ = dir.Sync()
	return dir.Close()
}

func validID(id string) bool {
	return id != "" && len(id) <= maxID && !slices.ContainsFunc([]byte(id), func(c byte) bool {
		return (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_'
	})
}

func tagOf(body []byte) string {
	h := fnv.New64a()
	_, _ = h.Write(body) // never fails
	return fmt.Sprintf("%016x", h.Sum64())
}
