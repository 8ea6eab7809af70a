package fn

import (
	"cmp"
	"context"
	"strconv"
	"time"

	"github.com/ttlog/ttlog/query/eval"
	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/types"
)

func topkAggregates() map[string]Aggregate {
	return map[string]Aggregate{
		"topk": {2, 2, func(b *Typer, n *Call, args []*plan.Expr) *plan.AggCall {
			k := args[0]
			if !k.IsConst() || k.Type != types.Int || k.Value.Int < 1 || k.Value.Int > maxTopK {
				b.Fail(n.Args[0].At(), "topk needs a constant number of values from 1 to %d", maxTopK)
			}
			zone := b.zoneOf(args[1])
			return &plan.AggCall{Type: types.Array, Args: args[1:], Impl: func() Accumulator { return &topkAcc{k: int(k.Value.Int), zone: zone} }}
		}},
	}
}

// topkAcc is topk(k, x): the k values that most rows have, counted exactly,
// as a JSON array of {"value":…,"count":…}.
type topkAcc struct {
	k      int
	zone   *time.Location
	groups []map[types.Value]int64
	bytes  int64
}

func (a *topkAcc) Grow(n int) { a.groups = eval.Grow(a.groups, n) }

func (a *topkAcc) put(g uint32, x types.Value, n int64) {
	m := a.groups[g]
	if m == nil {
		m = map[types.Value]int64{}
		a.groups[g] = m
		a.bytes += 48
	}
	x = types.WholeKey(x)
	if _, ok := m[x]; !ok {
		x = x.Owned()
		a.bytes += 64 + int64(len(x.Str))
	}
	m[x] += n
}

func (a *topkAcc) Add(ev *eval.Evaluator, args []*plan.Expr, gids []uint32, _ uint64) {
	v := ev.Vec(args[0])
	for i := range ev.Rows {
		if x := v.At(i); !x.IsNull() {
			a.put(group(gids, i), x, 1)
		}
	}
}

func (a *topkAcc) Merge(ctx context.Context, from Accumulator, to []uint32) error {
	watch := eval.NewWatch(ctx)
	for i, m := range from.(*topkAcc).groups {
		for x, n := range m {
			if err := watch.Spent(4); err != nil {
				return err
			}
			a.put(to[i], x, n)
		}
	}
	return nil
}

func (a *topkAcc) Result(ctx context.Context) (*eval.Vec, error) {
	type entry struct {
		x types.Value
		n int64
	}
	out := eval.NewVec(types.Array, len(a.groups))
	watch := eval.NewWatch(ctx)
	for i, m := range a.groups {
		if err := watch.Spent(64); err != nil {
			return nil, err
		}
		list := make([]entry, 0, len(m))
		for x, n := range m {
			if err := watch.Spent(4); err != nil {
				return nil, err
			}
			list = append(list, entry{x, n})
		}
		err := eval.SortUntil(ctx, list, func(a, b entry) int {
			return cmp.Or(cmp.Compare(b.n, a.n), types.Compare(a.x, b.x))
		})
		if err != nil {
			return nil, err
		}
		buf := []byte{'['}
		for j, e := range list[:min(a.k, len(list))] {
			if j > 0 {
				buf = append(buf, ',')
			}
			buf = append(buf, `{"value":`...)
			buf = types.AppendValueJSON(buf, e.x, a.zone)
			buf = append(buf, `,"count":`...)
			buf = strconv.AppendInt(buf, e.n, 10)
			buf = append(buf, '}')
		}
		out.Strs[i] = string(append(buf, ']'))
	}
	return out, nil
}

func (a *topkAcc) Size() int64 { return a.bytes + int64(cap(a.groups))*8 }
