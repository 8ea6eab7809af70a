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

// Append appends the rows of a trace to dst as OTLP, and returns how many
// there are.
func (r *TraceReader) Append(dst []byte, id string) (out []byte, rows int, err error) {
	at, _ := slices.BinarySearchFunc(r.byID, id, func(code uint32, id string) int { return cmp.Compare(r.ids[code], id) })
	var found []uint32
	for ; at < len(r.byID) && r.ids[r.byID[at]] == id; at++ {
		code := r.byID[at]
		found = append(found, r.members[r.starts[code]:r.starts[code+1]]...)
	}
	if len(found) == 0 {
		return dst, 0, nil
	}
	out, err = r.w.append(dst, found)
	return out, len(found), err
}

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
