package spill

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Info is what can be told of a queue without opening it.
type Info struct {
	// Name is what follows the prefix in the name of the directory Dir.
	Name, Dir string
	// Title is what people call whom the queue is for, "" if that is not known.
	Title string
	// Bytes on disk.
	Bytes int64
	// Since is when the oldest segment was last written to; zero without one.
	Since time.Time
}

// List returns the queues whose directories in dir begin with prefix. It
// changes nothing; they may be in use.
func List(dir, prefix string) ([]Info, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("spill: list %s: %w", dir, err)
	}
	var queues []Info
	for _, e := range entries {
		name, ok := strings.CutPrefix(e.Name(), prefix)
		if !ok || !e.IsDir() || strings.HasSuffix(name, removedSuffix) || strings.Contains(name, ".damaged-") {
			continue // kept aside, or on its way out
		}
		q := Info{Name: name, Dir: filepath.Join(dir, e.Name())}
		q.Title = title(q.Dir)
		if q.Bytes, err = Size(q.Dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		if bases, err := listSegments(q.Dir); err == nil && len(bases) > 0 {
			if info, err := os.Stat(filepath.Join(q.Dir, segmentName(bases[0]))); err == nil {
				q.Since = info.ModTime()
			}
		}
		queues = append(queues, q)
	}
	return queues, nil
}

// Size returns the bytes of the segments in dir.
func Size(dir string) (bytes int64, err error) {
	bases, err := listSegments(dir)
	if err != nil {
		return 0, err
	}
	for _, base := range bases {
		info, err := os.Stat(filepath.Join(dir, segmentName(base)))
		if err == nil {
			bytes += info.Size()
		} else if !errors.Is(err, fs.ErrNotExist) {
			return bytes, err
		}
	}
	return bytes, nil
}

// removedSuffix is added to the name of a queue that is being removed: what a
// crash leaves of it is no queue any more.
const removedSuffix = ".removed"

// Remove removes a queue that nobody has open, with all that it holds.
func Remove(dir string) error {
	gone := dir + removedSuffix
	if err := os.RemoveAll(gone); err != nil { // of an attempt that was cut off
		return fmt.Errorf("spill: remove %s: %w", dir, err)
	}
	if err := os.Rename(dir, gone); err != nil {
		return fmt.Errorf("spill: remove %s: %w", dir, err)
	}
	if err := os.RemoveAll(gone); err != nil {
		return fmt.Errorf("spill: remove %s: %w", dir, err)
	}
	return nil
}
