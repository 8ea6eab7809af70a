package query

import (
	"time"

	"github.com/ttlog/ttlog/storage/column"
)

// objectBuilder writes the object of a row when it is asked for: most rows of
// a block are not.
type objectBuilder struct {
	attrs column.Attributes
	row   []column.Attribute // reused
}

// build writes the objects of the chunk's rows.
func (o *objectBuilder) build(ev *eval, c *chunk) *vec {
	out := newVec(typeMap, c.n)
	before := o.attrs.Bytes()
	var buf []byte
	for i := range c.n {
		if held := o.attrs.Bytes(); held != before { // columns that were not there yet
			ev.decoded += held - before
			before = held
			ev.account(accountGrain)
		}
		var err error
		if o.row, err = o.attrs.Append(o.row[:0], int(c.row(i))); err != nil {
			if ev.err == nil {
				ev.err = err
			}
			return constVec(typeMap, value{}, c.n)
		}
		buf = append(buf[:0], '{')
		for j := range o.row {
			a := &o.row[j]
			if j > 0 {
				buf = append(buf, ',')
			}
			buf = append(appendStringJSON(buf, a.Key), ':')
			buf = appendValueJSON(buf, constantValue(a.Value), time.UTC)
		}
		buf = append(buf, '}')
		if !ev.spend(len(buf)) {
			return constVec(typeMap, value{}, c.n)
		}
		out.strs[i] = string(buf)
	}
	return out
}
