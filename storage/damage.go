package storage

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/ttlog/ttlog/storage/internal/vfs"
)

// versionDamage tells whether VERSION says that this program may touch the
// directory. damage is what is wrong with one that cannot be read, or is not
// there, in a directory that is a store's all the same: the manifests and parts
// in it each say their own version. A directory that shows no such thing is
// somebody else's, and err says so; fs.ErrNotExist where there is no VERSION.
func versionDamage(fsys vfs.FS, dir string) (damage, err error) {
	err = checkVersion(fsys, dir)
	if !errors.Is(err, ErrCorrupt) && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if hasManifests(fsys, dir) || errors.Is(err, ErrCorrupt) && isOurs(fsys, dir) {
		return err, nil
	}
	return nil, err
}

// isOurs tells whether a VERSION that says nothing is a store's: one that is
// blank, or stands beside a ring. Without a VERSION a ring says nothing: it is
// made before.
func isOurs(fsys vfs.FS, dir string) bool {
	data, err := vfs.ReadFile(fsys, filepath.Join(dir, versionName), maxVersionBytes)
	if err == nil && len(bytes.Trim(data, "\x00 \r\n")) == 0 {
		return true
	}
	entries, err := fsys.ReadDir(filepath.Join(dir, ringDirName))
	return err == nil && len(entries) > 0
}

// hasManifests tells whether the directory holds a partition: nobody else has
// manifests.
func hasManifests(fsys vfs.FS, dir string) bool {
	for _, d := range signalDirs {
		root := filepath.Join(dir, d.name)
		entries, _ := fsys.ReadDir(root)
		for _, e := range entries {
			if _, ok := parseDay(e.Name()); !ok {
				continue
			}
			if files, _ := fsys.ReadDir(filepath.Join(root, e.Name())); hasManifest(files) {
				return true
			}
		}
	}
	return false
}

// repairVersion makes a new VERSION where the old one is damaged, and keeps
// that aside.
func (s *Store) repairVersion(damage error) error {
	name := filepath.Join(s.dir, versionName)
	if !errors.Is(damage, fs.ErrNotExist) {
		if err := s.setAside(name, damage); err != nil {
			return err
		}
	} else {
		s.log.Warn("storage: VERSION was not there and is made anew", "file", name)
	}
	return writeVersion(s.fs, s.dir)
}

// setAside gives what is damaged another name in its directory, so that
// something sound can take its place. It is never deleted.
func (s *Store) setAside(name string, why error) error {
	taken, err := s.fs.ReadDir(filepath.Dir(name))
	if err != nil {
		return fmt.Errorf("storage: keep damaged %s: %w", name, err)
	}
	for i := 1; ; i++ {
		aside := fmt.Sprintf("%s%s%d", filepath.Base(name), asideSuffix, i)
		if slices.ContainsFunc(taken, func(e fs.DirEntry) bool { return e.Name() == aside }) {
			continue
		}
		aside = filepath.Join(filepath.Dir(name), aside)
		if err := s.fs.Rename(name, aside); err != nil {
			return fmt.Errorf("storage: keep damaged %s: %w", name, err)
		}
		s.log.Warn("storage: what cannot be read is kept aside", "file", aside, "error", why)
		return nil
	}
}

// notDir is the error about something else that stands where a directory of the
// store should; nil where it is one, or nothing is there.
func notDir(fsys vfs.FS, name string) error {
	f, err := fsys.Open(name)
	if err != nil {
		return nil //nolint:nilerr // no file
	}
	return errors.Join(corruptf("%s is a file, not a directory", name), f.Close())
}

// notFile is the same for a directory in the place of a file.
func notFile(fsys vfs.FS, name string) error {
	if _, err := fsys.ReadDir(name); err != nil {
		return nil //nolint:nilerr // no directory
	}
	return corruptf("%s is a directory, not a file", name)
}
