package sql

import (
	"slices"
	"strings"
)

// window reads OVER (…) behind a call.
func (p *parser) window() *windowSpec {
	p.take()
	t := p.take()
	w := &windowSpec{}
	if !p.enter(t.pos) {
		return w
	}
	defer p.leave()
	if p.accept("partition") {
		p.expect("BY")
		w.partition = p.exprList()
	}
	if p.accept("order") {
		p.expect("BY")
		w.order = p.orderList()
	}
	if t := p.peek(0); t.is("rows") || t.is("range") {
		w.frame = p.frame()
	}
	if !p.accept(")") {
		p.unexpected("PARTITION BY, ORDER BY, ROWS, RANGE or )")
	}
	return w
}

func (p *parser) frame() *frameSpec {
	t := p.take()
	f := &frameSpec{unit: strings.ToUpper(t.text), pos: t.pos}
	if p.accept("between") {
		f.from = p.frameBound()
		p.expect("AND")
		f.to = p.frameBound()
	} else {
		f.from = p.frameBound()
	}
	return f
}

func (p *parser) frameBound() (b frameBound) {
	switch {
	case p.accept("current"):
		p.expect("ROW")
		return b
	case p.accept("unbounded"):
		b.unbounded = true
	default:
		b.by = p.unary()
	}
	switch {
	case p.accept("preceding"):
	case p.accept("following"):
		b.following = true
	default:
		p.unexpected("PRECEDING or FOLLOWING")
	}
	return b
}

func printWindow(b *strings.Builder, w *windowSpec) {
	var parts []string
	if len(w.partition) > 0 {
		var s strings.Builder
		printList(&s, w.partition)
		parts = append(parts, "PARTITION BY "+s.String())
	}
	if len(w.order) > 0 {
		var s strings.Builder
		printOrder(&s, w.order)
		parts = append(parts, s.String())
	}
	if w.frame != nil {
		parts = append(parts, w.frame.unit+" BETWEEN "+w.frame.from.String()+" AND "+w.frame.to.String())
	}
	b.WriteString(" OVER (" + strings.Join(parts, " ") + ")")
}

// String returns the bound as it could have been written.
func (b frameBound) String() string {
	side := " PRECEDING"
	if b.following {
		side = " FOLLOWING"
	}
	switch {
	case b.unbounded:
		return "UNBOUNDED" + side
	case b.by == nil:
		return "CURRENT ROW"
	}
	return nodeString(b.by) + side
}

func equalWindows(a, b *windowSpec) bool {
	if a == nil || b == nil {
		return a == b
	}
	same := func(x, y frameBound) bool {
		return x.unbounded == y.unbounded && x.following == y.following && equalNodes(x.by, y.by)
	}
	return slices.EqualFunc(a.partition, b.partition, equalNodes) &&
		slices.EqualFunc(a.order, b.order, func(x, y orderItem) bool {
			return x.desc == y.desc && x.nulls == y.nulls && equalNodes(x.expr, y.expr)
		}) &&
		(a.frame == nil) == (b.frame == nil) &&
		(a.frame == nil || a.frame.unit == b.frame.unit && same(a.frame.from, b.frame.from) && same(a.frame.to, b.frame.to))
}
