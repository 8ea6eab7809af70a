package filepool_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/ttlog/ttlog/storage/internal/filepool"
	"github.com/ttlog/ttlog/storage/internal/vfs"
)

// counting is the operating system's file system, which counts what is open.
type counting struct {
	vfs.OS
	open, most, opened atomic.Int64
	refuse             atomic.Int64 // further calls that find no descriptor
}

type countedFile struct {
	vfs.File
	c *counting
}

func (c *counting) Open(name string) (vfs.File, error) {
	if c.refuse.Add(-1) >= 0 {
		return nil, &fs.PathError{Op: "open", Path: name, Err: syscall.EMFILE}
	}
	f, err := c.OS.Open(name)
	if err != nil {
		return nil, err
	}
	c.opened.Add(1)
	n := c.open.Add(1)
	for most := c.most.Load(); n > most && !c.most.CompareAndSwap(most, n); most = c.most.Load() {
	}
	return countedFile{f, c}, nil
}

func (f countedFile) Close() error {
	f.c.open.Add(-1)
	return f.File.Close()
}

// files makes n files, each with its number in it.
func files(t *testing.T, n int) (names []string) {
	t.Helper()
	dir := t.TempDir()
	for i := range n {
		names = append(names, filepath.Join(dir, fmt.Sprint(i)))
		if err := os.WriteFile(names[i], fmt.Appendf(nil, "%04d", i), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return names
}

// TestPool_BoundsWhatIsOpen reads many files from many goroutines by few places.
func TestPool_BoundsWhatIsOpen(t *testing.T) {
	const limit = 3
	var c counting
	pool := filepool.New(&c, limit)
	var opened []vfs.File
	for _, name := range files(t, 20) {
		f, err := pool.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		opened = append(opened, f)
	}
	var wg sync.WaitGroup
	for g := range 16 {
		wg.Go(func() {
			for round := range 200 {
				i := (g*7 + round*3) % len(opened)
				var b [4]byte
				if n, err := opened[i].ReadAt(b[:], 0); err != nil || string(b[:n]) != fmt.Sprintf("%04d", i) {
					t.Errorf("file %d: %q, %v", i, b[:n], err)
					return
				}
			}
		})
	}
	wg.Wait()
	if most := c.most.Load(); most > limit {
		t.Errorf("%d files were open at once, want at most %d", most, limit)
	}
	if size, err := opened[0].Size(); size != 4 || err != nil {
		t.Errorf("size %d, %v", size, err)
	}
	for _, f := range opened {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
		if _, err := f.ReadAt(make([]byte, 1), 0); !errors.Is(err, fs.ErrClosed) {
			t.Errorf("a closed file is read: %v", err)
		}
	}
	if n := c.open.Load(); n != 0 || pool.Stats() != 0 {
		t.Errorf("%d files stay open, %d by the pool's account", n, pool.Stats())
	}
}

// TestPool_KeepsWhatIsUsed opens a file once that is read from again and again.
func TestPool_KeepsWhatIsUsed(t *testing.T) {
	var c counting
	pool := filepool.New(&c, 2)
	names := files(t, 5)
	often, err := pool.Open(names[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names[1:] {
		if _, err := often.ReadAt(make([]byte, 1), 0); err != nil {
			t.Fatal(err)
		}
		if _, err := pool.Open(name); err != nil {
			t.Fatal(err)
		}
	}
	if n := c.opened.Load(); n != int64(len(names)) {
		t.Errorf("%d files were opened, want %d", n, len(names))
	}
}

// TestPool_WithoutDescriptors gives up idle files when others took them all.
func TestPool_WithoutDescriptors(t *testing.T) {
	var c counting
	pool := filepool.New(&c, 10)
	names := files(t, 4)
	for _, name := range names[:3] {
		if _, err := pool.Open(name); err != nil {
			t.Fatal(err)
		}
	}
	c.refuse.Store(2)
	if _, err := pool.Open(names[3]); err != nil {
		t.Errorf("two files gave up their descriptors: %v", err)
	}
	c.refuse.Store(100)
	if _, err := pool.Open(names[0]); !errors.Is(err, syscall.EMFILE) {
		t.Errorf("nothing is left to give up: %v", err)
	}
	if _, err := pool.Open(filepath.Join(t.TempDir(), "none")); !errors.Is(err, syscall.EMFILE) {
		t.Error(err)
	}
	c.refuse.Store(0)
	if _, err := pool.Open(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if c.open.Load() != int64(pool.Stats()) {
		t.Errorf("%d files are open, %d by the pool's account", c.open.Load(), pool.Stats())
	}
}
