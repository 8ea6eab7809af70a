package spill

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// File names on disk; part of the format.
const (
	positionName  = "position"
	titleName     = "collector"
	segmentSuffix = ".seg"
)

func segmentName(base uint64) string { return fmt.Sprintf("%016x%s", base, segmentSuffix) }

// segment is one file of frames.
type segment struct {
	base uint64 // position of its first byte
	size uint64
	f    *os.File
	// since is when it was begun, or, of one that was there, written to last.
	since time.Time

	// What of it is not acknowledged.
	frames  uint64
	records Records
}

func (s *segment) end() uint64 { return s.base + s.size }

// listSegments returns the positions of the segments in dir, in order.
func listSegments(dir string) ([]uint64, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("list segments: %w", err)
	}
	var bases []uint64
	for _, e := range entries {
		hex, isSegment := strings.CutSuffix(e.Name(), segmentSuffix)
		if !isSegment || len(hex) != 16 {
			continue
		}
		if base, err := strconv.ParseUint(hex, 16, 64); err == nil && base < maxPosition {
			bases = append(bases, base)
		}
	}
	slices.Sort(bases)
	return bases, nil
}

func createSegment(dir string, base uint64) (*segment, error) {
	f, err := os.OpenFile(filepath.Join(dir, segmentName(base)), os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("create segment: %w", err)
	}
	return &segment{base: base, f: f, since: time.Now()}, nil
}

// openSegment opens the segment at base. What it has behind next, where the
// next segment begins, is left of a write that could not be taken back.
func openSegment(dir string, base, next uint64, flag int) (*segment, error) {
	f, err := os.OpenFile(filepath.Join(dir, segmentName(base)), flag, 0)
	if err != nil {
		return nil, fmt.Errorf("open segment: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("open segment: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, errors.Join(fmt.Errorf("segment %s is no regular file", f.Name()), f.Close())
	}
	return &segment{base: base, size: min(uint64(info.Size()), next-base), f: f, since: info.ModTime()}, nil
}

// header returns the header of the frame at pos. ok is false when no whole
// frame begins there.
func (s *segment) header(pos uint64) (h header, ok bool, err error) {
	var b [headerBytes]byte
	if s.end()-pos < headerBytes {
		return header{}, false, nil
	}
	if _, err := s.f.ReadAt(b[:], int64(pos-s.base)); err != nil && !errors.Is(err, io.EOF) {
		return header{}, false, fmt.Errorf("read segment %s at %d: %w", s.f.Name(), pos-s.base, err)
	}
	h, ok = decodeHeader(b[:], pos)
	return h, ok && h.end() <= s.end(), nil
}

// next returns the first whole frame at or behind pos; ok is false when there
// is none.
func (s *segment) next(pos uint64) (h header, ok bool, err error) {
	if h, ok, err = s.header(pos); ok || err != nil {
		return h, ok, err
	}
	return s.find(pos + 1)
}

// find searches the segment from pos on for a whole frame.
func (s *segment) find(pos uint64) (h header, ok bool, err error) {
	var magic [4]byte
	binary.LittleEndian.PutUint32(magic[:], frameMagic)
	buf := make([]byte, 64<<10)
	for pos+headerBytes <= s.end() {
		n, err := s.f.ReadAt(buf, int64(pos-s.base))
		if err != nil && !errors.Is(err, io.EOF) {
			return header{}, false, fmt.Errorf("read segment %s at %d: %w", s.f.Name(), pos-s.base, err)
		}
		if n < headerBytes {
			break
		}
		// A header that begins in the last bytes is seen whole in the next read.
		window := buf[:n-headerBytes+len(magic)]
		for i := 0; ; i++ {
			j := bytes.Index(window[i:], magic[:])
			if j < 0 {
				break
			}
			i += j
			if h, ok = decodeHeader(buf[i:n], pos+uint64(i)); ok && h.end() <= s.end() {
				return h, true, nil
			}
		}
		pos += uint64(n - headerBytes + 1)
	}
	return header{}, false, nil
}

// recover counts the frames at or behind pos. In the newest segment, what is
// no whole frame at the end, a write that was cut off, is removed.
func (s *segment) recover(pos uint64, newest bool) error {
	at := max(pos, s.base)
	for at < s.end() {
		h, ok, err := s.next(at)
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		s.frames++
		s.records[known(h.signal)] += uint64(h.records)
		at = h.end()
	}
	if newest && at < s.end() {
		if err := s.f.Truncate(int64(at - s.base)); err != nil {
			return fmt.Errorf("remove the torn end: %w", err)
		}
		s.size = at - s.base
	}
	return nil
}

// write appends one frame; after an error the segment is as it was.
func (s *segment) write(h header, payload []byte) error {
	b := h.encode()
	off := int64(s.size)
	_, err := s.f.WriteAt(b[:], off)
	if err == nil {
		_, err = s.f.WriteAt(payload, off+headerBytes)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write segment: %w", err), s.f.Truncate(off))
	}
	s.size += headerBytes + uint64(len(payload))
	s.frames++
	s.records[known(h.signal)] += uint64(h.records)
	return nil
}

func (s *segment) remove() error {
	return errors.Join(s.f.Close(), os.Remove(s.f.Name()))
}
