package part

import (
	"encoding/binary"
	"math"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/storage/column"
	"github.com/ttlog/ttlog/storage/internal/table"
)

// chunkRef says where an encoded column stands. Size 0 is a column that no row
// has a value in.
type chunkRef struct {
	off  int64
	size int
	head int    // bytes of the head of a column that is cut into pages, else 0
	sum  uint64 // xxhash64 of the head, or where there is none, of the bytes
}

// leafDir is the footer's entry of a plain column. For integers of which there
// are any, all values are within min and max.
type leafDir struct {
	ref      chunkRef
	filter   chunkRef // of its values, see valueFilter
	text     chunkRef // of the grams of its strings, see textFilter
	min, max int64
}

type setDir struct {
	shapes chunkRef
	cols   []colDir
}

type colDir struct {
	key  string
	typ  column.Type
	n    int
	leaf leafDir
}

type listDir struct {
	counts leafDir
	items  groupDir
}

// groupDir is the footer's entry of a group, by position in its definition. A
// part of an earlier version may have fewer columns than the definition.
type groupDir struct {
	n      int
	leaves []leafDir
	sets   []setDir
	lists  []listDir
}

// rowGroup is the footer's entry of a row group.
type rowGroup struct {
	minTime, maxTime int64
	memory           int64    // bytes when decoded, about
	services         []string // those of its rows, nil when there are too many
	counts           []int64  // rows of each service; of parts of version 1 none
	filter           chunkRef // of trace ids
	resources        leafDir
	rows             groupDir

	// off and size are where its chunks stand in the part that it is read from.
	off  int64
	size int
}

// footer is the directory of a part.
type footer struct {
	version byte // of the part that it is read from
	signal  otlpwire.Signal
	groups  []rowGroup
}

func hasRange(k table.Kind) bool { return k == table.KindInt }

func (f *footer) append(dst []byte) []byte {
	dst = append(dst, byte(f.signal))
	dst = binary.AppendUvarint(dst, uint64(len(f.groups)))
	for i := range f.groups {
		g := &f.groups[i]
		dst = binary.AppendVarint(dst, g.minTime)
		dst = binary.AppendVarint(dst, g.maxTime)
		dst = binary.AppendUvarint(dst, uint64(g.memory))
		dst = binary.AppendUvarint(dst, uint64(len(g.services)))
		for i, s := range g.services {
			dst = appendString(dst, s)
			dst = binary.AppendUvarint(dst, uint64(g.counts[i]))
		}
		dst = appendRef(dst, g.filter)
		dst = appendLeafDir(dst, &g.resources, table.KindString)
		dst = appendGroupDir(dst, &g.rows, table.Schema(f.signal))
	}
	return dst
}

// appendRef appends a ref. The lowest bit of the length says that there is a
// head.
func appendRef(dst []byte, c chunkRef) []byte {
	if c.head > 0 {
		dst = binary.AppendUvarint(dst, uint64(c.size)<<1|1)
		dst = binary.AppendUvarint(dst, uint64(c.head))
	} else {
		dst = binary.AppendUvarint(dst, uint64(c.size)<<1)
	}
	if c.size == 0 {
		return dst
	}
	return binary.LittleEndian.AppendUint64(dst, c.sum)
}

func appendLeafDir(dst []byte, l *leafDir, k table.Kind) []byte {
	dst = appendRef(dst, l.ref)
	if l.ref.size > 0 && hasFilter(k) {
		dst = appendRef(dst, l.filter)
	}
	if l.ref.size > 0 && k == table.KindString {
		dst = appendRef(dst, l.text)
	}
	if l.ref.size > 0 && hasRange(k) {
		dst = binary.AppendVarint(dst, l.min)
		dst = binary.AppendVarint(dst, l.max)
	}
	return dst
}

func appendGroupDir(dst []byte, g *groupDir, def *table.GroupDef) []byte {
	dst = binary.AppendUvarint(dst, uint64(g.n))
	if g.n == 0 {
		return dst
	}
	dst = binary.AppendUvarint(dst, uint64(len(g.leaves)))
	for i := range g.leaves {
		dst = appendLeafDir(dst, &g.leaves[i], def.Leaves[i].Kind)
	}
	dst = binary.AppendUvarint(dst, uint64(len(g.sets)))
	for i := range g.sets {
		s := &g.sets[i]
		dst = binary.AppendUvarint(dst, uint64(len(s.cols)))
		if len(s.cols) == 0 {
			continue
		}
		dst = appendRef(dst, s.shapes)
		for k := range s.cols {
			c := &s.cols[k]
			dst = appendString(dst, c.key)
			dst = append(dst, byte(c.typ))
			dst = binary.AppendUvarint(dst, uint64(c.n))
			dst = appendLeafDir(dst, &c.leaf, table.LeafKind(c.typ))
		}
	}
	dst = binary.AppendUvarint(dst, uint64(len(g.lists)))
	for i := range g.lists {
		dst = appendLeafDir(dst, &g.lists[i].counts, table.KindInt)
		dst = appendGroupDir(dst, &g.lists[i].items, def.Lists[i].Items)
	}
	return dst
}

// footerReader parses a footer. Chunks stand in the file in the order of their
// refs, so that the footer need not say where.
type footerReader struct {
	reader
	version byte
	off     int64 // of the next chunk
	end     int64 // behind the last chunk
	left    int   // rows, items and attributes that the row group may still have

	entries int // row groups, columns, sets and lists that may still come
}

// dir reads a number of row groups, columns, sets or lists.
func (r *footerReader) dir(what string, limit int) int {
	n := r.count(what, min(limit, r.entries))
	r.entries -= n
	return n
}

// items reads a number of rows, items or attributes of a row group.
func (r *footerReader) items(what string) int {
	n := r.count(what, r.left)
	r.left -= n
	return n
}

// parseFooter parses a footer of a part of a version whose chunks stand from off to end.
func parseFooter(src []byte, version byte, off, end int64) (*footer, error) {
	r := footerReader{reader: reader{src: src}, version: version, off: off, end: end, entries: maxEntries}
	f := &footer{version: version}
	if b := r.bytes(1); b != nil {
		f.signal = otlpwire.Signal(b[0])
	}
	def := table.Schema(f.signal)
	if def == nil {
		r.fail("signal %d", f.signal)
		return nil, r.err
	}
	n := r.dir("row groups", len(src))
	for i := 0; i < n && r.err == nil; i++ {
		f.groups = append(f.groups, r.rowGroup(def))
	}
	if err := r.reader.end(); err != nil {
		return nil, err
	}
	if r.off != r.end {
		return nil, corruptf("chunks end at byte %d, not %d", r.off, r.end)
	}
	return f, nil
}

func (r *footerReader) rowGroup(def *table.GroupDef) rowGroup {
	r.left = maxItems
	g := rowGroup{minTime: r.varint(), maxTime: r.varint(), memory: int64(r.uvarint() & math.MaxInt64), off: r.off}
	for range r.count("services", maxServices) {
		g.services = append(g.services, r.string())
		if r.version > 1 {
			g.counts = append(g.counts, int64(r.count("rows of a service", maxGroupRows)))
		}
	}
	g.filter = r.ref()
	g.resources = r.leafDir(table.KindString)
	g.rows = r.groupDir(def)
	g.size = int(r.off - g.off)
	if r.err == nil && (g.rows.n == 0 || g.rows.n > maxGroupRows) {
		r.fail("row group of %d rows", g.rows.n)
	}
	return g
}

func (r *footerReader) ref() chunkRef {
	size, head := r.uvarint(), uint64(0)
	if r.version > 1 {
		if size&1 == 1 {
			head = r.uvarint()
		}
		size >>= 1
	}
	if size == 0 || r.err != nil {
		return chunkRef{}
	}
	if head > size {
		r.fail("head of %d bytes, column of %d", head, size)
		return chunkRef{}
	}
	if size > uint64(r.end-r.off) {
		r.fail("column of %d bytes, %d left", size, r.end-r.off)
		return chunkRef{}
	}
	c := chunkRef{off: r.off, size: int(size), head: int(head), sum: r.uint64()}
	r.off += int64(size)
	return c
}

func (r *footerReader) leafDir(k table.Kind) leafDir {
	l := leafDir{ref: r.ref()}
	if l.ref.size > 0 && hasFilter(k) && r.version > 1 {
		l.filter = r.ref()
	}
	if l.ref.size > 0 && k == table.KindString && r.version > 2 {
		l.text = r.ref()
	}
	if l.ref.size > 0 && hasRange(k) {
		l.min, l.max = r.varint(), r.varint()
	}
	return l
}

func (r *footerReader) groupDir(def *table.GroupDef) groupDir {
	g := groupDir{n: r.items("rows")}
	if g.n == 0 {
		return g
	}
	n := r.dir("columns", len(def.Leaves))
	g.leaves = make([]leafDir, n)
	for i := range g.leaves {
		g.leaves[i] = r.leafDir(def.Leaves[i].Kind)
	}
	g.sets = make([]setDir, r.dir("attribute sets", len(def.Sets)))
	for i := range g.sets {
		g.sets[i] = r.setDir()
	}
	g.lists = make([]listDir, r.dir("lists", len(def.Lists)))
	for i := range g.lists {
		counts := r.leafDir(table.KindInt)
		g.lists[i] = listDir{counts: counts, items: r.groupDir(def.Lists[i].Items)}
	}
	return g
}

func (r *footerReader) setDir() setDir {
	var s setDir
	n := r.dir("attribute columns", maxColumns)
	if n == 0 {
		return s
	}
	s.shapes = r.ref()
	raw := 0
	for i := 0; i < n && r.err == nil; i++ {
		c := colDir{key: r.string()}
		if b := r.bytes(1); b != nil {
			c.typ = column.Type(b[0])
		}
		if c.typ > column.TypeMap && c.typ != table.TypeRaw {
			r.fail("attribute %q has type %d", c.key, c.typ)
		}
		if c.typ == table.TypeRaw {
			raw++
		}
		c.n = r.items("values")
		c.leaf = r.leafDir(table.LeafKind(c.typ))
		s.cols = append(s.cols, c)
	}
	if raw > 1 {
		r.fail("%d overflow columns in an attribute set", raw)
	}
	return s
}

// entries counts what the footer names, as a reader does.
func (f *footer) entries() int {
	n := len(f.groups)
	for i := range f.groups {
		n += f.groups[i].rows.entries()
	}
	return n
}

func (g *groupDir) entries() int {
	n := len(g.leaves) + len(g.sets) + len(g.lists)
	for i := range g.sets {
		n += len(g.sets[i].cols)
	}
	for i := range g.lists {
		n += g.lists[i].items.entries()
	}
	return n
}
