package part

import (
	"fmt"
	"slices"

	"github.com/cespare/xxhash/v2"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/storage/internal/table"
)

// A row group that is as large as it gets, and was written as tight as it gets,
// gains nothing from being decoded and encoded again: a merge takes it over as it
// is. Otherwise each row would be encoded once for every tier of sizes that its
// part goes through, which is several times what storing it costs.

const (
	// fullShare is which part of Options.GroupRows makes a row group full. Spans
	// take no more bytes in groups of 32,000 than in those of 128,000, as traces
	// then stand closer together.
	fullShare = 4
	// manyColumns is how many columns of attributes are many.
	manyColumns = 512
	// mostCovers is how many full row groups may hold the time in the middle of
	// another one. Parts that are flushed one after the other overlap a little, by
	// rows that come late. More of them are sorted by time once, so that a narrow
	// range of time is in few row groups.
	mostCovers = 3
)

// full reports whether a row group of so many rows and columns of attributes, which
// takes so much memory, is large enough. Data points want more: those of a series
// stand together, and a group of 32,000 takes 29 % more bytes a point, one of
// 64,000 4 %. So do groups of many columns, each of which is an entry of the footer
// that an open part holds in memory.
func (o Options) full(s otlpwire.Signal, rows, columns int, memory int64) bool {
	if s == otlpwire.Metrics || columns > manyColumns {
		return rows >= o.GroupRows-o.GroupRows/fullShare || memory >= o.GroupBytes-o.GroupBytes/fullShare
	}
	return rows >= o.GroupRows/fullShare || memory >= o.GroupBytes/2
}

// packed reports whether row groups of a part can be taken over as they are.
func (o Options) packed(p *Part) bool {
	return o.Packed != nil && o.Packed(p) && p.footer.version == magic[len(magic)-1]
}

// markFull marks the row groups that a merge takes over as they are.
func (m *merger) markFull() {
	var begins, ends []int64
	for i := range m.waiting {
		g := &m.waiting[i]
		g.keep = g.keep && m.w.opts.full(m.w.info.Signal, g.group.rows.n, g.group.rows.columns(), g.group.memory)
		if g.keep {
			begins, ends = append(begins, g.group.minTime), append(ends, g.group.maxTime)
		}
	}
	slices.Sort(begins)
	slices.Sort(ends)
	for i := range m.waiting {
		g := &m.waiting[i]
		middle := g.group.minTime + (g.group.maxTime-g.group.minTime)/2
		begun, _ := slices.BinarySearch(begins, middle+1)
		ended, _ := slices.BinarySearch(ends, middle)
		g.keep = g.keep && begun-ended-1 <= mostCovers
	}
}

// copy writes a row group of another part as it is. What is damaged is not
// spread: every checksum is compared.
func (w *writer) copy(p *Part, g *rowGroup) error {
	if err := w.flush(); err != nil {
		return err
	}
	b, err := source{p: p}.bytes(g.off, g.size)
	if err != nil {
		return err
	}
	sums := summed{bytes: b, off: g.off}
	sums.group(g, table.Schema(w.footer.signal))
	if sums.err != nil {
		return sums.err
	}
	w.footer.groups = append(w.footer.groups, *g)
	w.note(g)
	return w.write(b)
}

// summed compares the checksums of a row group with its bytes, which begin at
// off of the file.
type summed struct {
	bytes []byte
	off   int64
	err   error
}

func (s *summed) group(g *rowGroup, def *table.GroupDef) {
	s.chunk(g.filter)
	s.leaf(&g.resources, table.KindString, false)
	s.rows(&g.rows, def)
}

func (s *summed) rows(d *groupDir, def *table.GroupDef) {
	for i := range d.leaves {
		if def == table.Schema(spans) && i == table.SpanParentID {
			s.parents(&d.leaves[i], d.n)
			continue
		}
		s.leaf(&d.leaves[i], def.Leaves[i].Kind, false)
	}
	for i := range d.sets {
		s.shapes(&d.sets[i], d.n)
		for k := range d.sets[i].cols {
			c := &d.sets[i].cols[k]
			s.leaf(&c.leaf, table.LeafKind(c.typ), false)
		}
	}
	for i := range d.lists {
		s.leaf(&d.lists[i].counts, table.KindInt, true)
		s.rows(&d.lists[i].items, def.Lists[i].Items)
	}
}

// leaf checks a column, of the counts of a list or others.
func (s *summed) leaf(d *leafDir, kind table.Kind, counts bool) {
	s.chunk(d.filter)
	s.chunk(d.text)
	s.cut(d.ref, func(head []byte) ([]pageDir, error) {
		h, err := parseHead(kind, counts, head, maxItems, d.ref.size)
		if err != nil {
			return nil, err
		}
		return slices.Concat(h.dict, h.list), nil
	})
}

func (s *summed) shapes(d *setDir, rows int) {
	s.cut(d.shapes, func(head []byte) ([]pageDir, error) {
		c := shapeColumn{ref: d.shapes, cols: d.cols, limit: rows}
		err := c.parse(new(table.ShapePages), head)
		return c.list, err
	})
}

func (s *summed) parents(d *leafDir, rows int) {
	s.cut(d.ref, func(head []byte) ([]pageDir, error) {
		p := parentReader{ref: d.ref, n: rows}
		if err := p.parse(head); err != nil {
			return nil, err
		}
		return slices.Concat(p.targets.head.list, p.numbers.head.list, p.raw.head.list), nil
	})
}

// cut checks a column. Where it is cut, pages with checksums of their own stand
// behind its head.
func (s *summed) cut(ref chunkRef, pages func(head []byte) ([]pageDir, error)) {
	if ref.head == 0 {
		s.chunk(ref)
		return
	}
	s.chunk(chunkRef{off: ref.off, size: ref.head, sum: ref.sum})
	if s.err != nil {
		return
	}
	column := s.bytes[ref.off-s.off:][:ref.size]
	list, err := pages(column[:ref.head])
	if err != nil {
		s.err = fmt.Errorf("part: column at byte %d: %w", ref.off, err)
		return
	}
	for i := range list {
		p := &list[i]
		if s.err == nil && uint32(xxhash.Sum64(column[p.at:p.at+p.size])) != p.sum {
			s.err = corruptf("wrong checksum of the page of %d bytes at byte %d", p.size, ref.off+int64(p.at))
		}
	}
}

func (s *summed) chunk(c chunkRef) {
	if s.err == nil && c.size > 0 && xxhash.Sum64(s.bytes[c.off-s.off:][:c.size]) != c.sum {
		s.err = corruptf("wrong checksum of the %d bytes at byte %d", c.size, c.off)
	}
}

// columns returns the number of columns of attributes.
func (g *groupDir) columns() (n int) {
	for i := range g.sets {
		n += len(g.sets[i].cols)
	}
	return n
}
