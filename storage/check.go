package storage

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"

	"github.com/cespare/xxhash/v2"

	"github.com/ttlog/ttlog/storage/internal/vfs"
)

// Report is what Check found.
type Report struct {
	// Damage lists what is wrong, with the file. Empty means every checksum
	// and every reference is as it should be.
	Damage []Damage
	// Unreferenced lists part files and temporary files in no manifest: what
	// a crash left, or a running writer is about to publish. The next writer
	// removes them.
	Unreferenced []string
	// Unknown lists files that are not the store's.
	Unknown []string
	// Partitions and Totals count what was verified and found sound.
	Partitions int
	Totals
}

// OK tells whether nothing is damaged.
func (r *Report) OK() bool { return len(r.Damage) == 0 }

// Check verifies a data directory: VERSION, each manifest, the size and
// checksum of each part, and everything inside of it. It takes no lock and
// changes nothing. Beside a running writer a part that is replaced meanwhile
// is looked up again. The error is about Check itself not being able to look;
// damage is in the report.
func Check(dir string) (Report, error) { return checkDir(vfs.OS{}, dir) }

func checkDir(fsys vfs.FS, dir string) (Report, error) {
	c := &checker{fs: fsys, dir: dir}
	damage, err := versionDamage(fsys, dir)
	if errors.Is(err, ErrCorrupt) {
		damage, err = err, nil
	}
	if err != nil {
		return c.r, err
	}
	if damage != nil {
		c.damaged(filepath.Join(dir, versionName), damage)
	}
	if damage := notFile(fsys, filepath.Join(dir, lockName)); damage != nil {
		c.damaged(filepath.Join(dir, lockName), damage)
	}
	known := map[string]bool{versionName: true, lockName: true, ringDirName: true}
	for _, d := range signalDirs {
		known[d.name] = true
		c.signal(d.signal, d.name)
	}
	entries, err := fsys.ReadDir(dir)
	if err != nil {
		return c.r, fmt.Errorf("storage: check: %w", err)
	}
	for _, e := range entries {
		switch {
		case e.Name() == versionTemp:
			c.r.Unreferenced = append(c.r.Unreferenced, filepath.Join(dir, e.Name()))
		case !known[e.Name()]:
			c.r.Unknown = append(c.r.Unknown, filepath.Join(dir, e.Name()))
		}
	}
	return c.r, nil
}

type checker struct {
	fs  vfs.FS
	dir string
	r   Report
}

func (c *checker) damaged(file string, err error) {
	c.r.Damage = append(c.r.Damage, Damage{File: file, Err: err})
}

func (c *checker) signal(signal Signal, name string) {
	root := filepath.Join(c.dir, name)
	entries, err := c.fs.ReadDir(root)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err != nil {
		c.damaged(root, err) // a file, or one that may not be read
		return
	}
	for _, e := range entries {
		if isTempDir(e) {
			c.r.Unreferenced = append(c.r.Unreferenced, filepath.Join(root, e.Name()))
			continue
		}
		d, ok := parseDay(e.Name())
		if !ok || !e.IsDir() {
			c.r.Unknown = append(c.r.Unknown, filepath.Join(root, e.Name()))
			continue
		}
		c.partition(key{signal: signal, day: d}, filepath.Join(root, e.Name()))
	}
}

// partition checks one directory, again from the start when the manifest
// changed meanwhile.
func (c *checker) partition(k key, dir string) {
	before := c.r
	for try := 1; ; try++ {
		c.r = before
		m := c.manifest(k, dir)
		if m == nil {
			return
		}
		stale := c.parts(m, dir)
		if !stale || try == staleRetries {
			break
		}
		again, err := loadManifest(c.fs, dir, k)
		gone := errors.Is(err, fs.ErrNotExist) // the partition was removed
		if !gone && (err != nil || again.commit == m.commit) {
			break
		}
	}
	c.r.Partitions++
}

// manifest reads the manifest and looks for files it does not list. It returns
// nil when there is nothing more to check.
func (c *checker) manifest(k key, dir string) *manifest {
	m, err := loadManifest(c.fs, dir, k)
	entries, lerr := c.fs.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) && hasManifest(entries) {
		m, err = loadManifest(c.fs, dir, k) // made meanwhile
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		c.damaged(filepath.Join(dir, manifestName), err)
		return nil
	}
	if errors.Is(lerr, fs.ErrNotExist) {
		return nil // removed meanwhile
	}
	if lerr != nil {
		c.damaged(dir, lerr)
		return nil
	}
	listed := map[uint64]bool{}
	if m != nil {
		for _, e := range m.parts {
			listed[e.id] = true
		}
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		id, temp, ok := parsePartName(e.Name())
		switch {
		case ok && !temp && m == nil:
			c.damaged(path, corruptf("part in a partition without a manifest"))
		case ok && !temp && !listed[id] && id < m.keep:
			c.damaged(path, corruptf("part is in no manifest since the manifest was damaged"))
		case ok && (temp || !listed[id]), e.Name() == manifestTemp:
			c.r.Unreferenced = append(c.r.Unreferenced, path)
		case !ok && e.Name() != manifestName:
			c.r.Unknown = append(c.r.Unknown, path)
		}
	}
	return m
}

// parts checks the parts of a manifest. stale tells that one was not there.
func (c *checker) parts(m *manifest, dir string) (stale bool) {
	for _, e := range m.parts {
		path := filepath.Join(dir, partName(e.id))
		err := verifyPart(c.fs, path, e)
		if err != nil {
			stale = stale || errors.Is(err, fs.ErrNotExist)
			c.damaged(path, err)
			continue
		}
		c.r.add(e)
	}
	return stale
}

// verifyPart reads a whole part and compares it with its manifest entry.
func verifyPart(fsys vfs.FS, path string, e entry) (err error) {
	file, p, err := openPart(fsys, path, e)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	hash := xxhash.New()
	if _, err := io.Copy(hash, io.NewSectionReader(file, 0, e.size)); err != nil {
		return fmt.Errorf("storage: read %s: %w", path, err)
	}
	if got := hash.Sum64(); got != e.sum {
		err = corruptf("%s has checksum %016x, its manifest says %016x", path, got, e.sum)
	}
	err = errors.Join(err, partError(path, p.Verify()))
	if info := p.Info(); info.Rows != e.rows || info.MinTime != e.minTime || info.MaxTime != e.maxTime {
		err = errors.Join(err, corruptf("%s has %d rows from %d to %d, its manifest says %d from %d to %d",
			path, info.Rows, info.MinTime, info.MaxTime, e.rows, e.minTime, e.maxTime))
	}
	return err
}
