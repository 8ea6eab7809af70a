package exec

import (
	"context"
	"iter"
	"slices"

	"github.com/ttlog/ttlog/query/eval"
	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/types"
)

// unnestOp gives a row for each element of an array.
type unnestOp struct {
	in   Operator
	node *plan.Unnest
}

func (o *unnestOp) inputs() []Operator { return []Operator{o.in} }
func (o *unnestOp) describe() string   { return "Unnest into " + counted(len(o.node.Items), "column") }

func (o *unnestOp) morsels(ctx context.Context, x *Exec) iter.Seq2[morsel, error] {
	return mapped(o.in.morsels(ctx, x), func(m morsel) morsel { return &unnestMorsel{morsel: m, node: o.node} })
}

type unnestMorsel struct {
	morsel
	node *plan.Unnest
}

func (m *unnestMorsel) run(w *worker, emit func(*batch) error) error {
	base := uint64(0)
	return m.morsel.run(w, func(b *batch) error {
		src := &pickedFrame{f: b.f}
		return b.chunks(eval.ChunkRows, func(ev *eval.Evaluator, _ uint64) error {
			arrays := ev.Vec(m.node.Array)
			if ev.Err != nil {
				return ev.Err
			}
			u := m.unnested(src)
			flush := func() error {
				if len(u.rows) == 0 {
					return nil
				}
				f, first := u.frame(), base
				base += uint64(len(u.rows))
				u = m.unnested(src)
				if !ev.Spend(int(f.bytes)) {
					return ev.Err
				}
				return w.give(f, first, emit)
			}
			for i := range ev.Rows {
				if arrays.IsNull(i) {
					continue
				}
				if i%64 == 63 && ev.Stopped() {
					return ev.Err
				}
				err := jsonElements(arrays.Strs[arrays.Ix(i)], func(element string) error {
					u.add(ev.Chunk.Row(i), element)
					if len(u.rows) < w.size {
						return nil
					}
					return flush()
				})
				if err != nil {
					return err
				}
			}
			return flush()
		})
	})
}

func (m *unnestMorsel) unnested(src *pickedFrame) *unnested {
	items := m.node.Items
	return &unnested{
		left: src, width: len(m.node.Input.Schema()), items: items,
		nested: slices.ContainsFunc(items, func(c plan.ItemColumn) bool { return c.Nested }),
	}
}

// unnested is the elements of some rows' arrays.
type unnested struct {
	left   *pickedFrame
	width  int
	items  []plan.ItemColumn
	rows   []uint32      // of left
	nested bool          // an item is among the attributes
	vals   []types.Value // of all items, row by row
	bytes  int64
}

func (u *unnested) add(row uint32, element string) {
	u.rows = append(u.rows, row)
	at := len(u.vals)
	u.vals = append(u.vals, make([]types.Value, len(u.items))...)
	vals := u.vals[at:]
	object := false
	set := func(nested bool, key, value string) {
		for i, c := range u.items {
			if c.Nested == nested && c.Key == key {
				vals[i] = jsonValue(value, c.Type)
			}
		}
	}
	jsonMembers(element, func(key, value string) {
		object = true
		set(false, key, value)
		if key == "attributes" && u.nested {
			jsonMembers(value, func(key, value string) { set(true, key, value) })
		}
	})
	if !object {
		set(false, "value", element)
	}
	u.bytes += int64(32 * len(vals)) // strings are parts of the array
}

// frame returns the elements as rows.
func (u *unnested) frame() *unnestFrame {
	f := &unnestFrame{left: u.left, width: u.width, rows: u.rows, bytes: u.bytes + int64(8*len(u.rows))}
	for j, c := range u.items {
		v := eval.NewVec(c.Type, len(u.rows))
		for i := range u.rows {
			v.Set(i, u.vals[i*len(u.items)+j])
		}
		f.cols = append(f.cols, v)
	}
	return f
}

// unnestFrame is rows of a frame, each with an element.
type unnestFrame struct {
	left  *pickedFrame
	width int
	rows  []uint32
	cols  []*eval.Vec
	bytes int64
}

func (f *unnestFrame) Rows() int  { return len(f.rows) }
func (f *unnestFrame) Width() int { return f.width + len(f.cols) }

func (f *unnestFrame) Column(i int) (*eval.Encoded, error) {
	if i < f.width {
		return f.left.pick(i, f.rows)
	}
	return &eval.Encoded{Entries: f.cols[i-f.width]}, nil
}
