package spill

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// positionFile keeps the position of the oldest frame not acknowledged.
type positionFile struct {
	f   *os.File
	seq uint64
}

// openPosition opens the file and returns the position in it, 0 when there is
// none that is whole: everything is then sent again.
func openPosition(dir string) (*positionFile, uint64, error) {
	f, err := os.OpenFile(filepath.Join(dir, positionName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, 0, fmt.Errorf("open position: %w", err)
	}
	var slots [2 * slotBytes]byte
	if _, err := f.ReadAt(slots[:], 0); err != nil && !errors.Is(err, io.EOF) {
		_ = f.Close()
		return nil, 0, fmt.Errorf("read position: %w", err)
	}
	p := &positionFile{f: f}
	var newest uint64
	p.seq, newest = newestSlot(slots[:])
	return p, newest, nil
}

// newestSlot returns what the newer of two slots holds, zeros where neither is
// whole.
func newestSlot(slots []byte) (seq, pos uint64) {
	for ; len(slots) >= slotBytes; slots = slots[slotBytes:] {
		if s, at, ok := decodeSlot(slots); ok && s > seq {
			seq, pos = s, at
		}
	}
	return seq, pos
}

func (p *positionFile) write(pos uint64) error {
	b := encodeSlot(p.seq+1, pos)
	if _, err := p.f.WriteAt(b[:], int64((p.seq+1)%2)*slotBytes); err != nil {
		return fmt.Errorf("write position: %w", err)
	}
	p.seq++
	return nil
}

func (p *positionFile) close() error {
	err := p.f.Sync()
	return errors.Join(err, p.f.Close())
}
