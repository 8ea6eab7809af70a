package part

import "github.com/ttlog/ttlog/storage/internal/table"

// The items of a list stand one after the other, for all rows: where those of a
// row begin is the sum of the counts before it. The head of counts that are cut
// into pages has the sum of each page, so that the counts of few pages are read
// to find the items of few rows.

// counts prepares the item counts of a list of n rows for reading.
func (s source) counts(list *table.List, d *leafDir, n int) {
	l, items := &list.Counts, list.Items.N
	if p := s.leaf(l, d, n); p != nil && s.p.footer.version > 3 {
		p.totals = true
		list.Locate = func(to *table.Leaf, at []uint32) (starts []uint32, err error) {
			starts, err = p.locate(to, at, items)
			return starts, p.all(to, columnError(d, err))
		}
	}
	load := l.Load
	l.Load = func(l *table.Leaf) error {
		if load != nil {
			if err := load(l); err != nil {
				return err
			}
			if l.IsLost() {
				l.LoseAll(l.Damage()) // where the other lists begin depends on each
				return nil
			}
		}
		if sum, ok := sumOf(l.Ints, items); !ok || sum != items {
			return corruptf("list counts at byte %d add up to %d, not %d items", d.ref.off, sum, items)
		}
		return nil
	}
}

// sumOf returns the sum of counts; ok is false where one is negative or the sum
// is beyond most.
func sumOf(counts []int64, most int) (sum int, ok bool) {
	for _, v := range counts {
		if v < 0 || v > int64(most-sum) {
			return sum, false
		}
		sum += int(v)
	}
	return sum, true
}

// locate makes to the counts of some rows, which rise, and returns where their
// items begin.
func (p *pagedLeaf) locate(to *table.Leaf, at []uint32, items int) (starts []uint32, err error) {
	h, err := p.open()
	if err != nil {
		return nil, err
	}
	before := make([]int64, len(h.list)+1) // items before each page
	for i := range h.list {
		before[i+1] = before[i] + h.list[i].total
	}
	if all := before[len(h.list)]; all != int64(items) {
		return nil, corruptf("pages of list counts add up to %d, not %d items", all, items)
	}
	starts, to.Ints = make([]uint32, 0, len(at)), make([]int64, 0, len(at))
	var counts []int64
	err = p.eachPage(at, func(i int, at []uint32) error {
		b, err := p.value(&h.list[i])
		if err == nil {
			counts, err = h.appendInts(counts[:0], b, i)
		}
		if err != nil {
			return err
		}
		if sum, ok := sumOf(counts, items); !ok || int64(sum) != h.list[i].total {
			return corruptf("list counts of page %d add up to %d, its head says %d", i, sum, h.list[i].total)
		}
		start, row := before[i], i*h.size
		for _, k := range at {
			for ; row < int(k); row++ {
				start += counts[row-i*h.size]
			}
			starts, to.Ints = append(starts, uint32(start)), append(to.Ints, counts[row-i*h.size])
		}
		return nil
	}, func(n int, why error) {
		to.Lose(len(starts), len(starts)+n, why)
		starts, to.Ints = append(starts, make([]uint32, n)...), append(to.Ints, make([]int64, n)...)
	})
	return append(starts, make([]uint32, len(at)-len(starts))...), err
}
