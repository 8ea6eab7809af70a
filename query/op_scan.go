package query

import (
	"sort"
	"time"

	"github.com/ttlog/ttlog/storage/column"
)

// blockFrame is a block of a scan with the plan's columns.
type blockFrame struct {
	blk  column.Block
	cols []inputCol
}

func (f *blockFrame) rows() int { return f.blk.Rows() }

func (f *blockFrame) column(i int) (*encoded, error) {
	e, err := f.decode(i)
	if err == nil && e.object == nil {
		e.bytes = e.size()
	}
	return e, err
}

func (f *blockFrame) decode(i int) (*encoded, error) {
	c := f.cols[i]
	if c.object {
		return f.object(c.place)
	}
	var found []*column.Vector
	for _, r := range c.refs {
		v, err := f.blk.Vector(r)
		if err != nil {
			return nil, err
		}
		if v != nil {
			found = append(found, v)
		}
	}
	switch len(found) {
	case 0:
		return encode(nil, f.rows(), c.typ)
	case 1:
		return encode(found[0], f.rows(), c.typ)
	}
	return f.merge(found, c.typ)
}

// merge takes from each row the first of several columns that has a value.
func (f *blockFrame) merge(found []*column.Vector, t Type) (*encoded, error) {
	n := f.rows()
	out := newVec(t, n)
	done := make([]bool, n)
	for _, v := range found {
		dense, err := f.dense(v)
		if err != nil {
			return nil, err
		}
		for i := range n {
			if !done[i] && !dense.isNull(i) {
				out.set(i, convertValue(dense.at(i), t))
				done[i] = true
			}
		}
	}
	for i, ok := range done {
		if !ok {
			out.setNull(i)
		}
	}
	return &encoded{entries: out}, nil
}

// dense decodes a vector to one value a row.
func (f *blockFrame) dense(v *column.Vector) (*vec, error) {
	e, err := encode(v, f.rows(), v.Type)
	if err != nil || e.flat() {
		return e.entries, err
	}
	return e.entries.gather(e.positions(nil, &chunk{n: f.rows()})), nil
}

// object builds the JSON object of all attributes of a place in each row,
// its keys sorted. A key with two types in a row is there twice, as it was
// recorded.
func (f *blockFrame) object(place column.Place) (*encoded, error) {
	var refs []column.Ref
	for _, r := range f.blk.Columns() {
		if r.Place == place && r.Type != typeNull {
			refs = append(refs, r)
		}
	}
	sort.Slice(refs, func(i, j int) bool {
		if refs[i].Name != refs[j].Name {
			return refs[i].Name < refs[j].Name
		}
		return refs[i].Type < refs[j].Type
	})
	o, bytes := &objectBuilder{}, int64(0)
	for _, r := range refs {
		v, err := f.blk.Vector(r)
		if err != nil {
			return nil, err
		}
		if v == nil {
			continue
		}
		e, err := encode(v, f.rows(), v.Type)
		if err != nil {
			return nil, err
		}
		o.parts = append(o.parts, e)
		bytes += e.size()
		o.keys = append(o.keys, string(appendStringJSON(nil, r.Name))+":")
	}
	return &encoded{entries: &vec{typ: typeMap, n: f.rows()}, object: o, bytes: bytes}, nil
}

// objectBuilder writes the object of a row when it is asked for: most rows of
// a block are not.
type objectBuilder struct {
	keys  []string
	parts []*encoded
}

// build writes the objects of the chunk's rows.
func (o *objectBuilder) build(ev *eval, c *chunk) *vec {
	out := newVec(typeMap, c.n)
	pos := make([][]uint32, len(o.parts))
	for j, p := range o.parts {
		if !p.flat() {
			pos[j] = p.positions(make([]uint32, 0, c.n), c)
		}
	}
	var buf []byte
	for i := range c.n {
		buf = append(buf[:0], '{')
		for j, p := range o.parts {
			entry := c.row(i)
			if pos[j] != nil {
				entry = pos[j][i]
			}
			v := p.entries.at(int(entry))
			if v.isNull() {
				continue
			}
			if len(buf) > 1 {
				buf = append(buf, ',')
			}
			buf = append(buf, o.keys[j]...)
			buf = appendValueJSON(buf, v, time.UTC)
		}
		buf = append(buf, '}')
		if !ev.spend(len(buf)) {
			return constVec(typeMap, value{}, c.n)
		}
		out.strs[i] = string(buf)
	}
	return out
}
