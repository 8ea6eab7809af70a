package part

import (
	"fmt"
	"slices"

	"github.com/ttlog/ttlog/storage/column"
	"github.com/ttlog/ttlog/storage/encoding"
	"github.com/ttlog/ttlog/storage/internal/table"
)

// maxPickedTraces is how many traces make it cheaper to resolve all parents
// than those of some rows.
const maxPickedTraces = 256

// parentReader reads the parents of the spans of a row group.
type parentReader struct {
	s      source
	ref    chunkRef
	n      int // rows
	c      *table.Chunk
	traces *pagedLeaf // nil where trace ids are not cut: there are few rows
	losses

	// All below is there once it is open.
	opened         bool
	plain          []byte // the column of mode 0
	ends, relative []uint32
	// The columns of references; where they are not cut, each is a page.
	targets, numbers, raw *pagedLeaf
	before                []targetCounts // by page of targets, and behind the last
}

// targetCounts is how many references and raw ids there are before some row.
type targetCounts struct{ refs, raws int }

// parents prepares the parents of a chunk's spans for reading.
func (s source) parents(c *table.Chunk, d *groupDir) {
	if table.SpanParentID >= len(d.leaves) || d.leaves[table.SpanParentID].ref.size == 0 {
		return
	}
	p := &parentReader{s: s, ref: d.leaves[table.SpanParentID].ref, n: d.n, c: c, losses: losses{s: s}}
	leaf := &c.Rows.Leaves[table.SpanParentID]
	leaf.Load = func(l *table.Leaf) error { return p.all(l, p.error(p.load(l))) }
	leaf.Pick, leaf.Find = nil, nil
	leaf.Nonzero = p.nonzero
	if t := &d.leaves[table.SpanTraceID]; t.ref.head > 0 {
		p.traces = s.paged(&c.Rows.Leaves[table.SpanTraceID], t, c.Rows.N)
		p.traces.kept = map[int]runs[uint32]{}
		leaf.Pick = func(to *table.Leaf, at []uint32) error { return p.all(to, p.error(p.pick(to, at))) }
	}
}

func (p *parentReader) error(err error) error {
	if err != nil {
		return fmt.Errorf("part: parents at byte %d: %w", p.ref.off, err)
	}
	return nil
}

// open reads the head, or all where the references are not cut.
func (p *parentReader) open() error {
	if p.opened {
		return nil
	}
	ref := p.ref
	if ref.head > 0 {
		ref.size = ref.head
	}
	b, err := p.s.chunk(ref)
	if err != nil {
		return err
	}
	if len(b) == 0 {
		return corruptf("no parent mode")
	}
	switch mode := b[0]; {
	case mode == parentPlain && p.ref.head == 0:
		p.plain = b
	case mode == parentRefs && p.ref.head == 0, mode == parentPages && p.ref.head > 0:
		err = p.parse(b)
	default:
		err = corruptf("parent mode %d", mode)
	}
	p.opened = err == nil
	return err
}

func (p *parentReader) parse(b []byte) (err error) {
	n := p.n
	r := reader{src: b, off: 1}
	clusters := r.count("clusters", n)
	lengths, relative := r.section(), r.section()
	if r.err != nil {
		return r.err
	}
	if p.ends, err = encoding.Uints(nil, lengths, clusters); err != nil {
		return err
	}
	if p.relative, err = encoding.Uints(nil, relative, clusters); err != nil {
		return err
	}
	row := uint64(0)
	for i, length := range p.ends {
		if row += uint64(length); row > uint64(n) {
			break
		}
		p.ends[i] = uint32(row)
	}
	if row != uint64(n) {
		return corruptf("clusters do not cover the %d rows", n)
	}
	at := p.ref.head
	p.before = []targetCounts{{}}
	p.targets = p.column(&r, table.KindInt, n, &at, func() {
		c := p.before[len(p.before)-1]
		c.refs += r.count("references", n-c.refs)
		c.raws += r.count("raw ids", n-c.raws)
		p.before = append(p.before, c)
	})
	p.targets.head.entries = clusters + targetCluster - 1 // what codes are checked against
	refs := r.count("references", n)
	p.numbers = p.column(&r, table.KindInt, refs, &at, nil)
	raws := r.count("raw ids", n)
	p.raw = p.column(&r, table.KindSpanID, raws, &at, nil)
	if err := r.end(); err != nil {
		return err
	}
	if p.ref.head == 0 {
		p.before = append(p.before, targetCounts{refs, raws})
		at = p.ref.size
	}
	if at != p.ref.size || p.before[len(p.before)-1] != (targetCounts{refs, raws}) {
		return corruptf("pages end at byte %d of %d, %d references and %d raw ids", at, p.ref.size, refs, raws)
	}
	return nil
}

// column reads where a column of n values stands: in a section, or in pages from
// byte at on, of each of which more reads what else the head says.
func (p *parentReader) column(r *reader, kind table.Kind, n int, at *int, more func()) *pagedLeaf {
	h := &pages{kind: kind, n: n, size: max(n, 1)}
	l := &pagedLeaf{s: p.s, d: &leafDir{ref: p.ref}, kind: kind, limit: n, head: h, losses: losses{s: p.s}}
	switch {
	case p.ref.head == 0:
		l.whole = r.src
		b := r.section()
		h.list = []pageDir{{at: r.off - len(b), size: len(b)}}
	case n > 0:
		h.size = r.pageSize(n)
		for i := 0; i < n && r.err == nil; i += h.size {
			h.list = append(h.list, r.page(at, p.ref.size))
			if more != nil {
				more()
			}
		}
	}
	return l
}

// checkTargets checks that a page of targets has what the head says.
func (p *parentReader) checkTargets(page int, have targetCounts) error {
	c := p.before[page]
	if c.refs += have.refs; c.raws+have.raws != p.before[page+1].raws || c.refs != p.before[page+1].refs {
		return corruptf("page %d has %d references and %d raw ids, its head says otherwise", page, have.refs, have.raws)
	}
	return nil
}

// loadTargets reads what the parents of all rows are.
func (p *parentReader) loadTargets(l *table.Leaf) (err error) {
	l.Codes, err = decodeAll(p.targets, l, p.targets.bytes, func(dst []uint32, b []byte, i int) ([]uint32, error) {
		from := len(dst)
		dst, err := p.targets.head.appendCodes(dst, b, i)
		if err == nil {
			err = p.checkTargets(i, countTargets(dst[from:]))
		}
		return dst, err
	})
	return err
}

// nonzero returns which of the first n rows have a parent: of references that
// is what they are to, and no id is looked up. What is damaged it leaves to load.
func (p *parentReader) nonzero(n int) ([]uint64, error) {
	if err := p.open(); err != nil {
		return nil, p.error(err)
	}
	bits := make([]uint64, (p.n+63)/64)
	var has func(i int) bool
	if p.plain != nil {
		ids := table.NewLeaf(table.KindSpanID)
		if err := decodeLeaf(&ids, p.plain[1:], p.n); err != nil {
			return nil, p.error(err)
		}
		has = func(i int) bool { return ids.Int(i) != 0 }
	} else {
		var targets table.Leaf
		if err := p.loadTargets(&targets); err != nil {
			return nil, p.error(err)
		}
		if targets.IsLost() {
			return nil, p.error(targets.Damage())
		}
		has = func(i int) bool { return targets.Codes[i] != targetNone }
	}
	for i := range min(n, p.n) {
		if has(i) {
			bits[i/64] |= 1 << (i % 64)
		}
	}
	return bits, nil
}

// load reads the parents of all rows.
func (p *parentReader) load(l *table.Leaf) error {
	if err := p.open(); err != nil {
		return err
	}
	if p.plain != nil {
		return decodeLeaf(l, p.plain[1:], p.n)
	}
	var targets, numbers, raw table.Leaf
	var errs [3]error
	errs[0] = p.loadTargets(&targets)
	numbers.Ints, errs[1] = decodeAll(p.numbers, &numbers, p.numbers.bytes, p.numbers.head.appendInts)
	raw.Ints, errs[2] = decodeAll(p.raw, &raw, p.raw.bytes, p.raw.head.appendInts)
	ids, traces := &p.c.Rows.Leaves[table.SpanSpanID], &p.c.Rows.Leaves[table.SpanTraceID]
	if err := firstOf(append(errs[:], ids.Ensure(), traces.Ensure(), ids.Damage(), traces.Damage())...); err != nil {
		return err
	}
	f := newFamily(traces.Codes, p.n, len(traces.Dict.Values), p.ends)
	return p.resolve(l, &targets, &numbers, &raw, ids, f)
}

// resolve makes l the parent ids of all rows.
func (p *parentReader) resolve(l, targets, numbers, raw, ids *table.Leaf, f *family) error {
	l.Ints = make([]int64, p.n)
	var at targetCounts
	cluster := 0
	for i := range l.Ints {
		if size := p.targets.head.size; i%size == 0 && targets.IsLost() && targets.LostAt(i) {
			at = p.before[i/size+1]
			l.Lose(i, i+p.targets.head.values(i/size), targets.Damage())
		}
		for uint32(i) >= p.ends[cluster] {
			cluster++
		}
		switch t := targets.Codes[i]; t {
		case targetNone:
		case targetRaw:
			l.Ints[i] = raw.Int(at.raws)
			if raw.IsLost() && raw.LostAt(at.raws) {
				l.Lose(i, i+1, raw.Damage())
			}
			at.raws++
		default:
			number := numbers.Int(at.refs)
			at.refs++
			if numbers.IsLost() && numbers.LostAt(at.refs-1) {
				l.Lose(i, i+1, numbers.Damage())
				continue
			}
			trace := f.trace(i)
			if p.relative[cluster] != 0 {
				number += int64(f.at[i] - f.first(trace, cluster))
			}
			from, end := f.first(trace, int(t-targetCluster)), f.starts[trace+1]
			if number < 0 || number >= int64(end-from) {
				return corruptf("row %d: parent is number %d of %d", i, number, end-from)
			}
			l.Ints[i] = ids.Int(int(f.members[from+uint32(number)]))
		}
	}
	return nil
}

// pick reads the parents of some rows: it looks at the rows of their traces only.
func (p *parentReader) pick(to *table.Leaf, at []uint32) error {
	if err := p.open(); err != nil {
		return err
	}
	if p.plain != nil {
		return pickLeaf(to, p.plain[1:], p.n, at)
	}
	if _, err := p.traces.open(); err != nil {
		return err
	}
	refs, err := p.references(to, at)
	if err != nil {
		return err
	}
	rows := make([]uint32, len(refs))
	for i, ref := range refs {
		rows[i] = ref.row
	}
	codes, err := p.traces.codesAt(rows)
	if err != nil {
		return err
	}
	if distinct(codes) > maxPickedTraces {
		all := &p.c.Rows.Leaves[table.SpanParentID]
		if err := all.Ensure(); err != nil {
			return err
		}
		to.PickFrom(all, at)
		return nil
	}
	traceOf := func(i int) uint32 {
		if i < len(codes) {
			return codes[i]
		}
		return 0
	}
	clusters := map[uint32][]int{} // that rows are looked for in, by trace
	for i := range refs {
		own, t := p.clusterOf(refs[i].row), traceOf(i)
		if clusters[t] = append(clusters[t], refs[i].to); p.relative[own] != 0 {
			clusters[t] = append(clusters[t], own)
		}
	}
	members := map[uint32][]uint32{}
	for t, list := range clusters {
		if members[t], err = p.traces.rowsOf(t, p.rangesOf(list)); err != nil {
			return err
		}
	}
	for i := range refs {
		if refs[i].parent, err = p.parentOf(&refs[i], members[traceOf(i)]); err != nil {
			return err
		}
	}
	return p.pickIDs(to, refs)
}

// reference is a row whose parent is a row.
type reference struct {
	place  int // among the rows that are picked
	row    uint32
	to     int // cluster of the parent
	number int64
	parent uint32
}

// references makes to the parents that are stored as ids, and returns the rows
// whose parents are not.
func (p *parentReader) references(to *table.Leaf, at []uint32) ([]reference, error) {
	to.Ints = make([]int64, len(at))
	var refs []reference
	var refAt, rawAt, rawPlaces []uint32
	place := 0
	err := p.targets.eachPage(at, func(i int, at []uint32) error {
		b, err := p.targets.bytes(&p.targets.head.list[i])
		if err != nil {
			return err
		}
		c, err := p.cursor(i, b)
		if err != nil {
			return err
		}
		for _, row := range at {
			switch t := c.to(int(row) - i*p.targets.head.size); t {
			case targetNone:
			case targetRaw:
				rawAt, rawPlaces = append(rawAt, uint32(c.before.raws)), append(rawPlaces, uint32(place))
			default:
				refAt = append(refAt, uint32(c.before.refs))
				refs = append(refs, reference{place: place, row: row, to: int(t - targetCluster)})
			}
			place++
		}
		return nil
	}, func(n int, why error) {
		to.Lose(place, place+n, why)
		place += n
	})
	if err != nil {
		return nil, err
	}
	var numbers, raw table.Leaf
	if raw.Ints, err = decodeAt(p.raw, &raw, rawAt, p.raw.ints); err != nil {
		return nil, err
	}
	for k, place := range rawPlaces {
		if to.Ints[place] = raw.Int(k); raw.LostAt(k) {
			to.Lose(int(place), int(place)+1, raw.Damage())
		}
	}
	if numbers.Ints, err = decodeAt(p.numbers, &numbers, refAt, p.numbers.ints); err != nil {
		return nil, err
	}
	kept := refs[:0]
	for k, ref := range refs {
		if numbers.LostAt(k) {
			to.Lose(ref.place, ref.place+1, numbers.Damage())
			continue
		}
		ref.number = numbers.Int(k)
		kept = append(kept, ref)
	}
	return kept, nil
}

// targetCursor counts the references and raw ids before the row of a page that
// it stands on.
type targetCursor struct {
	runs   runs[uint32]
	run    int
	row    int
	before targetCounts
}

// cursor returns one that stands before the first row of a page of targets.
func (p *parentReader) cursor(page int, b []byte) (*targetCursor, error) {
	runs, err := uintRuns(b, p.targets.head.values(page))
	if err != nil {
		return nil, err
	}
	if err := checkCodes(runs.values, p.targets.head.entries+1); err != nil {
		return nil, err
	}
	var sum targetCounts
	start := 0
	for i, t := range runs.values {
		n := 1
		if runs.ends != nil {
			n = int(runs.ends[i]) - start
			start += n
		}
		sum.add(t, n)
	}
	return &targetCursor{runs: runs, before: p.before[page]}, p.checkTargets(page, sum)
}

// add counts n rows of a target.
func (c *targetCounts) add(target uint32, n int) {
	switch target {
	case targetNone:
	case targetRaw:
		c.raws += n
	default:
		c.refs += n
	}
}

// to goes to a row of the page, which is not before the one it stands on, and
// returns its target.
func (c *targetCursor) to(row int) uint32 {
	for {
		end := c.run + 1
		if c.runs.ends != nil {
			end = int(c.runs.ends[c.run])
		}
		target := c.runs.values[c.run]
		c.before.add(target, min(end, row)-c.row)
		c.row = min(end, row)
		if row < end {
			return target
		}
		c.run++
	}
}

func (p *parentReader) clusterOf(row uint32) int {
	k, found := slices.BinarySearch(p.ends, row)
	if found {
		k++
	}
	return k
}

// begin returns the first row of a cluster.
func (p *parentReader) begin(cluster int) uint32 {
	if cluster == 0 {
		return 0
	}
	return p.ends[cluster-1]
}

// rangesOf returns the rows of some clusters.
func (p *parentReader) rangesOf(clusters []int) (rows column.Ranges) {
	slices.Sort(clusters)
	for _, c := range slices.Compact(clusters) {
		rows = rows.Add(int(p.begin(c)), int(p.ends[c]))
	}
	return rows
}

// parentOf returns the row that a reference names; rows are those of the trace in
// its own and its parent's cluster.
func (p *parentReader) parentOf(ref *reference, rows []uint32) (uint32, error) {
	first := func(cluster int) int {
		k, _ := slices.BinarySearch(rows, p.begin(cluster))
		return k
	}
	number := ref.number
	if own := p.clusterOf(ref.row); p.relative[own] != 0 {
		k, _ := slices.BinarySearch(rows, ref.row)
		number += int64(k - first(own))
	}
	from := first(ref.to)
	if number < 0 || number >= int64(len(rows)-from) {
		return 0, corruptf("row %d: parent is number %d of %d", ref.row, number, len(rows)-from)
	}
	return rows[from+int(number)], nil
}

// pickIDs puts the ids of parents where they belong among those of to.
func (p *parentReader) pickIDs(to *table.Leaf, refs []reference) error {
	rows := make([]uint32, len(refs))
	for i := range refs {
		rows[i] = refs[i].parent
	}
	slices.Sort(rows)
	rows = slices.Compact(rows)
	ids := table.NewLeaf(table.KindSpanID)
	if err := p.c.Rows.Leaves[table.SpanSpanID].Select(&ids, rows); err != nil {
		return err
	}
	for i := range refs {
		k, _ := slices.BinarySearch(rows, refs[i].parent)
		if to.Ints[refs[i].place] = ids.Int(k); ids.IsLost() && ids.LostAt(k) {
			to.Lose(refs[i].place, refs[i].place+1, ids.Damage())
		}
	}
	return nil
}

func distinct(codes []uint32) int {
	seen := map[uint32]bool{}
	for _, c := range codes {
		seen[c] = true
	}
	return len(seen)
}

// codesAt returns the codes at some places, without those behind the last that
// is stored.
func (p *pagedLeaf) codesAt(at []uint32) (out []uint32, err error) {
	err = p.eachPage(at, func(i int, at []uint32) error {
		codes, err := p.codes(i)
		if err != nil {
			return err
		}
		codes.at(uint32(i*p.head.size), at, func(c uint32) { out = append(out, c) })
		return nil
	}, nil)
	return out, err
}

// rowsOf returns those of some rows that have a code.
func (p *pagedLeaf) rowsOf(code uint32, within column.Ranges) ([]uint32, error) {
	rows, err := p.findCodes([]uint32{code}, within)
	if n := int(within[len(within)-1].To); code == 0 && p.head.n < n {
		rows = rows.Add(p.head.n, n)
	}
	return rows.And(within).List(), err
}
