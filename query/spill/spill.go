package spill

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/cespare/xxhash/v2"
	"github.com/klauspost/compress/s2"
)

// ErrFull is what an error wraps when queries have put as much on the disk as
// they may.
var ErrFull = errors.New("no more may be put on the disk")

// Options are the knobs of a [Space].
type Options struct {
	// Dir is where the files are. It is made when the first is needed, and is for
	// nothing else: what Open finds there was left by a crash, and goes.
	Dir string
	// MaxBytes is what all files may take together. 0 means 4 GiB.
	MaxBytes int64
	// Setting is what people change MaxBytes with, such as a flag.
	Setting string
	// Room, where set, tells why nothing more should be put on the disk.
	Room func() error
	// Create makes a new file. Nil means one of the operating system.
	Create func(path string) (Storage, error)
}

// Storage is a file that is being written and read at once.
type Storage interface {
	io.Writer
	io.ReaderAt
	io.Closer
}

// Space is where queries put what exceeds their memory. It is safe for concurrent
// use. A nil Space has no room.
type Space struct {
	o    Options
	held atomic.Int64 // bytes of all files
	next atomic.Int64 // the number of the next file
}

const (
	defaultMax = 4 << 30
	// suffix is that of the names of all files.
	suffix = ".spill"
)

// Open returns a space, and removes what a crash left in its directory. An error is
// about what could not be removed: the space is there nevertheless.
func Open(o Options) (*Space, error) {
	if o.MaxBytes <= 0 {
		o.MaxBytes = defaultMax
	}
	if o.Create == nil {
		o.Create = createFile
	}
	left, err := filepath.Glob(filepath.Join(o.Dir, "*"+suffix))
	if err != nil {
		return nil, fmt.Errorf("spill: %w", err)
	}
	var errs []error
	for _, path := range left {
		errs = append(errs, os.Remove(path))
	}
	return &Space{o: o}, errors.Join(errs...)
}

func createFile(path string) (Storage, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return nil, err
	}
	return os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
}

// Held returns the bytes of all files.
func (s *Space) Held() int64 {
	if s == nil {
		return 0
	}
	return s.held.Load()
}

// File returns a file for one query, nil of a nil Space. It is made when something
// is put there.
func (s *Space) File() *File {
	if s == nil {
		return nil
	}
	return &File{space: s}
}

// take makes room for n bytes.
func (s *Space) take(n int64) error {
	if s.o.Room != nil {
		if err := s.o.Room(); err != nil {
			return fmt.Errorf("%w: %w", ErrFull, err)
		}
	}
	if s.held.Add(n) > s.o.MaxBytes {
		s.held.Add(-n)
		setting := ""
		if s.o.Setting != "" {
			setting = " (" + s.o.Setting + ")"
		}
		return fmt.Errorf("%w: queries may put %d MiB there together%s", ErrFull, s.o.MaxBytes>>20, setting)
	}
	return nil
}

// File is the blocks of one query. It is safe for concurrent use.
type File struct {
	space *Space

	mu   sync.Mutex
	f    Storage // nil before the first block and after Close; guarded by mu
	path string  // guarded by mu
	size int64   // guarded by mu
	err  error   // of the first write that failed; guarded by mu
}

// Ref says where a block is.
type Ref struct {
	off  int64
	size int32
	sum  uint64
}

// Size returns how many bytes the block takes on the disk.
func (r Ref) Size() int { return int(r.size) }

// MaxBlock bounds a block.
const MaxBlock = 1 << 30

// Append writes a block. After an error the file takes nothing more.
func (f *File) Append(block []byte) (Ref, error) {
	if len(block) > MaxBlock {
		return Ref{}, fmt.Errorf("spill: a block of %d bytes", len(block))
	}
	packed := s2.Encode(nil, block)
	r := Ref{size: int32(len(packed)), sum: xxhash.Sum64(packed)}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err == nil {
		f.err = f.writeLocked(packed)
	}
	if f.err != nil {
		return Ref{}, fmt.Errorf("spill: %w", f.err)
	}
	r.off = f.size - int64(len(packed))
	return r, nil
}

func (f *File) writeLocked(b []byte) error {
	if err := f.space.take(int64(len(b))); err != nil {
		return err
	}
	if f.f == nil {
		path := filepath.Join(f.space.o.Dir, strconv.FormatInt(f.space.next.Add(1), 10)+suffix)
		made, err := f.space.o.Create(path)
		if err != nil {
			f.space.held.Add(-int64(len(b)))
			return err
		}
		f.f, f.path = made, path
	}
	f.size += int64(len(b))
	_, err := f.f.Write(b)
	return err
}

// Read returns a block. dst may be used for it.
func (f *File) Read(r Ref, dst []byte) ([]byte, error) {
	f.mu.Lock()
	from := f.f
	f.mu.Unlock()
	if from == nil {
		return nil, fmt.Errorf("spill: %w", os.ErrClosed)
	}
	packed := make([]byte, r.size)
	if _, err := from.ReadAt(packed, r.off); err != nil {
		return nil, fmt.Errorf("spill: %w", err)
	}
	if xxhash.Sum64(packed) != r.sum {
		return nil, fmt.Errorf("spill: %s at byte %d: wrong checksum", f.path, r.off)
	}
	out, err := s2.Decode(dst[:cap(dst)], packed)
	if err != nil {
		return nil, fmt.Errorf("spill: %s at byte %d: %w", f.path, r.off, err)
	}
	return out, nil
}

// Size returns how many bytes the file takes.
func (f *File) Size() int64 {
	if f == nil {
		return 0
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.size
}

// Close removes the file. Closing again does nothing.
func (f *File) Close() error {
	if f == nil {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.f == nil {
		return nil
	}
	// Systems that cannot remove an open file can remove it now.
	err := errors.Join(f.f.Close(), os.Remove(f.path))
	f.space.held.Add(-f.size)
	f.f, f.size, f.err = nil, 0, os.ErrClosed
	if err != nil {
		return fmt.Errorf("spill: %w", err)
	}
	return nil
}
