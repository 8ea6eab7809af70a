package storage

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/cespare/xxhash/v2"

	"github.com/ttlog/ttlog/storage/internal/vfs"
)

// BackupResult is what Backup did.
type BackupResult struct {
	// Parts and Bytes are what the backup holds now. Linked, Copied and Kept are
	// the parts that got a hard link, that were copied, because the backup is on
	// another file system, and that it had already. Removed are those that the
	// directory has no more.
	Parts, Linked, Copied, Kept, Removed int
	Bytes                                int64
}

// backupTries is how often Backup looks at a partition whose parts are merged
// away while it links them.
const backupTries = 100

// Backup makes dest, which may hold an earlier backup of the same directory, hold
// the parts of the store in dir: a store of its own, to be read in place or copied
// back. It runs beside a writer. Parts never change, so each is a hard link where
// the file system allows, and what dest has already is kept. Every new part is
// read once and compared with its checksum. Each partition is replaced in one
// step; a backup that was interrupted is finished by the next.
//
// Rows that are not flushed yet are in the ring, which is not the store's; who
// copies it does so before, so that nothing falls between.
func Backup(ctx context.Context, dir, dest string) (r BackupResult, err error) {
	osfs := vfs.OS{}
	version, err := os.ReadFile(filepath.Join(dir, versionName))
	if err != nil {
		return r, fmt.Errorf("storage: backup of %s: %w", dir, err)
	}
	if err := checkVersion(osfs, dir); err != nil {
		return r, err
	}
	if err := checkVersion(osfs, dest); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return r, err
	}
	for _, d := range signalDirs {
		if err := r.signal(ctx, dir, dest, d.signal, d.name); err != nil {
			return r, fmt.Errorf("storage: backup of %s: %w", filepath.Join(dir, d.name), err)
		}
	}
	// Last: what has a VERSION is whole.
	if old, err := os.ReadFile(filepath.Join(dest, versionName)); err == nil && bytes.Equal(old, version) {
		return r, nil
	}
	if err := ensureDir(osfs, dest); err != nil {
		return r, fmt.Errorf("storage: backup: %w", err)
	}
	_, err = vfs.ReplaceFile(osfs, dest, filepath.Join(dest, versionName), filepath.Join(dest, versionTemp), version)
	return r, err
}

func (r *BackupResult) signal(ctx context.Context, dir, dest string, signal Signal, name string) error {
	days, err := partitionsIn(filepath.Join(dir, name))
	if err != nil {
		return err
	}
	for _, day := range days {
		if err := r.partition(ctx, key{signal, day}, filepath.Join(dir, name, day.String()), filepath.Join(dest, name, day.String())); err != nil {
			return fmt.Errorf("%s: %w", day, err)
		}
	}
	old, err := partitionsIn(filepath.Join(dest, name))
	if err != nil {
		return err
	}
	for _, day := range old {
		if slices.Contains(days, day) {
			continue
		}
		n, err := removePartition(filepath.Join(dest, name, day.String()))
		if r.Removed += n; err != nil {
			return err
		}
	}
	return nil
}

// partitionsIn lists the partitions below the directory of a signal, none where
// that is not there.
func partitionsIn(dir string) (days []day, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for _, e := range entries {
		if d, ok := parseDay(e.Name()); ok && e.IsDir() {
			days = append(days, d)
		}
	}
	return days, nil
}

// partition backs up one partition: its parts, then the manifest that lists them,
// then what no manifest lists any more goes.
func (r *BackupResult) partition(ctx context.Context, k key, from, to string) error {
	osfs := vfs.OS{}
	if err := ensureDir(osfs, filepath.Dir(to)); err != nil {
		return err
	}
	if err := ensureDir(osfs, to); err != nil {
		return err
	}
	for try := 1; ; try++ {
		m, err := loadManifest(osfs, from, k)
		if errors.Is(err, fs.ErrNotExist) {
			return nil // retention has just taken the last part
		}
		if err != nil {
			return err
		}
		before := *r
		err = r.parts(ctx, m, from, to)
		if errors.Is(err, fs.ErrNotExist) && try < backupTries {
			*r = before // they were merged away: the manifest says into what
			continue
		}
		if err != nil {
			return err
		}
		if err := osfs.SyncDir(to); err != nil {
			return err
		}
		if _, err := vfs.ReplaceFile(osfs, to, filepath.Join(to, manifestName), filepath.Join(to, manifestTemp), m.append(nil)); err != nil {
			return err
		}
		return r.sweep(m, to)
	}
}

func (r *BackupResult) parts(ctx context.Context, m *manifest, from, to string) error {
	for _, e := range m.parts {
		if err := ctx.Err(); err != nil {
			return err
		}
		name := partName(e.id)
		target := filepath.Join(to, name)
		if info, err := os.Stat(target); err == nil && info.Size() == e.size {
			r.Kept++
		} else if err := r.take(filepath.Join(from, name), target, e); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		r.Parts++
		r.Bytes += e.size
	}
	return nil
}

// take links or copies a part, and verifies it.
func (r *BackupResult) take(from, to string, e entry) error {
	temp := to + tempSuffix
	if err := os.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	err := os.Link(from, temp)
	linked := err == nil
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		err = copyFile(from, temp)
	}
	if err != nil {
		return err
	}
	if err := verifySum(temp, e); err != nil {
		return errors.Join(err, os.Remove(temp))
	}
	if err := os.Rename(temp, to); err != nil {
		return err
	}
	if linked {
		r.Linked++
	} else {
		r.Copied++
	}
	return nil
}

// sweep removes the files of parts that the manifest does not list.
func (r *BackupResult) sweep(m *manifest, dir string) error {
	listed := make(map[string]bool, len(m.parts))
	for _, e := range m.parts {
		listed[partName(e.id)] = true
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if _, temp, ok := parsePartName(e.Name()); !ok || listed[e.Name()] {
			continue
		} else if !temp {
			r.Removed++
		}
		if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// removePartition removes a partition of a backup, out of sight in one step.
func removePartition(dir string) (parts int, err error) {
	gone := dir + goneSuffix
	if err := os.RemoveAll(gone); err != nil {
		return 0, err
	}
	if err := os.Rename(dir, gone); err != nil {
		return 0, err
	}
	entries, err := os.ReadDir(gone)
	for _, e := range entries {
		if _, temp, ok := parsePartName(e.Name()); ok && !temp {
			parts++
		}
	}
	return parts, errors.Join(err, os.RemoveAll(gone))
}

// goneSuffix makes the name of a partition none.
const goneSuffix = ".gone"

// copyFile copies a file and makes the copy durable.
func copyFile(from, to string) (err error) {
	src, err := os.Open(from)
	if err != nil {
		return err
	}
	defer src.Close()
	dst, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(dst, src)
	return errors.Join(err, dst.Sync(), dst.Close())
}

// verifySum compares a file with what the manifest says of it.
func verifySum(name string, e entry) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	hash := xxhash.New()
	n, err := io.Copy(hash, f)
	if err != nil {
		return err
	}
	if n != e.size || hash.Sum64() != e.sum {
		return corruptf("%d bytes with checksum %016x, the manifest says %d with %016x", n, hash.Sum64(), e.size, e.sum)
	}
	return nil
}
