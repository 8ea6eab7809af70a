package exec

import (
	"bytes"
	"slices"
	"sync"

	"github.com/ttlog/ttlog/query/eval"
	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/types"
)

// probeMorsel is rows of the left input, to be looked up.
type probeMorsel struct {
	morsel
	op *joinOp
	t  *joinTable
}

func (m *probeMorsel) run(w *worker, emit func(*batch) error) error {
	p := &probe{m: m, t: m.t, w: w, emit: emit}
	if !m.op.needsMatch() {
		return m.morsel.run(w, p.batch)
	}
	return m.morsel.run(w, func(b *batch) error {
		if err := m.reduce(b); err != nil || b.len() == 0 {
			return err
		}
		return b.late(p.batch)
	})
}

// reduce leaves out the rows of which a key has a value that no row of the table
// has: of spans most are of other traces than those that are looked for, and traces
// are few where spans are many.
func (m *probeMorsel) reduce(b *batch) error {
	ev := b.eval()
	for k, e := range m.op.probe {
		told := &m.t.told[k]
		if !e.IsCol() || m.op.mixed[k] || !told.knows() {
			continue
		}
		b.sel, b.all, _ = ev.FilterEntries(e.Column, told.may, b.sel, b.all)
		if ev.Err != nil || b.len()*lateFactor <= b.f.Rows() {
			break // what is left is read alone, and the column of another key would be read whole
		}
	}
	return ev.Err
}

// probe works through the rows of one morsel.
type probe struct {
	m    *probeMorsel
	t    *joinTable
	w    *worker
	emit func(*batch) error
	base uint64 // of the numbers of rows that are given

	src   *pickedFrame
	chunk eval.Chunk
	hit   []bool // which rows of the chunk have a match
	null  []bool // which have a NULL among their keys
	next  int    // the first row of the chunk that is not done

	// Pairs that may match: a row of the chunk, and one of the table.
	rows, built []uint32
	// Pairs that match, to be given: a row of the frame, and one of the table.
	outRows, outBuilt []uint32
}

func (p *probe) batch(b *batch) error {
	p.src = &pickedFrame{f: b.f}
	var kept []uint32
	err := b.chunks(eval.ChunkRows, func(ev *eval.Evaluator, _ uint64) error {
		if err := p.lookUp(ev); err != nil {
			return err
		}
		switch kind := p.m.op.node.Kind; kind {
		case plan.MarkJoin:
			return p.give(p.frame(p.frameRows(all(p.chunk.Len)), nil, p.marks()))
		case plan.SemiJoin, plan.AntiJoin:
			for i := range p.chunk.Len {
				if p.keeps(i, kind) {
					kept = append(kept, p.chunk.Row(i))
				}
			}
		}
		return nil
	})
	switch {
	case err != nil:
		return err
	case len(p.outRows) > 0:
		return p.giveOut()
	case len(kept) == 0:
		return nil
	}
	b.sel, b.all = kept, false
	return b.late(p.emit)
}

// keeps reports whether a semi or anti join keeps row i of the chunk.
func (p *probe) keeps(i int, kind plan.JoinKind) bool {
	switch {
	case kind == plan.SemiJoin:
		return p.hit[i]
	case !p.m.op.node.Nulls:
		return !p.hit[i]
	}
	return !p.hit[i] && !p.unknown(i)
}

// unknown reports whether NULL decides for row i, which has no match: it, or a
// row of the table, has a NULL that might have been one.
func (p *probe) unknown(i int) bool {
	return p.t.any && (p.null[i] || p.t.null || len(p.m.op.build) == 0)
}

// marks tells of each row of the chunk whether it has a match.
func (p *probe) marks() *eval.Vec {
	v := eval.NewVec(types.Bool, p.chunk.Len)
	for i := range p.chunk.Len {
		v.Ints[i] = types.Bit(p.hit[i])
		if p.m.op.node.Nulls && !p.hit[i] && p.unknown(i) {
			v.SetNull(i)
		}
	}
	return v
}

// lookUp finds the matches of ev's chunk.
func (p *probe) lookUp(ev *eval.Evaluator) error {
	op := p.m.op
	keys := op.vecs(ev, op.probe)
	if ev.Err != nil {
		return ev.Err
	}
	p.chunk, p.hit, p.null, p.next = ev.Chunk, make([]bool, ev.Rows), make([]bool, ev.Rows), 0
	asked := !op.node.Kind.Pairs() && len(op.rest) == 0 // whether there is a match is all
	var key, last []byte
	hash, first := uint64(0), uint32(0) // of last, and the first row that has it
	for i := range ev.Rows {
		if i%64 == 63 && ev.Stopped() {
			return ev.Err
		}
		if key, p.null[i] = op.appendKey(key[:0], keys, i); p.null[i] || op.never {
			continue
		}
		// Rows are clustered: many have the key of the one before.
		if i == 0 || !bytes.Equal(key, last) {
			hash = p.t.hash(key)
			first, last = p.t.find(hash, key), append(last[:0], key...)
		}
		if asked {
			p.hit[i] = first != 0
			continue
		}
		for row := first; row != 0; row = p.t.after(row, hash, key) {
			p.rows, p.built = append(p.rows, uint32(i)), append(p.built, row-1)
			if len(p.rows) >= p.w.size {
				if err := p.flush(i); err != nil {
					return err
				}
			}
		}
	}
	return p.flush(ev.Rows)
}

// flush gives the pairs that match; all rows before upto have theirs.
func (p *probe) flush(upto int) error {
	rows, built := p.rows, p.built
	p.rows, p.built = nil, nil
	if len(p.m.op.rest) > 0 && len(rows) > 0 {
		var err error
		if rows, built, err = p.matching(rows, built); err != nil {
			return err
		}
	}
	for _, i := range rows {
		if p.hit[i] && p.m.op.node.Single {
			return errManyValues
		}
		p.hit[i] = true
	}
	node := p.m.op.node
	if node.Kind == plan.LeftJoin {
		rows, built = p.withMissing(rows, built, upto)
	}
	p.next = upto
	if !node.Kind.Pairs() || len(rows) == 0 {
		return nil
	}
	p.outRows, p.outBuilt = append(p.outRows, p.frameRows(rows)...), append(p.outBuilt, built...)
	if len(p.outRows) < p.w.size {
		return nil
	}
	return p.giveOut()
}

// giveOut gives the pairs that match.
func (p *probe) giveOut() error {
	rows, built := p.outRows, p.outBuilt
	p.outRows, p.outBuilt = nil, nil
	for lo := 0; lo < len(rows); lo += p.w.size {
		hi := min(lo+p.w.size, len(rows))
		if err := p.give(p.frame(rows[lo:hi], built[lo:hi], nil)); err != nil {
			return err
		}
	}
	return nil
}

// frameRows returns the rows of the frame that rows of the chunk are.
func (p *probe) frameRows(rows []uint32) []uint32 {
	out := make([]uint32, len(rows))
	for i, r := range rows {
		out[i] = p.chunk.Row(int(r))
	}
	return out
}

// matching leaves out the pairs that do not meet the other conditions.
func (p *probe) matching(rows, built []uint32) (outRows, outBuilt []uint32, err error) {
	err = p.w.give(p.frame(p.frameRows(rows), built, nil), 0, func(b *batch) error {
		sel, whole, err := b.eval().Filter(p.m.op.rest, nil, true)
		if whole {
			outRows, outBuilt = rows, built
			return err
		}
		for _, i := range sel {
			outRows, outBuilt = append(outRows, rows[i]), append(outBuilt, built[i])
		}
		return err
	})
	return outRows, outBuilt, err
}

// withMissing adds the rows up to upto that have no match, where they belong,
// with the row of NULLs.
func (p *probe) withMissing(rows, built []uint32, upto int) (outRows, outBuilt []uint32) {
	k := 0
	for i := p.next; i < upto || k < len(rows); i++ {
		for ; k < len(rows) && int(rows[k]) == i; k++ {
			outRows, outBuilt = append(outRows, rows[k]), append(outBuilt, built[k])
		}
		if i < upto && !p.hit[i] {
			outRows, outBuilt = append(outRows, uint32(i)), append(outBuilt, uint32(p.t.rows))
		}
	}
	return outRows, outBuilt
}

func (p *probe) give(f *joinFrame) error {
	base := p.base
	p.base += uint64(f.Rows())
	return p.w.give(f, base, p.emit)
}

// frame is rows of the frame with rows of the table, or with marks. Where they are
// few of the frame's, columns are read for them alone.
func (p *probe) frame(rows, built []uint32, mark *eval.Vec) *joinFrame {
	f := &joinFrame{left: p.src, width: p.m.op.width, t: p.t, rows: rows, built: built, mark: mark}
	few := slices.Compact(slices.Clone(rows)) // which rise
	if own, ok := alone(p.src.f, few); ok {
		f.left, f.rows = &pickedFrame{f: own}, make([]uint32, len(rows))
		at := 0
		for i, r := range rows {
			for few[at] != r {
				at++
			}
			f.rows[i] = uint32(at)
		}
	}
	return f
}

func all(n int) []uint32 {
	list := make([]uint32, n)
	for i := range list {
		list[i] = uint32(i)
	}
	return list
}

// joinFrame is rows of a frame of the left input, each with a row of the table, or
// with a mark. Columns are put together when they are asked for.
type joinFrame struct {
	left        *pickedFrame
	width       int
	t           *joinTable
	rows, built []uint32
	mark        *eval.Vec
}

func (f *joinFrame) Rows() int { return len(f.rows) }

func (f *joinFrame) Width() int {
	if f.mark != nil {
		return f.width + 1
	}
	return f.width + len(f.t.cols)
}

func (f *joinFrame) Column(i int) (*eval.Encoded, error) {
	switch {
	case i < f.width:
		return f.left.pick(i, f.rows)
	case f.mark != nil:
		return &eval.Encoded{Entries: f.mark}, nil
	}
	return f.t.cols[i-f.width].Pick(f.built), nil
}

// pickedFrame is a frame of which others hold rows, who may read it at any time
// and in any worker.
type pickedFrame struct {
	f eval.Frame

	mu   sync.Mutex
	cols map[int]*eval.Encoded // guarded by mu
}

// pick returns some rows of column i. Who is the first to read the column
// accounts for it.
func (f *pickedFrame) pick(i int, rows []uint32) (*eval.Encoded, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	e, ok := f.cols[i]
	if ok {
		return e.Pick(rows), nil
	}
	e, err := f.f.Column(i)
	if err != nil {
		return nil, err
	}
	if f.cols == nil {
		f.cols = map[int]*eval.Encoded{}
	}
	f.cols[i] = e
	out := e.Pick(rows)
	out.Bytes += e.Bytes
	return out, nil
}
