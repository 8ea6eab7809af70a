package ringbuffer

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"sync/atomic"
	"unsafe"
)

// header is the 4 KiB header of a ring: the start of the mapped file, or heap
// memory of a ring that has none. Its words are shared with other processes
// and are only read and written through atomics.
type header struct{ b []byte }

func newHeader() header { return header{wordBytes(fileHeaderBytes)} }

// wordBytes returns n zero bytes that are aligned for atomic words.
func wordBytes(n int) []byte {
	words := make([]uint64, (n+7)/8)
	return unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), len(words)*8)[:n:n]
}

func (h header) word(off int) *atomic.Uint64 {
	return (*atomic.Uint64)(unsafe.Pointer(&h.b[off]))
}

func (h header) hint() *atomic.Uint64        { return h.word(offHint) }
func (h header) tail() *atomic.Uint64        { return h.word(offTail) }
func (h header) catalog() *atomic.Uint64     { return h.word(offCatalog) }
func (h header) state() *atomic.Uint64       { return h.word(offState) }
func (h header) cursor(i int) *atomic.Uint64 { return h.word(offReaders + i*readerStride) }
func (h header) used(i int) *atomic.Uint64   { return h.word(offReaders + i*readerStride + readerUsed) }
func (h header) gapAt(i int) *atomic.Uint64  { return h.word(offGaps + i*16) }
func (h header) gapTo(i int) *atomic.Uint64  { return h.word(offGaps + i*16 + 8) }
func (h header) static(off int) uint64       { return binary.LittleEndian.Uint64(h.b[off:]) }
func (h header) boot() (id [16]byte)         { copy(id[:], h.b[offBoot:]); return id }
func (h header) dynamicCRC() uint32          { return crc32.Checksum(h.b[offHint:offDynamicCRC], castagnoli) }

func (h header) storedDynamicCRC() uint32 { return binary.LittleEndian.Uint32(h.b[offDynamicCRC:]) }

func (h header) putDynamicCRC(crc uint32) { binary.LittleEndian.PutUint32(h.b[offDynamicCRC:], crc) }

func (h header) readerRow(i int) []byte { return h.b[offReaders+i*readerStride:][:readerStride] }

func (h header) closedCleanly() bool {
	return h.state().Load() == fileClean && h.storedDynamicCRC() == h.dynamicCRC()
}

// init writes the fields that never change, with their checksum.
func (h header) init(id, key, dataBytes, catalogBytes, created uint64) {
	copy(h.b, fileMagic)
	le := binary.LittleEndian
	le.PutUint32(h.b[offVersion:], fileVersion)
	le.PutUint32(h.b[offHeaderBytes:], fileHeaderBytes)
	le.PutUint64(h.b[offID:], id)
	le.PutUint64(h.b[offKey:], key)
	le.PutUint64(h.b[offDataBytes:], dataBytes)
	le.PutUint64(h.b[offCatalogBytes:], catalogBytes)
	le.PutUint64(h.b[offCreated:], created)
	le.PutUint32(h.b[offStaticCRC:], crc32.Checksum(h.b[:offStaticCRC], castagnoli))
	h.catalog().Store(1 << 32) // id 0 is never used
}

// checkStatic verifies the fields that never change against the file's size.
func (h header) checkStatic(fileBytes int64) error {
	if string(h.b[:len(fileMagic)]) != fileMagic {
		return fmt.Errorf("%w: the first 8 bytes are %q, not %q", ErrCorrupt, h.b[:len(fileMagic)], fileMagic)
	}
	le := binary.LittleEndian
	if v := le.Uint32(h.b[offVersion:]); v != fileVersion {
		return fmt.Errorf("%w: version %d at byte %d, this program knows %d", ErrVersion, v, offVersion, fileVersion)
	}
	if got, want := le.Uint32(h.b[offStaticCRC:]), crc32.Checksum(h.b[:offStaticCRC], castagnoli); got != want {
		return fmt.Errorf("%w: header checksum %08x at byte %d, computed %08x", ErrCorrupt, got, offStaticCRC, want)
	}
	size, catalog, key := h.static(offDataBytes), h.static(offCatalogBytes), h.static(offKey)
	switch {
	case le.Uint32(h.b[offHeaderBytes:]) != fileHeaderBytes:
		return fmt.Errorf("%w: header of %d bytes", ErrCorrupt, le.Uint32(h.b[offHeaderBytes:]))
	case size < minSize || size > maxSize || size&(size-1) != 0:
		return fmt.Errorf("%w: data area of %d bytes at byte %d is no power of two from %d to %d", ErrCorrupt, size, offDataBytes, minSize, int64(maxSize))
	case catalog > maxCatalog || catalog%8 != 0:
		return fmt.Errorf("%w: catalog of %d bytes at byte %d", ErrCorrupt, catalog, offCatalogBytes)
	case key&keyTop == 0 || key&stateMask != 0:
		return fmt.Errorf("%w: key %016x at byte %d", ErrCorrupt, key, offKey)
	}
	if want := fileHeaderBytes + catalog + size; uint64(fileBytes) != want {
		return fmt.Errorf("%w: file has %d bytes, its header says %d", ErrCorrupt, fileBytes, want)
	}
	return nil
}

// setReader fills row i. The used word is stored last, so that a crash leaves
// either no reader or a whole one.
func (h header) setReader(i int, name string, cursor uint64) {
	row := h.readerRow(i)
	clear(row[readerCRC:])
	binary.LittleEndian.PutUint32(row[readerNameLen:], uint32(len(name)))
	copy(row[readerName:], name)
	binary.LittleEndian.PutUint32(row[readerCRC:], crc32.Checksum(row[readerNameLen:], castagnoli))
	h.cursor(i).Store(cursor)
	h.used(i).Store(1)
}

// reader returns the name in row i, and false for a free row.
func (h header) reader(i int) (name string, used bool, err error) {
	switch h.used(i).Load() {
	case 0:
		return "", false, nil
	case 1:
	default:
		return "", false, fmt.Errorf("%w: use of reader %d is %d", ErrCorrupt, i, h.used(i).Load())
	}
	row := h.readerRow(i)
	n := binary.LittleEndian.Uint32(row[readerNameLen:])
	if n == 0 || n > maxReaderName || binary.LittleEndian.Uint32(row[readerCRC:]) != crc32.Checksum(row[readerNameLen:], castagnoli) {
		return "", false, fmt.Errorf("%w: name of reader %d at byte %d", ErrCorrupt, i, offReaders+i*readerStride+readerName)
	}
	return string(row[readerName : readerName+n]), true, nil
}
