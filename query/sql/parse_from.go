package sql

import "strings"

// fromList reads the relations behind FROM.
func (p *parser) fromList() []*tableRef {
	list := []*tableRef{p.tableRef()}
	for p.err == nil {
		join := p.joinWords()
		if join == "" {
			break
		}
		r := p.tableRef()
		r.join = join
		switch {
		case join == joinCross:
		case p.accept("using"):
			r.using = p.using()
		default:
			p.expect("ON")
			r.on = p.expr()
		}
		list = append(list, r)
	}
	return list
}

// How relations are joined, as they are printed.
const (
	joinInner = "JOIN"
	joinCross = "CROSS JOIN"
	joinLeft  = "LEFT JOIN"
	joinSemi  = "LEFT SEMI JOIN"
	joinAnti  = "LEFT ANTI JOIN"
	joinRight = "RIGHT JOIN"
	joinFull  = "FULL JOIN"
)

// joinWords reads the words between two relations and returns what they mean, ""
// where none follow.
func (p *parser) joinWords() string {
	t := p.peek(0)
	join := ""
	switch {
	case t.is(","):
		p.take()
		return joinCross
	case p.accept("cross"):
		join = joinCross
	case p.accept("left"):
		switch {
		case p.accept("semi"):
			join = joinSemi
		case p.accept("anti"):
			join = joinAnti
		default:
			p.accept("outer")
			join = joinLeft
		}
	case p.accept("inner"), t.is("join"):
		join = joinInner
	case p.accept("right"):
		p.accept("outer")
		join = joinRight
	case p.accept("full"):
		p.accept("outer")
		join = joinFull
	default:
		return ""
	}
	p.expect("JOIN")
	return join
}

// using reads the names behind USING.
func (p *parser) using() (list []usingName) {
	p.expect("(")
	for p.err == nil {
		t := p.peek(0)
		if t.kind != tokQuoted && (t.kind != tokIdent || isReserved(t.text)) {
			p.unexpected("the name of a column")
			break
		}
		p.take()
		p.count(t.pos)
		name := []string{t.text}
		for p.accept(".") { // an attribute
			name = append(name, p.take().text)
		}
		list = append(list, usingName{strings.Join(name, "."), t.pos})
		if !p.accept(",") {
			break
		}
	}
	p.expect(")")
	return list
}

// tableRef reads a table, a subquery or UNNEST(array), with its alias.
func (p *parser) tableRef() *tableRef {
	t := p.peek(0)
	r := &tableRef{pos: t.pos}
	p.relation(t.pos)
	switch {
	case t.is("("):
		p.take()
		r.sub = p.selectStmt()
		p.expect(")")
	case t.is("unnest") && t.kind == tokIdent && p.peek(1).is("("):
		p.take()
		p.take()
		if p.enter(t.pos) {
			r.array = p.expr()
			p.leave()
		}
		p.expect(")")
	case t.kind == tokIdent && !isReserved(t.text), t.kind == tokQuoted:
		p.take()
		r.name, p.reads = t.text, true
	default:
		p.unexpected("spans, traces, logs, metrics or a subquery")
		return r
	}
	r.alias = p.alias()
	return r
}

// startsSelect reports whether a subquery begins i tokens ahead.
func (p *parser) startsSelect(i int) bool {
	t := p.peek(i)
	return t.kind == tokIdent && (t.is("select") || t.is("with"))
}

// subquery reads (SELECT …).
func (p *parser) subquery() *selectStmt {
	p.expect("(")
	s := p.selectStmt()
	p.expect(")")
	return s
}
