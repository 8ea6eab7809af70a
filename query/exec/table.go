package exec

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/ttlog/ttlog/query/eval"
	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/types"
)

// table is all rows of an input in memory, in their order: for operators that
// need to see them beside each other.
type table struct {
	n    int
	cols []*eval.Vec
	acct eval.Account
}

// gather computes expressions in all rows of op. A nil expression is one that
// nobody wants: its column is NULL. stage names what the memory is for.
func (x *Exec) gather(ctx context.Context, op Operator, stage string, exprs []*plan.Expr) (*table, error) {
	parts := make([]*tablePart, x.workers)
	err := x.each(ctx, op, func(w int, b *batch, seq uint64) error {
		if parts[w] == nil {
			parts[w] = &tablePart{exprs: exprs, texts: make([]map[string]string, len(exprs)), acct: eval.NewAccount(x.Budget, stage)}
		}
		return b.chunks(eval.ChunkRows, func(ev *eval.Evaluator, row uint64) error { return parts[w].add(ev, seq+row) })
	})
	if err != nil {
		return nil, err
	}
	t := &table{acct: eval.NewAccount(x.Budget, stage)}
	var chunks []tableChunk
	for _, p := range parts {
		if p == nil {
			continue
		}
		chunks = append(chunks, p.chunks...)
		if err := p.acct.Set(0); err != nil {
			return nil, err
		}
		if err := t.grow(p.bytes); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(chunks, func(a, b tableChunk) int { return cmp.Compare(a.seq, b.seq) })
	for _, c := range chunks {
		t.n += c.n
	}
	for j, e := range exprs {
		if e == nil {
			t.cols = append(t.cols, eval.NewVec(types.Null, t.n))
			continue
		}
		list := make([]*eval.Vec, len(chunks))
		for i := range chunks {
			list[i], chunks[i].cols[j] = chunks[i].cols[j], nil
		}
		v, err := eval.Concat(ctx, e.Type, t.n, list)
		if err != nil {
			return nil, err
		}
		if err := t.grow(v.Width()); err != nil { // the chunks' vecs are garbage, which is still there
			return nil, err
		}
		if err := t.grow(-v.Width()); err != nil {
			return nil, err
		}
		t.cols = append(t.cols, v)
	}
	return t, nil
}

// grow accounts n bytes more.
func (t *table) grow(n int64) error { return t.acct.Set(t.acct.Held + n) }

func (t *table) close() { _ = t.acct.Set(0) } // giving back cannot fail

// emit gives columns of the table's rows to a consumer, some thousand at a time.
func (t *table) emit(ctx context.Context, cols []*eval.Vec, emit func([]*eval.Vec, int) error) error {
	for lo := 0; lo < t.n; lo += eval.ChunkRows {
		if err := ctx.Err(); err != nil {
			return err
		}
		part, hi := make([]*eval.Vec, len(cols)), min(lo+eval.ChunkRows, t.n)
		for j, v := range cols {
			part[j] = v.Slice(lo, hi)
		}
		if err := emit(part, hi-lo); err != nil {
			return err
		}
	}
	return nil
}

// tablePart is the rows that one worker met.
type tablePart struct {
	exprs  []*plan.Expr
	chunks []tableChunk
	texts  []map[string]string // by expression: most columns have few texts
	bytes  int64
	acct   eval.Account
}

type tableChunk struct {
	seq  uint64 // of the first row
	n    int
	cols []*eval.Vec
}

// maxTexts is how many texts of a column are kept to be found again.
const maxTexts = 4096

func (p *tablePart) add(ev *eval.Evaluator, seq uint64) error {
	c := tableChunk{seq: seq, n: ev.Rows, cols: make([]*eval.Vec, len(p.exprs))}
	for j, e := range p.exprs {
		if e == nil {
			continue
		}
		v := ev.Vec(e)
		if ev.Err != nil {
			return ev.Err
		}
		c.cols[j] = v.Owned(func(s string) string { return p.own(j, s) })
		p.bytes += c.cols[j].Width()
	}
	p.chunks = append(p.chunks, c)
	return p.acct.Set(p.bytes)
}

// own returns a text that does not hold on to the block that it comes from.
func (p *tablePart) own(column int, s string) string {
	if have, ok := p.texts[column][s]; ok || s == "" {
		return have
	}
	s = strings.Clone(s)
	p.bytes += int64(len(s))
	if p.texts[column] == nil {
		p.texts[column] = map[string]string{}
	}
	if len(p.texts[column]) < maxTexts {
		p.texts[column][s] = s
	}
	return s
}
