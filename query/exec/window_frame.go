package exec

import (
	"context"
	"math"
	"sort"

	"github.com/ttlog/ttlog/query/eval"
	"github.com/ttlog/ttlog/query/fn"
	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/types"
)

// framer finds the frames of a partition's rows.
type framer struct {
	frame plan.WindowFrame
	p     *fn.Partition
	key   *plan.SortKey // the first of the order, nil without one
}

// bounds returns where each row's frame begins, and ends before.
func (f *framer) bounds(ctx context.Context) (lo, hi []int, err error) {
	n := len(f.p.Rows)
	lo, hi = make([]int, n), make([]int, n)
	ends := make([]int, n) // of the rows that are equal to each in the order
	for i := n - 1; i >= 0; i-- {
		if ends[i] = i + 1; i+1 < n && f.p.Peers[i+1] == f.p.Peers[i] {
			ends[i] = ends[i+1]
		}
	}
	for i := range n {
		if err := eval.Interrupted(ctx, i); err != nil {
			return nil, nil, err
		}
		from, to := f.frame.From, f.frame.To
		switch {
		case from.Unbounded:
			lo[i] = 0
		case !f.frame.Range:
			lo[i] = clampRow(i, from.Distance.Int, n)
		case from.Distance.IsNull() || f.keyOf(i).IsNull():
			lo[i] = f.p.Peers[i]
		default:
			lo[i] = f.search(i, from.Distance, false)
		}
		switch {
		case to.Unbounded:
			hi[i] = n
		case !f.frame.Range:
			hi[i] = clampRow(i+1, to.Distance.Int, n)
		case to.Distance.IsNull() || f.keyOf(i).IsNull():
			hi[i] = ends[i]
		default:
			hi[i] = f.search(i, to.Distance, true)
		}
	}
	return lo, hi, nil
}

// clampRow returns row i moved by d, within [0, n].
func clampRow(i int, d int64, n int) int {
	return int(max(min(int64(i)+max(min(d, int64(n)), -int64(n)), int64(n)), 0))
}

func (f *framer) keyOf(i int) types.Value { return f.p.Key.At(int(f.p.Rows[i])) }

// search returns the first row whose key is not before that of row i moved by d;
// with behind, the first whose key is behind that. NULLs stand on their side.
func (f *framer) search(i int, d types.Value, behind bool) int {
	edge := moved(f.keyOf(i), d, f.key.Desc)
	return sort.Search(len(f.p.Rows), func(j int) bool {
		x := f.keyOf(j)
		if x.IsNull() {
			return !f.key.NullsFirst
		}
		c := types.Compare(x, edge)
		if f.key.Desc {
			c = -c
		}
		return c > 0 || !behind && c == 0
	})
}

// moved returns x + d, or x - d where the order is descending; what does not fit
// is the largest or least value.
func moved(x, d types.Value, desc bool) types.Value {
	if x.Type == types.Float || d.Type == types.Float {
		a, b := types.Convert(x, types.Float).Float(), types.Convert(d, types.Float).Float()
		if desc {
			b = -b
		}
		return types.NewFloat(a + b)
	}
	n, ok := types.AddInt(x.Int, d.Int)
	if desc {
		n, ok = types.SubInt(x.Int, d.Int)
	}
	switch {
	case ok:
	case d.Int < 0 != desc:
		n = math.MinInt64
	default:
		n = math.MaxInt64
	}
	return types.NewInt(x.Type, n)
}
