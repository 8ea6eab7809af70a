package table

import (
	"encoding/binary"
	"math/bits"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/ttlog/ttlog/internal/otlpwire"
)

// begin appends the tag of a message field and leaves one byte for its length.
func begin(dst []byte, num protowire.Number) (out []byte, mark int) {
	dst = otlpwire.AppendTag(dst, num, protowire.BytesType)
	return append(dst, 0), len(dst) + 1
}

// end writes the length of the message that begins at mark. A message longer
// than 127 bytes is moved to make room for the length.
func end(dst []byte, mark int) []byte {
	n := len(dst) - mark
	if n < 0x80 {
		dst[mark-1] = byte(n)
		return dst
	}
	more := (bits.Len64(uint64(n)) - 1) / 7
	var room [9]byte
	dst = append(dst, room[:more]...)
	copy(dst[mark+more:], dst[mark:mark+n])
	otlpwire.AppendUvarint(dst[:mark-1], uint64(n))
	return dst
}

// The append functions below leave out zero values, as proto3 does.

func appendString(dst []byte, num protowire.Number, s string) []byte {
	if s == "" {
		return dst
	}
	return otlpwire.AppendString(dst, num, s)
}

func appendVarint(dst []byte, num protowire.Number, v int64) []byte {
	if v == 0 {
		return dst
	}
	return otlpwire.AppendVarint(dst, num, uint64(v))
}

func appendFixed64(dst []byte, num protowire.Number, v int64) []byte {
	if v == 0 {
		return dst
	}
	return otlpwire.AppendFixed64(dst, num, uint64(v))
}

func appendFixed32(dst []byte, num protowire.Number, v int64) []byte {
	if v == 0 {
		return dst
	}
	return otlpwire.AppendFixed32(dst, num, uint32(v))
}

func appendSpanID(dst []byte, num protowire.Number, id int64) []byte {
	if id == 0 {
		return dst
	}
	return otlpwire.AppendString(dst, num, spanIDString(id))
}

// attrWriter gives access to the attributes of single rows of a set.
type attrWriter struct {
	set            *AttrSet
	starts, values []uint32
}

// newAttrWriter returns a writer for a loaded set of n rows.
func newAttrWriter(s *AttrSet, n int) attrWriter {
	starts, values := s.Positions(n)
	return attrWriter{s, starts, values}
}

// attr returns attribute number j of row i.
func (w *attrWriter) attr(i, j int) (key string, v value) {
	c := w.set.Cols[w.set.ShapeAt(i)[j]]
	at := int(w.values[int(w.starts[i])+j])
	if c.Type == TypeRaw {
		k, v := splitKeyValue([]byte(c.Leaf.Str(at)))
		return string(k), v
	}
	return c.Key, c.at(at)
}

// lost reports whether attribute number j of row i could not be read.
func (w *attrWriter) lost(i, j int) bool {
	l := &w.set.Cols[w.set.ShapeAt(i)[j]].Leaf
	return l.lost != nil && l.LostAt(int(w.values[int(w.starts[i])+j]))
}

// append appends the attributes of row i as fields num.
func (w *attrWriter) append(dst []byte, num protowire.Number, i int) []byte {
	first := int(w.starts[i])
	for j, c := range w.set.ShapeAt(i) {
		col := w.set.Cols[c]
		at := int(w.values[first+j])
		if col.Leaf.lost != nil && col.Leaf.LostAt(at) {
			continue
		}
		if col.Type == TypeRaw {
			dst = otlpwire.AppendString(dst, num, col.Leaf.Str(at))
			continue
		}
		v := col.at(at)
		n := v.size()
		body := otlpwire.SizeBytes(otlpwire.KeyValueValue, n)
		if col.Key != "" {
			body += otlpwire.SizeBytes(otlpwire.KeyValueKey, len(col.Key))
		}
		dst = otlpwire.AppendHeader(dst, num, body)
		dst = appendString(dst, otlpwire.KeyValueKey, col.Key)
		dst = otlpwire.AppendHeader(dst, otlpwire.KeyValueValue, n)
		dst = v.appendAny(dst)
	}
	return dst
}

// writer appends the rows of a chunk as OTLP messages.
type writer struct {
	c        *Chunk
	attrs    attrWriter // of the rows
	body     attrWriter // of log bodies
	children []childWriter
	metrics  map[uint32]metricInfo
}

// childWriter gives access to the items of a list.
type childWriter struct {
	starts []uint32
	items  *Group
	attrs  attrWriter
}

func newWriter(c *Chunk) (*writer, error) {
	if err := c.EnsureAll(); err != nil {
		return nil, err
	}
	w := &writer{c: c, attrs: newAttrWriter(&c.Rows.Sets[setAttrs], c.Rows.N), metrics: map[uint32]metricInfo{}}
	if c.Signal == otlpwire.Logs {
		w.body = newAttrWriter(&c.Rows.Sets[SetBody], c.Rows.N)
	}
	for i := range c.Rows.Lists {
		l := &c.Rows.Lists[i]
		starts, err := l.Starts(c.Rows.N)
		if err != nil {
			return nil, err
		}
		child := childWriter{starts: starts, items: &l.Items}
		if len(l.Items.Sets) > 0 {
			child.attrs = newAttrWriter(&l.Items.Sets[setAttrs], l.Items.N)
		}
		w.children = append(w.children, child)
	}
	return w, nil
}

// AppendOTLP implements [column.Block]. Rows of one resource and scope become
// one message of each, in the order in which they first appear.
func (b *Block) AppendOTLP(dst []byte, rows []uint32) ([]byte, error) {
	w, err := newWriter(b.c)
	if err == nil {
		err = b.c.damage() // half a record is none
	}
	if err != nil {
		return nil, err
	}
	return w.append(dst, rows)
}

// append appends the given rows, nil for all.
func (w *writer) append(dst []byte, rows []uint32) ([]byte, error) {
	byScope, order := w.c.groupRows(rows)
	// Scopes of one resource stand together.
	type group struct {
		fields string
		scopes []uint32
	}
	var groups []*group
	index := map[string]*group{}
	for _, s := range order {
		resource, _, err := w.c.SplitScope(s)
		if err != nil {
			return nil, err
		}
		g := index[resource]
		if g == nil {
			g = &group{fields: resource}
			index[resource] = g
			groups = append(groups, g)
		}
		g.scopes = append(g.scopes, s)
	}
	var mark, inner int
	for _, g := range groups {
		dst, mark = begin(dst, otlpwire.RequestResource)
		dst = append(dst, g.fields...)
		for _, s := range g.scopes {
			_, fields, err := w.c.SplitScope(s)
			if err != nil {
				return nil, err
			}
			dst, inner = begin(dst, otlpwire.GroupScopes)
			dst = append(dst, fields...)
			dst = w.records(dst, byScope[s])
			dst = end(dst, inner)
		}
		dst = end(dst, mark)
	}
	return dst, nil
}

// groupRows returns the given rows by scope, and the scopes in the order in
// which they first appear.
func (c *Chunk) groupRows(rows []uint32) (byScope map[uint32][]uint32, order []uint32) {
	scope := &c.Rows.Leaves[LeafScope]
	byScope = make(map[uint32][]uint32)
	n := len(rows)
	if rows == nil {
		n = c.Rows.N
	}
	for i := range n {
		row := uint32(i)
		if rows != nil {
			row = rows[i]
		}
		s := scope.Code(int(row))
		if byScope[s] == nil {
			order = append(order, s)
		}
		byScope[s] = append(byScope[s], row)
	}
	return byScope, order
}

func (w *writer) records(dst []byte, rows []uint32) []byte {
	if w.c.Signal == otlpwire.Metrics {
		return w.metricRecords(dst, rows)
	}
	var mark int
	for _, row := range rows {
		dst, mark = begin(dst, otlpwire.ScopeGroupRecords)
		if w.c.Signal == otlpwire.Traces {
			dst = w.span(dst, int(row))
		} else {
			dst = w.log(dst, int(row))
		}
		dst = end(dst, mark)
	}
	return dst
}

func appendUint64(dst []byte, v uint64) []byte { return binary.LittleEndian.AppendUint64(dst, v) }
