package part

import (
	"encoding/binary"
	"fmt"

	"github.com/ttlog/ttlog/storage/encoding"
	"github.com/ttlog/ttlog/storage/internal/table"
)

// Which values of the columns of a set a row has follows from the shapes of all
// rows before it. Where the shapes of rows are cut into pages, the head tells how
// many rows of each page have which shape: the attributes of a few rows cost the
// pages of these.
//
//	+--------------------------------------------------------------+
//	| shapes uvarint, columns of all shapes uvarint                |
//	| section: columns of each shape, section: columns of all      |
//	+--------------------------------------------------------------+
//	| rows uvarint                 | not cut: integers, one a row  |
//	+------------------------------+-------------------------------+
//	| cut: rows of a page uvarint, { page, uses uvarint,           |
//	|   { shape - the one before uvarint, rows uvarint } ... } ... |
//	+--------------------------------------------------------------+

// shapes encodes the shapes of a set, without the empty one that is number 0,
// and the shape of each row.
func (e *encoder) shapes(s *table.AttrSet) chunkRef {
	var lengths, cols []uint32
	for _, shape := range s.Shapes[1:] {
		lengths = append(lengths, uint32(len(shape)))
		cols = append(cols, shape...)
	}
	codes := s.Shape.Codes
	dst := binary.AppendUvarint(e.tmp[:0], uint64(len(lengths)))
	dst = binary.AppendUvarint(dst, uint64(len(cols)))
	dst = appendSection(dst, e.enc.AppendUints(nil, lengths))
	dst = appendSection(dst, e.enc.AppendUints(nil, cols))
	e.tmp = binary.AppendUvarint(dst, uint64(len(codes)))
	var cut encoding.Pages
	e.body, cut = e.enc.AppendUintPages(e.body[:0], codes, e.cut.ofValues())
	if len(cut.Lengths) <= 1 {
		e.tmp = append(e.tmp, e.body...)
		return e.chunk()
	}
	e.tmp = binary.AppendUvarint(e.tmp, uint64(cut.Size))
	uses, at := make([]uint32, len(s.Shapes)), 0
	for i, size := range cut.Lengths {
		d := pageDir{at: at, size: size}
		at += size
		e.tmp = d.append(e.tmp, e.body)
		e.tmp = appendUses(e.tmp, uses, codes[i*cut.Size:min((i+1)*cut.Size, len(codes))])
	}
	return e.cutChunk()
}

// appendUses appends how many rows of a page have which shape. uses is zeros.
func appendUses(dst []byte, uses, codes []uint32) []byte {
	n := uint64(0)
	for _, c := range codes {
		if uses[c] == 0 {
			n++
		}
		uses[c]++
	}
	dst = binary.AppendUvarint(dst, n)
	last := 0
	for c, rows := range uses {
		if rows > 0 {
			dst = binary.AppendUvarint(dst, uint64(c-last))
			dst = binary.AppendUvarint(dst, uint64(rows))
			last, uses[c] = c, 0
		}
	}
	return dst
}

// set prepares the attributes of n rows for reading.
func (s source) set(set *table.AttrSet, d *setDir, n int) {
	if len(d.cols) == 0 {
		return
	}
	for i := range d.cols {
		c := &d.cols[i]
		col := &table.AttrCol{Key: c.key, Type: c.typ, N: c.n, Leaf: table.NewLeaf(table.LeafKind(c.typ))}
		s.leaf(&col.Leaf, &c.leaf, c.n)
		set.Cols = append(set.Cols, col)
	}
	c := &shapeColumn{s: s, ref: d.shapes, cols: d.cols, limit: n, losses: losses{s: s}}
	set.LoadShapes = c.load
	if s.p.footer.version > 1 { // where repeated keys need not be found first
		set.ShapePages = c.open
	}
}

// shapeColumn reads the shapes of a set.
type shapeColumn struct {
	s     source
	ref   chunkRef
	cols  []colDir
	limit int // rows that there can be
	losses

	pages *table.ShapePages // once they are open
	rows  int
	list  []pageDir
	whole []byte // the shapes of all rows, where they are not cut
}

// open reads the shapes, and the shapes of rows where those are not cut.
func (c *shapeColumn) open() (*table.ShapePages, error) {
	if c.pages != nil {
		return c.pages, nil
	}
	p := &table.ShapePages{Read: c.read}
	ref := c.ref
	if ref.head > 0 {
		ref.size = ref.head
	}
	b, err := c.s.chunk(ref)
	if err == nil {
		err = c.parse(p, b)
	}
	if err != nil {
		err = fmt.Errorf("part: shapes at byte %d: %w", c.ref.off, err)
		if err := c.all(&table.Leaf{}, err); err != nil {
			return nil, err
		}
		p = &table.ShapePages{Shapes: [][]uint32{nil}, Damage: err}
	}
	c.pages = p
	return p, nil
}

// parse parses the head, or all where it is not cut.
func (c *shapeColumn) parse(p *table.ShapePages, b []byte) (err error) {
	r := reader{src: b}
	if p.Shapes, err = decodeShapes(&r, len(c.cols)); err != nil {
		return err
	}
	c.rows = r.count("rows", c.limit)
	p.Size = max(c.limit, 1)
	if c.ref.head == 0 {
		c.whole = b[r.off:]
		return r.err
	}
	p.Size = r.pageSize(c.rows)
	at := c.ref.head
	for i := 0; i < c.rows && r.err == nil; i += p.Size {
		c.list = append(c.list, r.page(&at, c.ref.size))
		p.Uses = append(p.Uses, r.uses(min(p.Size, c.rows-i), len(p.Shapes)))
	}
	if err := r.end(); err != nil {
		return err
	}
	if at != c.ref.size {
		return corruptf("pages end at byte %d of %d", at, c.ref.size)
	}
	return c.check(p.Shapes, p.Uses...)
}

// uses reads how many of some rows have which shape.
func (r *reader) uses(rows, shapes int) (uses []table.ShapeUse) {
	shape := 0
	for range r.count("shapes of a page", min(rows, shapes)) {
		shape += r.count("shapes", shapes-1-shape)
		n := r.count("rows", rows)
		rows -= n
		uses = append(uses, table.ShapeUse{Shape: uint32(shape), Rows: uint32(n)})
	}
	if rows > 0 {
		r.fail("%d rows without a shape", rows)
	}
	return uses
}

// check checks that the rows ask for exactly as many values of each column as
// there are.
func (c *shapeColumn) check(shapes [][]uint32, pages ...[]table.ShapeUse) error {
	have := make([]int, len(c.cols))
	for _, uses := range pages {
		for _, u := range uses {
			for _, col := range shapes[u.Shape] {
				if have[col] += int(u.Rows); have[col] > c.cols[col].n {
					break
				}
			}
		}
	}
	for i := range c.cols {
		if col := &c.cols[i]; have[i] != col.n {
			return corruptf("attribute %q has %d values, its rows ask for %d", col.key, col.n, have[i])
		}
	}
	return nil
}

// read returns the shapes of the rows of a page, or those of its runs of rows.
func (c *shapeColumn) read(page int) (codes, ends []uint32, damage, err error) {
	if codes, ends, err = c.decode(page); err == nil {
		return codes, ends, nil, nil
	}
	err = fmt.Errorf("part: shapes at byte %d: %w", c.ref.off, err)
	if c.ref.head > 0 {
		return nil, nil, err, c.page(&c.list[page], err)
	}
	return nil, nil, err, c.all(&table.Leaf{}, err)
}

func (c *shapeColumn) decode(page int) (codes, ends []uint32, err error) {
	b, rows := c.whole, c.rows
	if c.ref.head > 0 {
		if page >= len(c.list) {
			return nil, nil, nil // rows without attributes, behind the last
		}
		d := &c.list[page]
		if b, err = c.s.bytes(c.ref.off+int64(d.at), d.size); err == nil {
			err = c.s.checkPage(d, b, c.ref.off)
		}
		if err != nil {
			return nil, nil, err
		}
		rows = min(c.pages.Size, c.rows-page*c.pages.Size)
	}
	runs, err := uintRuns(b, rows)
	if err != nil {
		return nil, nil, err
	}
	uses, err := countUses(runs.values, runs.ends, len(c.pages.Shapes))
	if err != nil {
		return nil, nil, err
	}
	if c.ref.head == 0 {
		return runs.values, runs.ends, c.check(c.pages.Shapes, uses)
	}
	for _, u := range c.pages.Uses[page] {
		if uses[u.Shape].Rows != u.Rows {
			return nil, nil, corruptf("page %d has %d rows of shape %d, its head says %d", page, uses[u.Shape].Rows, u.Shape, u.Rows)
		}
	}
	return runs.values, runs.ends, nil
}

// countUses counts the rows of each of n shapes.
func countUses(codes, ends []uint32, n int) ([]table.ShapeUse, error) {
	if err := checkCodes(codes, n); err != nil {
		return nil, err
	}
	uses := make([]table.ShapeUse, n)
	for i := range uses {
		uses[i].Shape = uint32(i)
	}
	if ends == nil {
		for _, c := range codes {
			uses[c].Rows++
		}
	}
	start := uint32(0)
	for i, end := range ends {
		uses[codes[i]].Rows += end - start
		start = end
	}
	return uses, nil
}

// load reads the shapes of all rows. Where those of a page are lost, all are:
// which values the rows behind them have depends on each.
func (c *shapeColumn) load(set *table.AttrSet) error {
	p, err := c.open()
	if err != nil {
		return err
	}
	damage := p.Damage
	set.Shapes, set.Shape.Codes = p.Shapes, make([]uint32, 0, c.rows)
	for page := 0; damage == nil && page*p.Size < c.rows; page++ {
		var codes, ends []uint32
		if codes, ends, damage, err = c.read(page); err != nil {
			return err
		}
		if ends == nil {
			set.Shape.Codes = append(set.Shape.Codes, codes...)
			continue
		}
		start := uint32(0)
		for i, end := range ends {
			for range end - start {
				set.Shape.Codes = append(set.Shape.Codes, codes[i])
			}
			start = end
		}
	}
	if damage != nil {
		set.Shapes, set.Shape.Codes = [][]uint32{nil}, nil
		set.Shape.LoseAll(damage)
	}
	return nil
}

// decodeShapes decodes the shapes of a set of so many columns.
func decodeShapes(r *reader, columns int) ([][]uint32, error) {
	k := r.count("shapes", maxItems)
	total := r.count("columns of shapes", maxItems)
	first, second := r.section(), r.section()
	if r.err != nil {
		return nil, r.err
	}
	lengths, err := encoding.Uints(nil, first, k)
	if err != nil {
		return nil, err
	}
	cols, err := encoding.Uints(nil, second, total)
	if err != nil {
		return nil, err
	}
	if err := checkCodes(cols, columns); err != nil {
		return nil, err
	}
	shapes := make([][]uint32, 1, k+1)
	for _, length := range lengths {
		if int(length) > len(cols) {
			return nil, corruptf("shapes of more than %d columns", total)
		}
		shapes = append(shapes, cols[:length:length])
		cols = cols[length:]
	}
	return shapes, nil
}
