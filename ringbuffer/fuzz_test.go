//go:build unix

package ringbuffer

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"os"
	"path/filepath"
	"testing"
)

// FuzzOpen opens files of any content, with the checksum of the header's fixed
// part put right so that the fields behind it are reached. Open must come back
// with an error or with a ring that reads and writes.
func FuzzOpen(f *testing.F) {
	for _, clean := range []bool{true, false} {
		file, _ := smallRing(f, clean)
		f.Add(file, uint32(0), uint64(0), false, uint64(0))
		f.Add(file, uint32(offDataBytes), uint64(64), true, uint64(1<<40+72))
		f.Add(file, uint32(offReaders), uint64(1<<40), true, uint64(1<<40+72))
		f.Add(file, uint32(offGaps+8), uint64(1<<40), true, uint64(1<<40+72))
		f.Add(file, uint32(offHint), uint64(1<<50), true, uint64(1<<40+72))
		f.Add(file, uint32(fileHeaderBytes), uint64(1<<63), false, uint64(0))
		f.Add(file[:5000], uint32(0), uint64(0), false, uint64(0))
	}
	f.Add([]byte{}, uint32(0), uint64(0), false, uint64(0))
	f.Add(make([]byte, 100), uint32(0), uint64(0), false, uint64(0))
	f.Fuzz(func(t *testing.T, file []byte, at uint32, value uint64, powerLoss bool, forged uint64) {
		if len(file) > 1<<17 {
			return
		}
		file = bytes.Clone(file)
		if int(at)+8 <= len(file) {
			binary.LittleEndian.PutUint64(file[at:], value)
		}
		if len(file) >= fileHeaderBytes {
			binary.LittleEndian.PutUint32(file[offStaticCRC:], crc32.Checksum(file[:offStaticCRC], castagnoli))
		}
		if forged != 0 && len(file) >= fileHeaderBytes {
			forge(file, forged&^7)
		}
		fuzzOpen(t, file, powerLoss)
	})
}

// forge puts a record that passes every check at a position of any lap, as one
// who knows the key could.
func forge(file []byte, pos uint64) {
	h := header{wordBytes(fileHeaderBytes)}
	copy(h.b, file)
	if h.checkStatic(int64(len(file))) != nil {
		return
	}
	data := file[fileHeaderBytes+h.static(offCatalogBytes):]
	off := pos & uint64(len(data)-1)
	if off+headerBytes+8 > uint64(len(data)) {
		return
	}
	b := data[off : off+headerBytes+8]
	binary.LittleEndian.PutUint64(b, pos^h.static(offKey)|stateCommitted)
	binary.LittleEndian.PutUint32(b[offKindLen:], 4<<lenBits|8)
	binary.LittleEndian.PutUint32(b[offCRC:], checksum(pos, b[offKindLen:]))
}

func fuzzOpen(t *testing.T, file []byte, powerLoss bool) {
	path := filepath.Join(memoryDir(t), "ring")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	if s, err := OpenSnapshot(path); err == nil {
		names, _ := s.Readers()
		for _, name := range append(names, "x") {
			for range s.Records(name) {
			}
		}
		s.Definition(7)
		s.Close()
	}
	o := quiet(256)
	if !powerLoss && len(file) >= offBoot+16 {
		o.boot = (*[16]byte)(bytes.Clone(file[offBoot : offBoot+16]))
	}
	r, err := Open(path, o)
	if err != nil {
		if got, _ := os.ReadFile(path); !bytes.Equal(got, file) && len(file) > 0 {
			t.Errorf("a refused file was changed: %v", err)
		}
		return
	}
	names := r.ReaderNames()
	if len(names) < maxReaders {
		names = append(names, "new reader of the test")
	}
	for i, name := range names {
		rd, err := r.Reader(name)
		if err != nil {
			t.Errorf("Reader(%q): %v", name, err)
			continue
		}
		var end uint64
		for rec, ok := rd.Next(); ok; rec, ok = rd.Next() {
			if rec.Pos < end || rec.End <= rec.Pos || len(rec.Data) > r.MaxRecord() {
				t.Fatalf("record %d..%d of %d bytes after %d", rec.Pos, rec.End, len(rec.Data), end)
			}
			end = rec.End
		}
		if i%2 == 0 {
			rd.Release(end)
		}
		rd.Close()
	}
	_, _ = r.Write(4, []byte("after"))
	_, _ = r.Define(4, []byte("after"))
	st := r.Stats()
	if st.Used > st.Size {
		t.Errorf("%d of %d bytes used", st.Used, st.Size)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}
