package exec

import (
	"cmp"
	"context"
	"iter"
	"math"
	"slices"

	"github.com/ttlog/ttlog/query/eval"
	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/types"
)

// fillOp adds the buckets of time that have no rows.
type fillOp struct {
	in   Operator
	node *plan.TimeFill
}

func (o *fillOp) inputs() []Operator { return []Operator{o.in} }
func (o *fillOp) breaks()            {}
func (o *fillOp) describe() string   { return o.node.Describe() }

func (o *fillOp) morsels(ctx context.Context, x *Exec) iter.Seq2[morsel, error] {
	return serialMorsels(ctx, x, o)
}

// maxFilled is how many rows a query may be filled up to.
const maxFilled = 5_000_000

func (o *fillOp) rows(ctx context.Context, x *Exec, emit func([]*eval.Vec, int) error) error {
	t, err := x.gather(ctx, o.in, "FILL", allColumns(o.node.Input))
	if err != nil {
		return err
	}
	defer t.close()
	n := o.node
	at := t.cols[n.Bucket]
	groups, err := o.combinations(ctx, t)
	if err != nil {
		return err
	}
	from, to, ok := o.span(at)
	for _, rows := range groups {
		list := rows
		if ok {
			if list, err = o.filled(at, rows, from, to); err != nil {
				return err
			}
		}
		for lo := 0; lo < len(list); lo += eval.ChunkRows {
			if err := ctx.Err(); err != nil {
				return err
			}
			hi := min(lo+eval.ChunkRows, len(list))
			cols := make([]*eval.Vec, len(t.cols))
			for j := range cols {
				cols[j] = o.column(t, j, rows, list, lo, hi, from)
			}
			if err := emit(cols, hi-lo); err != nil {
				return err
			}
		}
	}
	return nil
}

// combinations returns the rows of each combination of the other keys, in order of
// time.
func (o *fillOp) combinations(ctx context.Context, t *table) (groups [][]int, err error) {
	var others []*eval.Interner
	for range o.node.Keys {
		others = append(others, eval.NewInterner(types.Any))
	}
	index := map[string]int{}
	var key []byte
	for i := range t.n {
		if err := eval.Interrupted(ctx, i); err != nil {
			return nil, err
		}
		key = key[:0]
		for j, in := range others {
			if j != o.node.Bucket {
				id := in.ID(t.cols[j].At(i))
				key = append(key, byte(id), byte(id>>8), byte(id>>16), byte(id>>24))
			}
		}
		g, ok := index[string(key)]
		if !ok {
			g = len(groups)
			index[string(key)] = g
			groups = append(groups, nil)
		}
		groups[g] = append(groups[g], i)
	}
	at := t.cols[o.node.Bucket]
	for _, rows := range groups {
		err := eval.SortUntil(ctx, rows, func(a, b int) int {
			return cmp.Or(CompareKey(&plan.SortKey{}, at.At(a), at.At(b)), cmp.Compare(a, b))
		})
		if err != nil {
			return nil, err
		}
	}
	return groups, nil
}

// span returns the first bucket to fill, and the end of the last.
func (o *fillOp) span(at *eval.Vec) (from, to int64, ok bool) {
	for i := range at.Len {
		if v := at.At(i); !v.IsNull() {
			if !ok {
				from, to, ok = v.Int, v.Int, true
			}
			from, to = min(from, v.Int), max(to, v.Int)
		}
	}
	n := o.node
	if ok && n.From != 0 && n.From < from {
		from -= (from - n.From + n.Width - 1) / n.Width * n.Width
	}
	if to += n.Width; ok && n.To > to {
		to += (n.To - to + n.Width - 1) / n.Width * n.Width
	}
	return from, to, ok
}

// filled returns the rows with -1-k for bucket k from from on where there is none.
func (o *fillOp) filled(at *eval.Vec, rows []int, from, to int64) ([]int, error) {
	count := (to - from) / o.node.Width
	if count < 0 || count > maxFilled {
		return nil, plan.LimitError("FILL would give more than %d rows; take wider buckets or less time", maxFilled)
	}
	list, next := make([]int, 0, int(count)+1), 0
	for k := range count {
		bucket := from + k*o.node.Width
		found := false
		for next < len(rows) && !at.IsNull(rows[next]) && at.At(rows[next]).Int <= bucket {
			list, found = append(list, rows[next]), true
			next++
		}
		if !found {
			list = append(list, -1-int(k))
		}
	}
	return append(list, rows[next:]...), nil // those without a time
}

// column returns rows [lo, hi) of a combination's list in column j.
func (o *fillOp) column(t *table, j int, rows, list []int, lo, hi int, from int64) *eval.Vec {
	n, v := o.node, t.cols[j]
	out := eval.NewVec(v.Type, hi-lo)
	for i := range hi - lo {
		row := list[lo+i]
		switch {
		case row >= 0:
			out.Set(i, v.At(row))
		case j == n.Bucket:
			out.Set(i, types.NewInt(types.Time, from+int64(-1-row)*n.Width))
		case j < n.Keys:
			out.Set(i, v.At(rows[0]))
		default:
			out.Set(i, o.value(t, j, rows, from+int64(-1-row)*n.Width))
		}
	}
	return out
}

// value returns what column j has in a bucket without rows.
func (o *fillOp) value(t *table, j int, rows []int, bucket int64) types.Value {
	v, at := t.cols[j], t.cols[o.node.Bucket]
	if o.node.Mode == plan.FillValue {
		return o.node.ValueOf(v.Type)
	}
	behind, _ := slices.BinarySearchFunc(rows, bucket, func(row int, b int64) int {
		if at.IsNull(row) {
			return 1
		}
		return cmp.Compare(at.At(row).Int, b)
	})
	before := behind - 1
	for before >= 0 && v.IsNull(rows[before]) {
		before--
	}
	if before < 0 {
		return types.Value{}
	}
	x := v.At(rows[before])
	if o.node.Mode == plan.FillPrevious {
		return x
	}
	for behind < len(rows) && (v.IsNull(rows[behind]) || at.IsNull(rows[behind])) {
		behind++
	}
	if behind == len(rows) || !types.IsNumeric(v.Type) {
		return types.Value{}
	}
	y := v.At(rows[behind])
	a, b := types.Convert(x, types.Float).Float(), types.Convert(y, types.Float).Float()
	first, last := at.At(rows[before]).Int, at.At(rows[behind]).Int
	f := a + (b-a)*float64(bucket-first)/float64(last-first)
	if v.Type == types.Float {
		return types.NewFloat(f)
	}
	return types.NewInt(v.Type, int64(math.Round(f)))
}
