package pipeline

import (
	"cmp"
	"slices"

	"github.com/ttlog/ttlog/internal/otlpwire"
)

// chunk is what becomes one request: records of one signal, or one whole
// request. Its bytes alias the ring or the batch.
type chunk struct {
	signal  otlpwire.Signal
	whole   []byte   // a request as it was received, but not compressed
	records []record // spans or log records, in the order of the ring
	end     uint64   // behind the newest record
}

// batch is what a sink takes from the ring at once.
type batch struct {
	chunks []chunk
	open   [4]int // by signal: index+1 of the chunk that takes more records
	bytes  int
	count  int
	end    uint64 // behind the newest record that was read, 0 for none

	spare [][]record // for reuse; one per signal is enough, and batches bound their size
	// room is for requests that are compressed in the ring; free is what is left
	// of it.
	room, free []byte
}

// maxRoom bounds what a batch keeps for reuse; a large request goes with it.
const maxRoom = 4 << 20

func (b *batch) reset() {
	spare := b.spare
	for _, c := range b.chunks {
		if c.records != nil && len(spare) < 2 {
			spare = append(spare, c.records[:0])
		}
	}
	clear(b.chunks)
	room := b.room
	if cap(room) > maxRoom {
		room = nil
	}
	*b = batch{chunks: b.chunks[:0], spare: spare, room: room, free: room}
}

// addRecord adds a span or log record to the chunk of its signal.
func (b *batch) addRecord(s otlpwire.Signal, r record) {
	i := b.open[s]
	if i == 0 {
		b.chunks = append(b.chunks, chunk{signal: s})
		i = len(b.chunks)
		if n := len(b.spare); n > 0 {
			b.chunks[i-1].records = b.spare[n-1]
			b.spare = b.spare[:n-1]
		}
		b.open[s] = i
	}
	c := &b.chunks[i-1]
	c.records = append(c.records, r)
	c.end = r.end
	b.bytes += len(r.data)
	b.count++
}

// addWhole adds a request. What follows of its signal stands in a new chunk,
// to keep the order within the signal.
func (b *batch) addWhole(s otlpwire.Signal, payload []byte, end uint64) {
	b.chunks = append(b.chunks, chunk{signal: s, whole: payload, end: end})
	b.open[s] = 0
	b.bytes += len(payload)
	b.count++
}

// addUnpacked adds a request that was unpacked into free, or into a slice of its
// own where that was too small.
func (b *batch) addUnpacked(s otlpwire.Signal, request []byte, end uint64) {
	if cap(request) > cap(b.room) {
		b.room = request[:0]
	}
	b.free = request[len(request):]
	b.addWhole(s, request, end)
}

// sorted returns the chunks by their ends. Within a signal that is the order
// of the ring.
func (b *batch) sorted() []chunk {
	slices.SortStableFunc(b.chunks, func(x, y chunk) int { return cmp.Compare(x.end, y.end) })
	return b.chunks
}

// payload returns the chunk's request: the ring's own bytes, or one assembled
// in buf.
func (c *chunk) payload(a *assembler, buf []byte) []byte {
	if c.records == nil {
		return c.whole
	}
	return a.request(buf[:0], c.records)
}

// size returns how many records the chunk holds. A whole request is counted
// only when it has to be: that walks all of it.
func (c *chunk) size() int {
	if c.records != nil {
		return len(c.records)
	}
	n, err := otlpwire.Validate(c.signal, c.whole)
	if err != nil {
		return 1
	}
	return n.Records
}
