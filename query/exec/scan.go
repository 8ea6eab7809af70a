package exec

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/ttlog/ttlog/query/eval"
	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/types"
	"github.com/ttlog/ttlog/storage/column"
)

// scanOp reads a table, a morsel for each block.
type scanOp struct {
	node *plan.Scan
	top  *topBound          // of all rows only the first of an order are wanted
	scan Scan               // set when the scan has begun
	told []column.Predicate // by a join, before the scan begins
	kept selections
}

func (o *scanOp) inputs() []Operator { return nil }
func (o *scanOp) describe() string {
	return "Scan " + o.node.Table + ", " + counted(len(o.node.Cols), "column")
}

// notes tells what the scan left out.
func (o *scanOp) notes() []string {
	if o.scan == nil {
		return nil
	}
	s := o.scan.Stats()
	notes := []string{fmt.Sprintf("parts %d, pruned %d, rows scanned %d, bytes read %d", s.PartsTotal, s.PartsPruned, s.RowsScanned, s.BytesRead)}
	var out []string
	for _, l := range s.LeftOut {
		out = append(out, fmt.Sprintf("%d by %s", l.Groups, l.Index))
	}
	if o.top != nil && o.top.skipped.Load() > 0 {
		out = append(out, fmt.Sprintf("%d by order of time", o.top.skipped.Load()))
	}
	if n := o.kept.asked.Load(); n > 0 {
		notes = append(notes, fmt.Sprintf("%d selections of rows of %d were kept", o.kept.met.Load(), n))
	}
	if len(out) > 0 {
		notes = append(notes, "row groups left out: "+strings.Join(out, ", "))
	}
	if s.PagesPassed > 0 {
		notes = append(notes, fmt.Sprintf("pages of dictionaries left out by filters: %d", s.PagesPassed))
	}
	return notes
}

func (o *scanOp) morsels(ctx context.Context, x *Exec) iter.Seq2[morsel, error] {
	return func(yield func(morsel, error) bool) {
		n := o.node
		where := slices.Concat(n.Where, o.told)
		scan, err := x.openScan(ctx, ScanRequest{Signal: n.Signal, From: n.From, To: n.To, Where: where, Ended: x.Ended})
		if err != nil {
			yield(nil, err)
			return
		}
		o.scan = scan
		for b, err := range o.top.blocks(scan.Blocks()) {
			if err != nil {
				yield(nil, fmt.Errorf("query: scan of %s: %w", n.Signal, err))
				return
			}
			m := &blockMorsel{f: &blockFrame{blk: b.Block, cols: n.Cols}, where: where, conds: n.Conds, top: o.top, base: b.base}
			if len(where) > 0 {
				m.kept = x.selectionsOf(b.Block, &o.kept)
			}
			if !yield(m, nil) {
				return
			}
		}
	}
}

// tell says that no rows are wanted but those with one of the values in column i.
// It returns what the scan looks for, "" for nothing.
func (o *scanOp) tell(i int, l *toldValues) string {
	c := o.node.Cols[i]
	if len(c.Refs) != 1 || c.Object || types.IsEnum(c.Type) {
		return ""
	}
	add := func(op column.Op, values ...types.Value) bool {
		p := column.Predicate{Ref: c.Refs[0], Op: op}
		for _, v := range values {
			if v.Type != c.Refs[0].Type || v.Type == types.Float {
				return false
			}
			p.Values = append(p.Values, column.Value{Type: v.Type, Int: v.Int, Str: v.Str})
		}
		o.told = append(o.told, p)
		return true
	}
	switch {
	case len(l.values) > 0:
		if add(column.In, slices.SortedFunc(maps.Keys(l.values), types.Compare)...) {
			return counted(len(l.values), "value") + " of " + c.Name
		}
	case !l.low.IsNull():
		if add(column.Ge, l.low) && add(column.Le, l.high) {
			return "the range of " + c.Name
		}
	}
	return ""
}

// rowOp is one row without columns.
type rowOp struct{}

func (rowOp) inputs() []Operator { return nil }
func (rowOp) describe() string   { return "Row" }

func (rowOp) morsels(context.Context, *Exec) iter.Seq2[morsel, error] {
	return func(yield func(morsel, error) bool) { yield(&frameMorsel{f: &eval.VecFrame{Len: 1}}, nil) }
}

// blockFrame is a block of a scan with the plan's columns.
type blockFrame struct {
	blk  column.Block
	cols []plan.ScanColumn
}

func (f *blockFrame) Rows() int  { return f.blk.Rows() }
func (f *blockFrame) Width() int { return len(f.cols) }

func (f *blockFrame) Column(i int) (*eval.Encoded, error) {
	e, err := f.decode(i)
	if err == nil && e.Object == nil {
		e.Bytes = e.Size() * 3 / 2 // the block keeps the column as it was stored, too
	}
	return e, err
}

func (f *blockFrame) decode(i int) (*eval.Encoded, error) {
	c := f.cols[i]
	if c.Object {
		return f.object(c.Place)
	}
	var found []*column.Vector
	for _, r := range c.Refs {
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
		return eval.Encode(nil, f.Rows(), c.Type)
	case 1:
		return eval.Encode(found[0], f.Rows(), c.Type)
	}
	return f.merge(found, c.Type)
}

// merge takes from each row the first of several columns that has a value.
func (f *blockFrame) merge(found []*column.Vector, t types.Type) (*eval.Encoded, error) {
	n := f.Rows()
	out := eval.NewVec(t, n)
	done := make([]bool, n)
	for _, v := range found {
		dense, err := f.dense(v)
		if err != nil {
			return nil, err
		}
		for i := range n {
			if !done[i] && !dense.IsNull(i) {
				out.Set(i, types.Convert(dense.At(i), t))
				done[i] = true
			}
		}
	}
	for i, ok := range done {
		if !ok {
			out.SetNull(i)
		}
	}
	return &eval.Encoded{Entries: out}, nil
}

// dense decodes a vector to one value a row.
func (f *blockFrame) dense(v *column.Vector) (*eval.Vec, error) {
	e, err := eval.Encode(v, f.Rows(), v.Type)
	if err != nil || e.Flat() {
		return e.Entries, err
	}
	return e.Entries.Gather(e.Positions(nil, &eval.Chunk{Len: f.Rows()})), nil
}

// object builds the JSON object of all attributes of a place in each row, its
// keys sorted.
func (f *blockFrame) object(place column.Place) (*eval.Encoded, error) {
	attrs, err := f.blk.Attributes(place)
	if err != nil {
		return nil, err
	}
	return &eval.Encoded{Entries: &eval.Vec{Type: types.Map, Len: f.Rows()}, Object: &eval.ObjectBuilder{Attrs: attrs}, Bytes: attrs.Bytes()}, nil
}
