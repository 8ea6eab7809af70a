package storage

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/cespare/xxhash/v2"
)

// A manifest is the truth about one partition: which parts it consists of and
// up to which ring position they are complete. All integers are little-endian.
//
//	0        8         12        16                    16+n      24+n
//	+--------+---------+---------+----------------------+---------+
//	|TTLGMANI| version | n       | body, n bytes        | xxhash64|
//	| 8 B    | u32 = 2 | u32     |                      | u64, of all before
//	+--------+---------+---------+----------------------+---------+
//
//	body:
//	signal u8 | 3 zero bytes | day i32 | commit u64 | next u64 | keep u64 |
//	marks u32 | parts u32 | marks x {ring u64, position u64} |
//	parts x {number u64, size u64, xxhash64 u64, rows u64, min time i64,
//	         max time i64, created i64, level u32, 4 zero bytes,
//	         first received i64, last received i64}
//
// Version 1 has no times of receipt; see entry.guessReceived.
//
// The whole file is replaced at each commit (write, sync, rename, sync the
// directory). The alternative, a log of edits that is only appended to, saves
// one sync of the two a commit costs, and pays with replay, repair at a torn
// end, and rewriting the log now and then; a partition has tens of parts, so
// the whole is a few KiB, and a commit happens a few times a minute.
const (
	manifestMagic   = "TTLGMANI"
	manifestVersion = 2
	manifestHead    = 16
	manifestSum     = 8
	manifestFixed   = 40
	markSize        = 16
	entrySize       = 80
	entrySizeV1     = 64
)

// manifest is the decoded form. Its slices are never changed in place: a
// commit makes new ones.
type manifest struct {
	key key
	// commit counts the manifests of this partition.
	commit uint64
	// next is above the number of every part the partition ever had.
	next uint64
	// keep is the number below which part files that are not listed were left
	// by an unreadable manifest, and must not be removed.
	keep  uint64
	marks []mark
	parts []entry
}

// mark says: every row of this partition that came from the ring at or before
// position is in the parts.
type mark struct {
	ring     uint64
	position uint64
}

// entry is one part of a partition.
type entry struct {
	id      uint64
	size    int64
	sum     uint64 // xxhash64 of the file
	rows    int64
	minTime int64 // ns, of the rows' timestamps
	maxTime int64
	created int64 // s since the epoch, when the part was written
	level   uint32
	// received is when the store got the rows, by its own clock: what is the
	// oldest goes by this, as a sender's clock may say anything.
	received span
}

// guessReceived fills received in for a part of version 1. What a flush wrote
// had just come. A merge wrote rows that came before it, in an order that only
// their own times still tell.
func (e *entry) guessReceived(d day) {
	at := e.created * int64(time.Second)
	if e.level > 0 && d != invalidDay {
		at = min(at, e.maxTime)
	}
	e.received = span{at, at}
}

// position returns the watermark for a ring, 0 when there is none.
func (m *manifest) position(ring uint64) uint64 {
	for _, w := range m.marks {
		if w.ring == ring && ring != 0 {
			return w.position
		}
	}
	return 0
}

// withMark returns the marks with that of ring raised to position; the ring
// used last stands last, and the one not used for longest is forgotten when
// there are too many.
func withMark(marks []mark, ring, position uint64) []mark {
	if ring == 0 || position == 0 {
		return marks
	}
	out := make([]mark, 0, len(marks)+1)
	for _, w := range marks {
		if w.ring == ring {
			position = max(position, w.position)
			continue
		}
		out = append(out, w)
	}
	out = append(out, mark{ring: ring, position: position})
	if len(out) > maxMarks {
		out = out[len(out)-maxMarks:]
	}
	return out
}

func (m *manifest) append(dst []byte) []byte {
	le := binary.LittleEndian
	start := len(dst)
	dst = append(dst, manifestMagic...)
	dst = le.AppendUint32(dst, manifestVersion)
	dst = le.AppendUint32(dst, uint32(manifestFixed+len(m.marks)*markSize+len(m.parts)*entrySize))
	dst = append(dst, byte(m.key.signal), 0, 0, 0)
	dst = le.AppendUint32(dst, uint32(m.key.day))
	dst = le.AppendUint64(dst, m.commit)
	dst = le.AppendUint64(dst, m.next)
	dst = le.AppendUint64(dst, m.keep)
	dst = le.AppendUint32(dst, uint32(len(m.marks)))
	dst = le.AppendUint32(dst, uint32(len(m.parts)))
	for _, w := range m.marks {
		dst = le.AppendUint64(dst, w.ring)
		dst = le.AppendUint64(dst, w.position)
	}
	for _, e := range m.parts {
		dst = le.AppendUint64(dst, e.id)
		dst = le.AppendUint64(dst, uint64(e.size))
		dst = le.AppendUint64(dst, e.sum)
		dst = le.AppendUint64(dst, uint64(e.rows))
		dst = le.AppendUint64(dst, uint64(e.minTime))
		dst = le.AppendUint64(dst, uint64(e.maxTime))
		dst = le.AppendUint64(dst, uint64(e.created))
		dst = le.AppendUint32(dst, e.level)
		dst = append(dst, 0, 0, 0, 0)
		dst = le.AppendUint64(dst, uint64(e.received.first))
		dst = le.AppendUint64(dst, uint64(e.received.last))
	}
	return le.AppendUint64(dst, xxhash.Sum64(dst[start:]))
}

// decodeManifest checks everything it reads; its errors wrap ErrCorrupt, or
// ErrVersion for a version this program does not know.
func decodeManifest(src []byte) (*manifest, error) {
	le := binary.LittleEndian
	if len(src) < manifestHead+manifestFixed+manifestSum {
		return nil, corruptf("manifest of %d bytes is shorter than an empty one (%d)", len(src), manifestHead+manifestFixed+manifestSum)
	}
	if string(src[:8]) != manifestMagic {
		return nil, corruptf("manifest begins with %q, want %q", src[:8], manifestMagic)
	}
	version := le.Uint32(src[8:])
	if version < 1 || version > manifestVersion {
		return nil, fmt.Errorf("%w: manifest version %d, this program knows up to %d", ErrVersion, version, manifestVersion)
	}
	body := src[manifestHead : len(src)-manifestSum]
	if n := le.Uint32(src[12:]); int64(n) != int64(len(body)) {
		return nil, corruptf("manifest has a body of %d bytes, its header says %d", len(body), n)
	}
	sum := le.Uint64(src[len(src)-manifestSum:])
	if got := xxhash.Sum64(src[:len(src)-manifestSum]); got != sum {
		return nil, corruptf("manifest has checksum %016x, its content %016x", sum, got)
	}
	return decodeManifestBody(body, version)
}

func decodeManifestBody(body []byte, version uint32) (*manifest, error) {
	entrySize := int64(entrySize)
	if version == 1 {
		entrySize = entrySizeV1
	}
	le := binary.LittleEndian
	m := &manifest{
		key:    key{signal: Signal(body[0]), day: day(le.Uint32(body[4:]))},
		commit: le.Uint64(body[8:]),
		next:   le.Uint64(body[16:]),
		keep:   le.Uint64(body[24:]),
	}
	marks, parts := int64(le.Uint32(body[32:])), int64(le.Uint32(body[36:]))
	if want := manifestFixed + marks*markSize + parts*entrySize; want != int64(len(body)) {
		return nil, corruptf("manifest with %d watermarks and %d parts needs %d bytes, has %d", marks, parts, want, len(body))
	}
	at := body[manifestFixed:]
	for range marks {
		m.marks = append(m.marks, mark{ring: le.Uint64(at), position: le.Uint64(at[8:])})
		at = at[markSize:]
	}
	for range parts {
		e := entry{
			id: le.Uint64(at), size: int64(le.Uint64(at[8:])), sum: le.Uint64(at[16:]), rows: int64(le.Uint64(at[24:])),
			minTime: int64(le.Uint64(at[32:])), maxTime: int64(le.Uint64(at[40:])), created: int64(le.Uint64(at[48:])), level: le.Uint32(at[56:]),
		}
		if version == 1 {
			e.guessReceived(m.key.day)
		} else {
			e.received = span{int64(le.Uint64(at[64:])), int64(le.Uint64(at[72:]))}
		}
		at = at[entrySize:]
		if err := m.checkEntry(e); err != nil {
			return nil, err
		}
		m.parts = append(m.parts, e)
	}
	return m, nil
}

func (m *manifest) checkEntry(e entry) error {
	switch {
	case e.id >= m.next:
		return corruptf("manifest lists part %d, but its next number is %d", e.id, m.next)
	case e.size < 0 || e.rows < 0 || e.minTime > e.maxTime:
		return corruptf("manifest entry of part %d: size %d, rows %d, times %d to %d", e.id, e.size, e.rows, e.minTime, e.maxTime)
	case e.received.first > e.received.last:
		return corruptf("manifest entry of part %d: received from %d to %d", e.id, e.received.first, e.received.last)
	case len(m.parts) > 0 && m.parts[len(m.parts)-1].id >= e.id:
		return corruptf("manifest lists part %d twice or out of order", e.id)
	}
	return nil
}
