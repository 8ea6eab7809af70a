package ringbuffer

import (
	"hash/crc32"
)

// Sizes and places; part of the format, never renumber.
const (
	fileMagic   = "ttlogrng"
	fileVersion = 1

	fileHeaderBytes = 4096
	offVersion      = 8
	offHeaderBytes  = 12
	offID           = 16
	offKey          = 24
	offDataBytes    = 32
	offCatalogBytes = 40
	offCreated      = 48
	offStaticCRC    = 60
	offHint         = 64
	offTail         = 128
	offCatalog      = 192
	offState        = 256
	offBoot         = 264
	offGaps         = 320
	offReaders      = 1024
	offDynamicCRC   = 4088

	readerStride  = 128
	readerUsed    = 64
	readerCRC     = 72
	readerNameLen = 76
	readerName    = 80

	fileOpen  = 1
	fileClean = 2
)

// A slot's header; part of the format, never renumber.
const (
	headerBytes = 16
	offCRC      = 8
	offKindLen  = 12

	stateCommitted = 1
	stateAborted   = 2
	statePad       = 4
	stateSkip      = 7
	stateMask      = 7

	lenBits  = 27
	lenMask  = 1<<lenBits - 1
	kindPad  = 0
	kindMax  = 31
	keyTop   = 1 << 63
	closeBit = 1 << 63
)

// Limits.
const (
	// minSize is the smallest data area: four slots of 16 bytes, so that the
	// largest record and the padding before it always fit an empty ring.
	minSize = 64
	// maxSize bounds the data area of a file; larger sizes are taken for
	// damage.
	maxSize = 1 << 40
	// maxPayload bounds one record, whatever the size of the ring.
	maxPayload = 64 << 20
	// maxMark bounds one padding record written over a hole.
	maxMark = 64 << 20
	// maxPosition bounds every position: 4 EiB. Above it a word is damage.
	maxPosition = 1 << 62
	// maxReaders and maxReaderName bound the table of readers.
	maxReaders    = 8
	maxReaderName = 48
	// maxGaps bounds the gaps that lie between the slowest reader and head.
	maxGaps = 16
	// gapBytes is the least length of a gap: more than can be written
	// between two syncs, so that no position is given out twice.
	gapBytes = 1 << 36
	// catalogIDJump is added to the next catalog id where gapBytes is added
	// to the head; more ids than fit the default catalog.
	catalogIDJump = 1 << 17
	// maxCatalog bounds the catalog region.
	maxCatalog = 1 << 30
	// maxDamage bounds Stats.Damage; what is above it is only counted.
	maxDamage = 64
)

// castagnoli is the polynomial that amd64 and arm64 have an instruction for.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// slotBytes returns the space of a slot with a payload of n bytes.
func slotBytes(n uint64) uint64 { return (headerBytes + n + 7) &^ 7 }

// checksum covers the kind, length and payload bytes in b. It starts from the
// position, whose every single bit changes the result.
func checksum(pos uint64, b []byte) uint32 {
	return crc32.Update(uint32(pos>>3)^uint32(pos>>35), castagnoli, b)
}
