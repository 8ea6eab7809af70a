package storage

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/ttlog/ttlog/storage/internal/vfs"
)

// The VERSION file is one line of text, "ttlog-store 6". It is the first file
// of a data directory and the last word on whether this program may touch it.
const (
	versionWord  = "ttlog-store"
	storeVersion = 6
)

// checkVersion tells whether this program may read the directory. It returns
// fs.ErrNotExist where there is no VERSION.
func checkVersion(fsys vfs.FS, dir string) error {
	_, err := readVersion(fsys, dir)
	return err
}

// readVersion reads VERSION, and refuses one that this program does not know.
func readVersion(fsys vfs.FS, dir string) (int, error) {
	name := filepath.Join(dir, versionName)
	data, err := vfs.ReadFile(fsys, name, maxVersionBytes)
	if errors.Is(err, vfs.ErrTooLarge) || errors.Is(err, vfs.ErrNotFile) {
		return 0, corruptf("%v", err)
	}
	if err != nil {
		return 0, fmt.Errorf("storage: read %s: %w", name, err)
	}
	word, number, _ := strings.Cut(strings.TrimSpace(string(data)), " ")
	v, err := strconv.Atoi(number)
	if word != versionWord || err != nil || v < 1 {
		return 0, corruptf("%s holds %q, want %q", name, clip(string(data)), fmt.Sprintf("%s %d", versionWord, storeVersion))
	}
	if v > storeVersion {
		return 0, fmt.Errorf("%w: %s is in format %d, this program knows up to %d; use a newer ttlog", ErrVersion, dir, v, storeVersion)
	}
	return v, nil
}

// initVersion makes VERSION in a directory that holds no partition yet.
func initVersion(fsys vfs.FS, dir string) error {
	entries, err := fsys.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("storage: list %s: %w", dir, err)
	}
	for _, e := range entries {
		for _, d := range signalDirs {
			if e.Name() == d.name {
				return corruptf("%s has a directory %q but no %s file; it may be part of another store, or %s was removed",
					dir, d.name, versionName, versionName)
			}
		}
	}
	return writeVersion(fsys, dir)
}

// writeVersion makes VERSION that of this program, before anything else is
// written: an earlier program must not take what it cannot read for damage.
func writeVersion(fsys vfs.FS, dir string) error {
	text := fmt.Sprintf("%s %d\n", versionWord, storeVersion)
	_, err := vfs.ReplaceFile(fsys, dir, filepath.Join(dir, versionName), filepath.Join(dir, versionTemp), []byte(text))
	if err != nil {
		return fmt.Errorf("storage: write %s in %s: %w", versionName, dir, err)
	}
	return nil
}

// ensureDir makes a directory and those above it, each durable in its parent.
func ensureDir(fsys vfs.FS, dir string) error {
	parent := filepath.Dir(dir)
	_, err := fsys.ReadDir(dir)
	exists := err == nil
	if !exists {
		if !errors.Is(err, fs.ErrNotExist) || parent == dir {
			return err
		}
		if err := ensureDir(fsys, parent); err != nil {
			return err
		}
		if err := fsys.Mkdir(dir); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	if parent == dir {
		return nil
	}
	// One that exists may have been made by a try that failed before this.
	// Above the data directory there can be directories we may not open.
	err = fsys.SyncDir(parent)
	if exists && errors.Is(err, fs.ErrPermission) {
		return nil
	}
	return err
}

func clip(s string) string {
	if len(s) > 64 {
		return s[:64] + "…"
	}
	return s
}
