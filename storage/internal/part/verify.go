package part

import (
	"fmt"
	"slices"

	"github.com/cespare/xxhash/v2"

	"github.com/ttlog/ttlog/storage/internal/table"
)

// Verify reads the whole part and checks every checksum, every value that
// refers to another, and that the footer tells the truth.
func (p *Part) Verify() error {
	s := source{p: p}
	for i := range p.footer.groups {
		g := &p.footer.groups[i]
		if err := s.verify(g); err != nil {
			return fmt.Errorf("part: row group %d: %w", i, err)
		}
	}
	return nil
}

// verifyFilter checks that the trace filter passes all ids of the rows.
func (s source) verifyFilter(g *rowGroup, c *table.Chunk) error {
	var filter []byte
	if g.filter.size > 0 {
		var err error
		if filter, err = s.chunk(g.filter); err != nil {
			return err
		}
	}
	at := traceLeaf(c.Signal)
	if at < 0 {
		return nil
	}
	for _, id := range c.Rows.Leaves[at].Dict.Values[1:] {
		if len(filter) == 0 || !mayContain(filter, []byte(id)) {
			return corruptf("the trace filter leaves out trace %x", id)
		}
	}
	return nil
}

// verifyGroup checks that the columns of a group are what the footer and their
// heads say of them.
func (s source) verifyGroup(g *table.Group, d *groupDir) error {
	check := func(what string, l *table.Leaf, d *leafDir, raw, counts bool) error {
		for _, err := range []error{verifyRange(l, d), s.verifyPages(l, d, counts), s.verifyValues(l, d, raw), s.verifyTexts(l, d)} {
			if err != nil {
				return fmt.Errorf("%s: %w", what, err)
			}
		}
		return nil
	}
	for i := range d.leaves {
		if err := check(g.Def.Leaves[i].Name, &g.Leaves[i], &d.leaves[i], false, false); err != nil {
			return err
		}
	}
	for i := range d.sets {
		for k := range d.sets[i].cols {
			c := &d.sets[i].cols[k]
			if err := check(c.key, &g.Sets[i].Cols[k].Leaf, &c.leaf, c.typ == table.TypeRaw, false); err != nil {
				return err
			}
		}
	}
	for i := range d.lists {
		l := &g.Lists[i]
		if err := check(g.Def.Lists[i].Name, &l.Counts, &d.lists[i].counts, false, true); err != nil {
			return err
		}
		if err := s.verifyGroup(&l.Items, &d.lists[i].items); err != nil {
			return err
		}
	}
	return nil
}

// verifyRange checks that integers are within what the footer says.
func verifyRange(l *table.Leaf, d *leafDir) error {
	if l.Kind != table.KindInt || d.ref.size == 0 {
		return nil
	}
	for i, v := range l.Ints {
		if v < d.min || v > d.max {
			return corruptf("value %d is %d, the footer says %d to %d", i, v, d.min, d.max)
		}
	}
	return nil
}

// verifyPages checks the bounds of pages.
func (s source) verifyPages(l *table.Leaf, d *leafDir, counts bool) error {
	if d.ref.head == 0 || l.Kind == table.KindSpanID { // span ids have no bounds
		return nil
	}
	h, err := (&pagedLeaf{s: s, d: d, kind: l.Kind, limit: maxItems, totals: counts && s.p.footer.version > 3}).open()
	if err != nil {
		return err
	}
	for i := range h.list {
		var want pageDir
		want.bound(l, i*h.size, i*h.size+h.values(i))
		got := &h.list[i]
		if h.totals && got.total != want.total {
			return corruptf("page %d has %d items, its head says %d", i, want.total, got.total)
		}
		if got.least != want.least || got.greatest != want.greatest {
			return corruptf("page %d has %d to %d, its head says %d to %d", i, want.least, want.greatest, got.least, got.greatest)
		}
	}
	return nil
}

// verifyValues checks that value filters pass all values of their pages.
func (s source) verifyValues(l *table.Leaf, d *leafDir, raw bool) error {
	hash := func(i int) uint64 { return hashOfID(l.Ints[i]) }
	switch {
	case raw:
		hash = func(i int) uint64 { return xxhash.Sum64String(table.MessageKey(l.Dict.Values[1+i])) }
	case l.Dict != nil:
		hash = func(i int) uint64 { return xxhash.Sum64String(l.Dict.Values[1+i]) }
	}
	return s.verifyFilters(l, d, d.filter, func(f *fuse, i int) error {
		if !f.mayHold(hash(i)) {
			return corruptf("a value filter leaves out value %d", i)
		}
		return nil
	})
}

// verifyTexts checks that text filters pass all strings of their pages.
func (s source) verifyTexts(l *table.Leaf, d *leafDir) error {
	var g grams
	return s.verifyFilters(l, d, d.text, func(f *fuse, i int) error {
		g.reset()
		g.add(l.Dict.Values[1+i])
		for _, x := range g.list {
			if !f.mayHold(hashOfGram(x)) {
				return corruptf("a text filter leaves out value %d", i)
			}
		}
		return nil
	})
}

// verifyFilters calls check with every value of a column and the filter of its
// page.
func (s source) verifyFilters(l *table.Leaf, d *leafDir, ref chunkRef, check func(f *fuse, i int) error) error {
	if ref.size == 0 {
		return nil
	}
	b, err := s.chunk(ref)
	if err != nil {
		return err
	}
	n := len(l.Ints)
	if l.Dict != nil {
		n = len(l.Dict.Values) - 1
	}
	size := n
	if d.ref.head > 0 {
		h, err := (&pagedLeaf{s: s, d: d, kind: l.Kind, limit: maxItems}).open()
		if err != nil {
			return err
		}
		if size = h.size; l.Dict != nil {
			size = h.entrySize
		}
	}
	r := reader{src: b}
	for from := 0; from < n && r.err == nil; from += size {
		section := r.section()
		if r.err != nil || len(section) == 0 {
			continue
		}
		f, err := parseFuse(section)
		if err != nil {
			return err
		}
		for i := from; i < min(from+size, n); i++ {
			if err := check(f, i); err != nil {
				return err
			}
		}
	}
	return r.end()
}

func (s source) verify(g *rowGroup) error {
	c := s.rowGroup(g)
	if err := c.EnsureAll(); err != nil {
		return err
	}
	if err := s.verifyFilter(g, c); err != nil {
		return err
	}
	services, counts, err := servicesOf(c)
	if err != nil {
		return corruptf("%v", err)
	}
	if !slices.Equal(services, g.services) || g.counts != nil && !slices.Equal(counts, g.counts) {
		return corruptf("rows of services %q %d, the footer says %q %d", services, counts, g.services, g.counts)
	}
	if err := s.verifyGroup(&c.Rows, &g.rows); err != nil {
		return err
	}
	least, greatest := c.Time(0), c.Time(0)
	for i := range c.Rows.N {
		least, greatest = min(least, c.Time(i)), max(greatest, c.Time(i))
	}
	if least != g.minTime || greatest != g.maxTime {
		return corruptf("rows from %d to %d, the footer says %d to %d", least, greatest, g.minTime, g.maxTime)
	}
	return nil
}
