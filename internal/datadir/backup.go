package datadir

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/ttlog/ttlog/internal/fsync"
	"github.com/ttlog/ttlog/storage"
)

// Backup makes dest hold what the data directory dir holds, beside a writer: all
// that was acknowledged before the call. dest is a data directory as well, and may
// hold an earlier backup, of which it keeps what has not changed. Queues for
// collectors are left out: what they hold is in the store, and would be sent
// twice.
func Backup(ctx context.Context, dir, dest string) (storage.BackupResult, error) {
	if inside(dir, dest) || inside(dest, dir) {
		return storage.BackupResult{}, fmt.Errorf("%s and %s are inside one another", dir, dest)
	}
	// The ring comes first: what is not in a part yet when the parts are looked at
	// is in this copy, and what is in both is known by its position.
	if err := copyBeside(ringPath(dir), ringPath(dest)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return storage.BackupResult{}, fmt.Errorf("backup of the ring: %w", err)
	}
	r, err := storage.Backup(ctx, dir, dest)
	if err != nil {
		return r, err
	}
	return r, backupDocuments(dir, dest)
}

// Restore makes dir a data directory with what a backup holds. It has to be empty
// or not to be there.
func Restore(ctx context.Context, backup, dir string) (storage.BackupResult, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return storage.BackupResult{}, err
	}
	if len(entries) > 0 {
		return storage.BackupResult{}, fmt.Errorf("%s is not empty: a backup is restored into a new directory", dir)
	}
	return Backup(ctx, backup, dir)
}

// backupDocuments copies what people keep, and what was audited.
func backupDocuments(dir, dest string) error {
	for _, name := range []string{documentsDir, auditFile, auditFile + ".1"} {
		err := filepath.WalkDir(filepath.Join(dir, name), func(path string, e fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err != nil || !e.Type().IsRegular() {
				return err
			}
			return copyBeside(path, filepath.Join(dest, strings.TrimPrefix(path, dir)))
		})
		if err != nil {
			return fmt.Errorf("backup of %s: %w", name, err)
		}
	}
	return nil
}

// copyBeside copies a file under another name and puts it in the place of to, durably.
func copyBeside(from, to string) (err error) {
	src, err := os.Open(from)
	if err != nil {
		return err
	}
	defer src.Close()
	if err := Make(filepath.Dir(to)); err != nil {
		return err
	}
	dst, err := os.CreateTemp(filepath.Dir(to), filepath.Base(to)+".*.tmp")
	if err != nil {
		return err
	}
	_, err = io.Copy(dst, src)
	if err = errors.Join(err, dst.Sync(), dst.Close()); err == nil {
		err = os.Rename(dst.Name(), to)
	}
	if err != nil {
		return errors.Join(err, os.Remove(dst.Name()))
	}
	return fsync.Dir(filepath.Dir(to))
}

// inside reports whether path is dir or below it.
func inside(dir, path string) bool {
	a, errA := filepath.Abs(dir)
	b, errB := filepath.Abs(path)
	rel, err := filepath.Rel(a, b)
	return errA == nil && errB == nil && err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}
