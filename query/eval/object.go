package eval

import (
	"time"

	"github.com/ttlog/ttlog/query/types"
	"github.com/ttlog/ttlog/storage/column"
)

// ObjectBuilder writes the object of a row when it is asked for: most rows of
// a block are not.
type ObjectBuilder struct {
	Attrs column.Attributes
	row   []column.Attribute // reused
}

// build writes the objects of the chunk's rows.
func (o *ObjectBuilder) build(ev *Evaluator, c *Chunk) *Vec {
	out := NewVec(types.Map, c.Len)
	before := o.Attrs.Bytes()
	var buf []byte
	for i := range c.Len {
		if i%64 == 63 && ev.Stopped() {
			return constVec(types.Map, types.Value{}, c.Len)
		}
		if held := o.Attrs.Bytes(); held != before { // columns that were not there yet
			ev.Decoded += held - before
			before = held
			ev.Account(AccountGrain)
		}
		var err error
		if o.row, err = o.Attrs.Append(o.row[:0], int(c.Row(i))); err != nil {
			if ev.Err == nil {
				ev.Err = err
			}
			return constVec(types.Map, types.Value{}, c.Len)
		}
		buf = append(buf[:0], '{')
		for j := range o.row {
			a := &o.row[j]
			if j > 0 {
				buf = append(buf, ',')
			}
			buf = append(types.AppendStringJSON(buf, a.Key), ':')
			buf = types.AppendValueJSON(buf, types.FromStore(a.Value), time.UTC)
		}
		buf = append(buf, '}')
		if !ev.Spend(len(buf)) {
			return constVec(types.Map, types.Value{}, c.Len)
		}
		out.Strs[i] = string(buf)
	}
	return out
}
