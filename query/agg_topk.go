package query

import (
	"cmp"
	"slices"
	"strconv"
	"time"
)

func topkAggregates() map[string]aggregate {
	return map[string]aggregate{
		"topk": {2, 2, func(b *typer, n *call, args []*expr) *aggCall {
			k := args[0]
			if !k.isConst() || k.typ != typeInt || k.val.n < 1 || k.val.n > maxTopK {
				b.fail(n.args[0].at(), "topk needs a constant number of values from 1 to %d", maxTopK)
			}
			zone := b.zoneOf(args[1])
			return &aggCall{typ: typeArray, args: args[1:], impl: func() accumulator { return &topkAcc{k: int(k.val.n), zone: zone} }}
		}},
	}
}

// topkAcc is topk(k, x): the k values that most rows have, counted exactly,
// as a JSON array of {"value":…,"count":…}.
type topkAcc struct {
	k      int
	zone   *time.Location
	groups []map[value]int64
	bytes  int64
}

func (a *topkAcc) grow(n int) { a.groups = growSlice(a.groups, n) }

func (a *topkAcc) put(g uint32, x value, n int64) {
	m := a.groups[g]
	if m == nil {
		m = map[value]int64{}
		a.groups[g] = m
		a.bytes += 48
	}
	x = wholeKey(x)
	if _, ok := m[x]; !ok {
		x = x.owned()
		a.bytes += 64 + int64(len(x.s))
	}
	m[x] += n
}

func (a *topkAcc) add(ev *eval, args []*expr, gids []uint32, _ uint64) {
	v := ev.vec(args[0])
	for i := range ev.n {
		if x := v.at(i); !x.isNull() {
			a.put(group(gids, i), x, 1)
		}
	}
}

func (a *topkAcc) merge(from accumulator, to []uint32) {
	for i, m := range from.(*topkAcc).groups {
		for x, n := range m {
			a.put(to[i], x, n)
		}
	}
}

func (a *topkAcc) result() (*vec, error) {
	type entry struct {
		x value
		n int64
	}
	out := newVec(typeArray, len(a.groups))
	for i, m := range a.groups {
		list := make([]entry, 0, len(m))
		for x, n := range m {
			list = append(list, entry{x, n})
		}
		slices.SortFunc(list, func(a, b entry) int {
			return cmp.Or(cmp.Compare(b.n, a.n), compareValues(a.x, b.x))
		})
		buf := []byte{'['}
		for j, e := range list[:min(a.k, len(list))] {
			if j > 0 {
				buf = append(buf, ',')
			}
			buf = append(buf, `{"value":`...)
			buf = appendValueJSON(buf, e.x, a.zone)
			buf = append(buf, `,"count":`...)
			buf = strconv.AppendInt(buf, e.n, 10)
			buf = append(buf, '}')
		}
		out.strs[i] = string(append(buf, ']'))
	}
	return out, nil
}

func (a *topkAcc) size() int64 { return a.bytes + int64(cap(a.groups))*8 }
