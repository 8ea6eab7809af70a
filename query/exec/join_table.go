package exec

import (
	"bytes"
	"cmp"
	"context"
	"hash/maphash"
	"math"
	"slices"

	"github.com/ttlog/ttlog/query/eval"
	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/types"
)

// joinTable is the rows of a join's right input, by their keys: a hash table whose
// chains are row numbers. Keys are bytes in one place and not values or numbers
// of interned ones: of ids, which are most keys, hardly any comes twice, and a
// map of two million would take what a query may hold at most.
type joinTable struct {
	rows int
	keys []byte   // of all rows
	ends []uint32 // of each row's key
	// heads and the links' next are rows + 1, 0 for none. A chain has the rows in
	// order.
	heads []uint32
	links []link
	seed  maphash.Seed
	// cols are the columns that are read, with a row of NULLs behind the last.
	cols []*eval.Encoded
	null bool // a row has a NULL among its keys
	any  bool // there is a row, here or in another partition
	told []toldValues
	acct eval.Account
}

// link is a row in its chain. Most keys that are not looked for are told by their
// hash, without a look at where they are.
type link struct{ next, hash uint32 }

// builtPart is what one morsel gave.
type builtPart struct {
	seq  uint64
	base int // rows before these, which are on the disk
	n    int
	keys []byte
	ends []uint32
	null []bool // which rows have a NULL among their keys
	cols []*eval.Vec
}

// joinBuilder is one worker's rows.
type joinBuilder struct {
	op    *joinOp
	parts []*builtPart
	told  []toldValues
	bytes int64
	acct  eval.Account
}

// table reads the right input. Where that exceeds the memory, the table is without
// rows, and right has them.
func (o *joinOp) table(ctx context.Context, x *Exec, right *side) (*joinTable, error) {
	builders := make([]*joinBuilder, x.workers)
	err := x.each(ctx, o.right, func(w int, b *batch, seq uint64) error {
		j := builders[w]
		if j == nil {
			j = &joinBuilder{op: o, told: newTold(o), acct: eval.NewAccount(x.Budget, "JOIN")}
			builders[w] = j
		}
		return j.add(b, seq, func(err error) error {
			if o.disk == nil || !o.disk.due(j.acct.Held, err) {
				return err
			}
			return o.disk.take(ctx, right, w, j)
		}, x.holdRows())
	})
	if err != nil {
		return nil, err
	}
	t := newJoinTable(o, x)
	if o.disk == nil || !o.disk.began.Load() && !o.disk.large(builders) {
		return t, t.merge(ctx, o, builders)
	}
	t.any = true
	for w, j := range builders {
		if j == nil {
			continue
		}
		if err := o.disk.take(ctx, right, w, j); err != nil {
			return nil, err
		}
		for k := range t.told {
			t.told[k].merge(&j.told[k])
		}
	}
	return t, nil
}

func newJoinTable(o *joinOp, x *Exec) *joinTable {
	return &joinTable{seed: maphash.MakeSeed(), told: newTold(o), acct: eval.NewAccount(x.Budget, "JOIN")}
}

// keeps reports whether column i of the right input is held.
func (o *joinOp) keeps(i int) bool {
	if slices.Contains(plan.Columns(o.rest...), o.width+i) {
		return true
	}
	return o.node.Kind.Pairs() && (o.node.Unread == nil || !o.node.Unread[i])
}

func newBuiltPart(o *joinOp, seq uint64) *builtPart {
	p := &builtPart{seq: seq}
	for i, f := range o.node.Right.Schema() {
		p.cols = append(p.cols, nil)
		if o.keeps(i) {
			p.cols[i] = eval.NewVec(f.Type, 0)
		}
	}
	return p
}

// forget gives up the rows, which are on the disk.
func (p *builtPart) forget() {
	p.base += p.n
	p.n, p.keys, p.ends, p.null = 0, nil, nil, nil
	for i, c := range p.cols {
		if c != nil {
			p.cols[i] = eval.NewVec(c.Type, 0)
		}
	}
}

// add takes rows of a morsel, size at a time. full is told of what accounting for
// them gave.
func (j *joinBuilder) add(b *batch, seq uint64, full func(error) error, size int) error {
	if len(j.parts) == 0 || j.parts[len(j.parts)-1].seq != seq {
		j.parts = append(j.parts, newBuiltPart(j.op, seq))
	}
	p := j.parts[len(j.parts)-1]
	return b.chunks(size, func(ev *eval.Evaluator, _ uint64) error {
		keys := j.op.vecs(ev, j.op.build)
		if ev.Err != nil {
			return ev.Err
		}
		before := len(p.keys)
		p.ends, p.null = slices.Grow(p.ends, ev.Rows), slices.Grow(p.null, ev.Rows)
		for i := range ev.Rows {
			null := false
			p.keys, null = j.op.appendKey(p.keys, keys, i)
			p.null = append(p.null, null)
			if len(p.keys) > math.MaxUint32 {
				return plan.LimitError("keys of more than 4 GiB at JOIN")
			}
			p.ends = append(p.ends, uint32(len(p.keys)))
		}
		for k := range j.told {
			j.told[k].add(keys[k])
		}
		p.n += ev.Rows
		j.bytes += int64(len(p.keys)-before) + int64(21*ev.Rows) // and their places in the table
		for i, c := range p.cols {
			if c == nil {
				continue
			}
			v := ev.Gather(i)
			if ev.Err != nil { // v has no values
				return ev.Err
			}
			j.bytes += c.Append(v)
		}
		return full(j.acct.Set(j.bytes))
	})
}

// vecs computes keys over ev's chunk.
func (o *joinOp) vecs(ev *eval.Evaluator, keys []*plan.Expr) []*eval.Vec {
	out := make([]*eval.Vec, len(keys))
	for i, e := range keys {
		out[i] = ev.Vec(e)
	}
	return out
}

// appendKey appends the key of row i, and reports whether a part of it is NULL.
func (o *joinOp) appendKey(dst []byte, keys []*eval.Vec, i int) (key []byte, null bool) {
	for k, v := range keys {
		if v.IsNull(i) {
			return dst, true
		}
		x := v.At(i)
		if o.mixed[k] {
			x = types.InKey(x)
			dst = append(dst, byte(x.Type))
		}
		dst = appendValue(dst, x)
	}
	return dst, false
}

// merge makes one table of what the workers have, rows in the order of the input.
func (t *joinTable) merge(ctx context.Context, o *joinOp, builders []*joinBuilder) error {
	var parts []*builtPart
	held := int64(0)
	for _, j := range builders {
		if j == nil {
			continue
		}
		parts = append(parts, j.parts...)
		held += j.bytes
		_ = j.acct.Set(0) // giving back cannot fail
		for k := range t.told {
			t.told[k].merge(&j.told[k])
		}
	}
	defer func() { t.any = t.any || t.rows > 0 }()
	if err := t.acct.Set(held); err != nil {
		return err
	}
	slices.SortFunc(parts, func(x, y *builtPart) int { return cmp.Compare(x.seq, y.seq) })
	rows, bytes := 0, 0
	for _, p := range parts {
		rows, bytes = rows+p.n, bytes+len(p.keys)
	}
	t.keys, t.ends = make([]byte, 0, bytes), make([]uint32, 0, rows)
	null := make([]bool, 0, rows)
	watch := eval.NewWatch(ctx)
	for _, p := range parts {
		if err := watch.Spent(p.n); err != nil {
			return err
		}
		base := len(t.keys)
		if base+len(p.keys) > math.MaxUint32 {
			return plan.LimitError("keys of more than 4 GiB at JOIN")
		}
		t.rows += p.n
		t.keys = append(t.keys, p.keys...)
		for _, end := range p.ends {
			t.ends = append(t.ends, uint32(base)+end)
		}
		null = append(null, p.null...)
		p.keys, p.ends, p.null = nil, nil, nil
	}
	if err := t.index(ctx, null); err != nil {
		return err
	}
	return t.columns(ctx, o, parts)
}

// index makes the chains, from the last row to the first.
func (t *joinTable) index(ctx context.Context, null []bool) error {
	size := 1
	for size < t.rows {
		size *= 2
	}
	t.heads, t.links = make([]uint32, size), make([]link, t.rows)
	for row := t.rows - 1; row >= 0; row-- {
		if err := eval.Interrupted(ctx, row); err != nil {
			return err
		}
		if null[row] { // which nothing equals
			t.null = true
			continue
		}
		hash := t.hash(t.key(row))
		head := t.head(hash)
		t.links[row], *head = link{*head, uint32(hash >> 32)}, uint32(row+1)
	}
	return nil
}

func (t *joinTable) key(row int) []byte {
	if row == 0 {
		return t.keys[:t.ends[0]]
	}
	return t.keys[t.ends[row-1]:t.ends[row]]
}

func (t *joinTable) hash(key []byte) uint64 { return maphash.Bytes(t.seed, key) }

func (t *joinTable) head(hash uint64) *uint32 { return &t.heads[hash&uint64(len(t.heads)-1)] }

// find returns the first row with the key, plus 1, or 0.
func (t *joinTable) find(hash uint64, key []byte) uint32 { return t.from(*t.head(hash), hash, key) }

// after returns the next row with the key behind row, which is plus 1 as well.
func (t *joinTable) after(row uint32, hash uint64, key []byte) uint32 {
	return t.from(t.links[row-1].next, hash, key)
}

func (t *joinTable) from(row uint32, hash uint64, key []byte) uint32 {
	for row != 0 {
		l := t.links[row-1]
		if l.hash == uint32(hash>>32) && bytes.Equal(t.key(int(row-1)), key) {
			return row
		}
		row = l.next
	}
	return 0
}

// columns puts the columns of all parts together, one after the other so that no
// more than one is there twice.
func (t *joinTable) columns(ctx context.Context, o *joinOp, parts []*builtPart) error {
	for i, f := range o.node.Right.Schema() {
		if err := ctx.Err(); err != nil {
			return err
		}
		if !o.keeps(i) {
			e, err := eval.Encode(nil, t.rows+1, f.Type)
			if err != nil {
				return err
			}
			t.cols = append(t.cols, e)
			continue
		}
		var list []*eval.Vec
		size := int64(0)
		for _, p := range parts {
			size += p.cols[i].Width()
			list, p.cols[i] = append(list, p.cols[i]), nil
		}
		if err := t.acct.Set(t.acct.Held + size); err != nil {
			return err
		}
		none := eval.NewVec(f.Type, 1)
		none.SetNull(0)
		v, err := eval.Concat(ctx, f.Type, t.rows+1, append(list, none))
		if err != nil {
			return err
		}
		t.cols = append(t.cols, &eval.Encoded{Entries: v})
		_ = t.acct.Set(t.acct.Held - size) // giving back cannot fail
	}
	return nil
}

func (t *joinTable) close() { _ = t.acct.Set(0) } // giving back cannot fail
