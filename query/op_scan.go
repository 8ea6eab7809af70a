package query

import (
	"context"
	"fmt"
	"iter"

	"github.com/ttlog/ttlog/storage/column"
)

// scanOp reads a table, a morsel for each block.
type scanOp struct {
	node *scanNode
	scan Scan // set when the scan has begun
}

func (o *scanOp) inputs() []operator { return nil }
func (o *scanOp) describe() string {
	return "Scan " + o.node.table + ", " + counted(len(o.node.cols), "column")
}

// notes tells what the scan left out.
func (o *scanOp) notes() []string {
	if o.scan == nil {
		return nil
	}
	s := o.scan.Stats()
	return []string{fmt.Sprintf("parts %d, pruned %d, rows scanned %d, bytes read %d", s.PartsTotal, s.PartsPruned, s.RowsScanned, s.BytesRead)}
}

func (o *scanOp) morsels(ctx context.Context, x *exec) iter.Seq2[morsel, error] {
	return func(yield func(morsel, error) bool) {
		n := o.node
		scan, err := x.open(ctx, ScanRequest{Signal: n.sig, From: n.from, To: n.to, Where: n.where})
		if err != nil {
			yield(nil, err)
			return
		}
		o.scan = scan
		for blk, err := range scan.Blocks() {
			if err != nil {
				yield(nil, fmt.Errorf("query: scan of %s: %w", n.sig, err))
				return
			}
			if !yield(&frameMorsel{f: &blockFrame{blk: blk, cols: n.cols}}, nil) {
				return
			}
		}
	}
}

// rowOp is one row without columns.
type rowOp struct{}

func (rowOp) inputs() []operator { return nil }
func (rowOp) describe() string   { return "Row" }

func (rowOp) morsels(context.Context, *exec) iter.Seq2[morsel, error] {
	return func(yield func(morsel, error) bool) { yield(&frameMorsel{f: &vecFrame{n: 1}}, nil) }
}

// blockFrame is a block of a scan with the plan's columns.
type blockFrame struct {
	blk  column.Block
	cols []inputCol
}

func (f *blockFrame) rows() int  { return f.blk.Rows() }
func (f *blockFrame) width() int { return len(f.cols) }

func (f *blockFrame) column(i int) (*encoded, error) {
	e, err := f.decode(i)
	if err == nil && e.object == nil {
		e.bytes = e.size() * 3 / 2 // the block keeps the column as it was stored, too
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

// object builds the JSON object of all attributes of a place in each row, its
// keys sorted.
func (f *blockFrame) object(place column.Place) (*encoded, error) {
	attrs, err := f.blk.Attributes(place)
	if err != nil {
		return nil, err
	}
	return &encoded{entries: &vec{typ: typeMap, n: f.rows()}, object: &objectBuilder{attrs: attrs}, bytes: attrs.Bytes()}, nil
}
