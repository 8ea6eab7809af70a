package query

import (
	"cmp"
	"container/heap"
	"math"
	"slices"
)

// topN keeps the first n rows of an order, those of one worker. Rows that are
// equal in all keys stay in the order of the scan.
type topN struct {
	n    int
	keys []sortKey
	out  []*expr
	acct account

	rows  []*topRow // a heap with the last row on top, once there are n
	heap  bool
	bytes int64
	fresh []*topRow // of the chunk, their values not computed yet
}

type topRow struct {
	keys, vals []value
	seq        uint64
	row        uint32 // of the frame
	dropped    bool
}

func newTopN(n int64, keys []sortKey, out []*expr, b *budget) *topN {
	return &topN{n: int(min(n, math.MaxInt32)), keys: keys, out: out, acct: account{b: b, stage: "ORDER BY"}}
}

// compareKey orders two values of key k.
func compareKey(k *sortKey, a, b value) int {
	an, bn := a.isNull(), b.isNull()
	if an || bn {
		switch {
		case an && bn:
			return 0
		case an == k.nullsFirst:
			return -1
		}
		return 1
	}
	c := compareValues(a, b)
	if k.desc {
		return -c
	}
	return c
}

func (t *topN) compare(a, b *topRow) int {
	for i := range t.keys {
		if c := compareKey(&t.keys[i], a.keys[i], b.keys[i]); c != 0 {
			return c
		}
	}
	return cmp.Compare(a.seq, b.seq)
}

// Len, Less, Swap, Push and Pop make the rows a heap.
func (t *topN) Len() int           { return len(t.rows) }
func (t *topN) Less(i, j int) bool { return t.compare(t.rows[i], t.rows[j]) > 0 }
func (t *topN) Swap(i, j int)      { t.rows[i], t.rows[j] = t.rows[j], t.rows[i] }
func (t *topN) Push(any)           {}
func (t *topN) Pop() any           { return nil }

// add takes the rows of ev's chunk.
func (t *topN) add(ev *eval, seq uint64) error {
	if t.n == 0 {
		return nil
	}
	keys := make([]*vec, len(t.keys))
	for i, k := range t.keys {
		keys[i] = ev.vec(k.e)
	}
	if ev.err != nil {
		return ev.err
	}
	t.fresh = t.fresh[:0]
	for i := range ev.n {
		if len(t.rows) == t.n && !t.beats(keys, i, seq+uint64(i)) {
			continue
		}
		r := &topRow{keys: make([]value, len(keys)), seq: seq + uint64(i), row: ev.c.row(i)}
		for j, k := range keys {
			r.keys[j] = k.at(i).owned()
		}
		t.put(r)
	}
	return t.fill(ev)
}

// beats reports whether row i belongs before the last of the rows kept.
func (t *topN) beats(keys []*vec, i int, seq uint64) bool {
	last := t.rows[0]
	for j, k := range keys {
		if c := compareKey(&t.keys[j], k.at(i), last.keys[j]); c != 0 {
			return c < 0
		}
	}
	return seq < last.seq
}

func (t *topN) put(r *topRow) {
	t.fresh = append(t.fresh, r)
	t.bytes += r.size()
	if len(t.rows) < t.n {
		t.rows = append(t.rows, r)
		if len(t.rows) == t.n {
			heap.Init(t)
			t.heap = true
		}
		return
	}
	if t.compare(r, t.rows[0]) > 0 {
		r.dropped = true
		t.bytes -= r.size()
		return
	}
	t.rows[0].dropped = true
	t.bytes -= t.rows[0].size()
	t.rows[0] = r
	heap.Fix(t, 0)
}

func (r *topRow) size() int64 {
	n := int64(96 + 32*(len(r.keys)+len(r.vals)))
	for _, v := range r.keys {
		n += int64(len(v.s))
	}
	for _, v := range r.vals {
		n += int64(len(v.s))
	}
	return n
}

// fill computes the output of the rows of the chunk that are still kept.
func (t *topN) fill(ev *eval) error {
	t.fresh = slices.DeleteFunc(t.fresh, func(r *topRow) bool { return r.dropped })
	if len(t.fresh) == 0 {
		return nil
	}
	c := chunk{sel: make([]uint32, len(t.fresh)), n: len(t.fresh)}
	for i, r := range t.fresh {
		c.sel[i] = r.row
		r.vals = make([]value, len(t.out))
	}
	ev.chunk(c)
	for j, e := range t.out {
		v := ev.vec(e)
		if ev.err != nil {
			return ev.err
		}
		for i, r := range t.fresh {
			r.vals[j] = v.at(i).owned()
			t.bytes += 32 + int64(len(r.vals[j].s))
		}
	}
	return t.acct.set(t.bytes)
}

// sorted merges the rows of all workers, and returns those from offset on.
func sortedRows(parts []*topN, n, offset int64) []*topRow {
	var rows []*topRow
	var t *topN
	for _, p := range parts {
		if p != nil {
			rows, t = append(rows, p.rows...), p
		}
	}
	if t == nil {
		return nil
	}
	slices.SortFunc(rows, t.compare)
	rows = rows[:min(int64(len(rows)), n)]
	return rows[min(int64(len(rows)), offset):]
}
