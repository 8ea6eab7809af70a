package table

import (
	"cmp"
	"slices"
)

// TraceReader finds the rows of single traces in a chunk of spans or log
// records, and writes them as OTLP. It decodes the whole chunk once; a trace
// then costs what its rows do. It does not change after it was made: any number
// of goroutines may use it.
type TraceReader struct {
	w       *writer
	ids     []string // trace ids by code
	byID    []uint32 // codes, by their ids
	starts  []uint32 // where each trace's rows begin in members, by code
	members []uint32 // rows by trace, rising
}

// NewTraceReader returns a reader of c, whose trace ids are in the given leaf
// of the rows. It takes c over.
func NewTraceReader(c *Chunk, leaf int) (*TraceReader, error) {
	w, err := newWriter(c)
	if err != nil {
		return nil, err
	}
	l := &c.Rows.Leaves[leaf]
	r := &TraceReader{w: w, ids: l.Dict.Values, members: make([]uint32, c.Rows.N)}
	for code := range r.ids[1:] {
		r.byID = append(r.byID, uint32(code+1))
	}
	slices.SortFunc(r.byID, func(a, b uint32) int { return cmp.Compare(r.ids[a], r.ids[b]) })
	r.starts = make([]uint32, len(r.ids)+1)
	for i := range c.Rows.N {
		r.starts[l.Code(i)+1]++
	}
	for i := range r.ids {
		r.starts[i+1] += r.starts[i]
	}
	next := slices.Clone(r.starts)
	for i := range c.Rows.N {
		code := l.Code(i)
		r.members[next[code]] = uint32(i)
		next[code]++
	}
	return r, nil
}

// RowsOfTrace returns the rows that have a trace id, which is in the given leaf.
func (c *Chunk) RowsOfTrace(leaf int, id string) ([]uint32, error) {
	rows, err := c.Rows.Leaves[leaf].find(Wanted{Strings: []string{id}}, c.Rows.N, nil)
	return rows.List(), err
}

// PieceBytes is about how large the pieces of a trace are.
const PieceBytes = 256 << 10

// Each calls emit with the rows of a trace as OTLP, in pieces of at most size
// rows that are valid during the call, and returns how many rows there are.
func (r *TraceReader) Each(id string, size int, emit func(piece []byte) error) (rows int, err error) {
	at, _ := slices.BinarySearchFunc(r.byID, id, func(code uint32, id string) int { return cmp.Compare(r.ids[code], id) })
	var found []uint32
	for ; at < len(r.byID) && r.ids[r.byID[at]] == id; at++ {
		code := r.byID[at]
		found = append(found, r.members[r.starts[code]:r.starts[code+1]]...)
	}
	var buf []byte
	for piece := range slices.Chunk(found, size) {
		if buf, err = r.w.append(buf[:0], piece); err == nil {
			err = emit(buf)
		}
		if err != nil {
			return 0, err
		}
	}
	return len(found), nil
}

// PieceRows returns how many rows make a piece where so many take so much memory.
func PieceRows(memory int64, rows int) int {
	return int(max(PieceBytes/(memory/int64(max(rows, 1))+1), 1))
}

// Damage returns why something of the rows could not be read, nil where all
// could.
func (r *TraceReader) Damage() error { return r.w.c.damage() }

// Rows returns the number of rows of the chunk.
func (r *TraceReader) Rows() int { return len(r.members) }

// Bytes returns an estimate of the memory held. strings is what the chunk took
// with the strings of its dictionaries, if that is known.
func (r *TraceReader) Bytes(strings int64) int64 {
	n := 4 * (len(r.byID) + len(r.starts) + len(r.members))
	n += r.w.attrs.bytes() + r.w.body.bytes()
	for i := range r.w.children {
		c := &r.w.children[i]
		n += 4*cap(c.starts) + c.attrs.bytes()
	}
	return max(strings, int64(r.w.c.Bytes())) + int64(n)
}

func (w *attrWriter) bytes() int { return 4 * (cap(w.starts) + cap(w.values)) }
