package part

import (
	"encoding/binary"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/storage/internal/table"
)

// The trace filter is a Bloom filter of the trace ids of a row group, with
// filterBits bits an id and filterHashes probes: about 1 in 100 ids that are
// not there pass. Part of the format. A trace id is random, so its own bytes
// are the hashes; ids that are not random only make the filter pass more.
const (
	filterBits   = 10
	filterHashes = 6
)

// TraceLeaf returns the position of the trace ids in the rows of a signal, -1
// where there are none.
func traceLeaf(s otlpwire.Signal) int {
	switch s {
	case otlpwire.Traces:
		return table.SpanTraceID
	case otlpwire.Logs:
		return table.LogTraceID
	}
	return -1
}

// filter encodes the trace filter of a chunk.
func (e *encoder) filter(c *table.Chunk) chunkRef {
	at := traceLeaf(c.Signal)
	if at < 0 || len(c.Rows.Leaves[at].Dict.Values) < 2 {
		return chunkRef{}
	}
	ids := c.Rows.Leaves[at].Dict.Values[1:]
	size := (len(ids)*filterBits + 7) / 8
	e.tmp = append(e.tmp[:0], make([]byte, size)...)
	for _, id := range ids {
		probe([]byte(id), 8*size, func(bit uint64) bool {
			e.tmp[bit/8] |= 1 << (bit % 8)
			return true
		})
	}
	return e.chunk()
}

// mayContain reports whether an id may be among those of a filter.
func mayContain(filter, id []byte) bool {
	return probe(id, 8*len(filter), func(bit uint64) bool { return filter[bit/8]>>(bit%8)&1 == 1 })
}

// probe calls visit with the bits of an id until it returns false, and returns
// whether it never did.
func probe(id []byte, bits int, visit func(bit uint64) bool) bool {
	a, b := binary.LittleEndian.Uint64(id), binary.LittleEndian.Uint64(id[8:])
	// An id of which only half is random must still spread.
	a ^= b * 0x9e3779b97f4a7c15
	for range filterHashes {
		if !visit(a % uint64(bits)) {
			return false
		}
		a += b | 1
	}
	return true
}
