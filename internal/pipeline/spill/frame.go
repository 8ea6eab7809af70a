package spill

import (
	"encoding/binary"
	"hash/crc32"

	"github.com/ttlog/ttlog/internal/otlpwire"
)

// Part of the format; never change.
const (
	frameMagic  = 0x50535454 // "TTSP"
	headerBytes = 32
	slotBytes   = 24
	// maxPosition bounds every position: no queue gets there, and none that is
	// made up can overflow.
	maxPosition = 1 << 62
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// header is the front of a frame.
type header struct {
	length  uint32 // of the payload, bytes
	records uint32
	signal  otlpwire.Signal
	pos     uint64
	sum     uint32 // of the payload
}

// end returns the position behind the frame.
func (h header) end() uint64 { return h.pos + headerBytes + uint64(h.length) }

func (h header) encode() (b [headerBytes]byte) {
	binary.LittleEndian.PutUint32(b[0:], frameMagic)
	binary.LittleEndian.PutUint32(b[4:], h.length)
	binary.LittleEndian.PutUint32(b[8:], h.records)
	b[12] = byte(h.signal)
	binary.LittleEndian.PutUint64(b[16:], h.pos)
	binary.LittleEndian.PutUint32(b[24:], h.sum)
	binary.LittleEndian.PutUint32(b[28:], crc32.Checksum(b[:28], castagnoli))
	return b
}

// decodeHeader reads the header of a frame at pos. ok is false for anything
// that is not a whole header written for that position.
func decodeHeader(b []byte, pos uint64) (h header, ok bool) {
	if len(b) < headerBytes || binary.LittleEndian.Uint32(b) != frameMagic ||
		binary.LittleEndian.Uint32(b[28:]) != crc32.Checksum(b[:28], castagnoli) {
		return header{}, false
	}
	h = header{
		length:  binary.LittleEndian.Uint32(b[4:]),
		records: binary.LittleEndian.Uint32(b[8:]),
		signal:  otlpwire.Signal(b[12]),
		pos:     binary.LittleEndian.Uint64(b[16:]),
		sum:     binary.LittleEndian.Uint32(b[24:]),
	}
	return h, h.pos == pos
}

// encodeSlot and decodeSlot are the two ends of a slot of the position file.
func encodeSlot(seq, pos uint64) (b [slotBytes]byte) {
	binary.LittleEndian.PutUint64(b[0:], seq)
	binary.LittleEndian.PutUint64(b[8:], pos)
	binary.LittleEndian.PutUint32(b[16:], crc32.Checksum(b[:16], castagnoli))
	return b
}

func decodeSlot(b []byte) (seq, pos uint64, ok bool) {
	if len(b) < slotBytes || binary.LittleEndian.Uint32(b[16:]) != crc32.Checksum(b[:16], castagnoli) {
		return 0, 0, false
	}
	seq, pos = binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])
	return seq, pos, pos < maxPosition
}
