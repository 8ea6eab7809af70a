package sql

import (
	"strconv"
	"strings"

	"github.com/ttlog/ttlog/query/plan"
)

// Parse parses the text of one query. Its errors are of type [*Error].
func Parse(sql string) (*Statement, error) {
	if len(sql) > maxQueryBytes {
		return nil, &plan.Error{Message: "query of " + strconv.Itoa(len(sql)) + " bytes is longer than the limit of " + strconv.Itoa(maxQueryBytes)}
	}
	p := &parser{src: sql, lex: lexer{src: sql}}
	st := p.statement()
	if p.err != nil {
		return nil, p.err
	}
	return st, nil
}

// parser is a recursive-descent parser. The first error sticks in err, and
// makes the rest of the text look like its end, so that every loop stops.
type parser struct {
	src   string
	lex   lexer
	buf   [3]token // tokens read ahead
	n     int
	err   error
	depth int
	exprs int
	// relations behind FROM and WITH
	relations int
	reads     bool // one of them is a table
}

// peek returns the token i places ahead (0 to 2) without taking it.
func (p *parser) peek(i int) token {
	for p.n <= i {
		t := token{kind: tokEOF, pos: len(p.src), end: len(p.src)}
		if p.err == nil {
			var err error
			if t, err = p.lex.next(); err != nil {
				p.err = err
				p.n = 0
				return token{kind: tokEOF, pos: len(p.src), end: len(p.src)}
			}
		}
		p.buf[p.n] = t
		p.n++
	}
	return p.buf[i]
}

// take returns the next token and moves behind it.
func (p *parser) take() token {
	t := p.peek(0)
	if p.n > 0 {
		copy(p.buf[:], p.buf[1:p.n])
		p.n--
	}
	return t
}

// accept takes the next token if it is the keyword or symbol s.
func (p *parser) accept(s string) bool {
	if p.peek(0).is(s) {
		p.take()
		return true
	}
	return false
}

// expect takes the keyword or symbol s or fails.
func (p *parser) expect(s string) {
	if !p.accept(s) {
		p.unexpected(s)
	}
}

// unexpected fails at the next token.
func (p *parser) unexpected(expected string) {
	t := p.peek(0)
	if p.err != nil {
		return
	}
	line, col := plan.Position(p.src, t.pos)
	p.err = &plan.Error{Line: line, Column: col, Found: t.describe(p.src), Expected: expected}
	p.n = 0
}

// fail fails at the byte offset pos.
func (p *parser) fail(pos int, format string, args ...any) {
	if p.err == nil {
		p.err = plan.ErrorAt(p.src, pos, format, args...)
		p.n = 0
	}
}

// enter counts one level of nesting; it returns false past the limit.
func (p *parser) enter(pos int) bool {
	p.depth++
	if p.depth > maxNesting {
		p.fail(pos, "query is nested deeper than %d levels", maxNesting)
		return false
	}
	return p.err == nil
}

func (p *parser) leave() { p.depth-- }

// count counts one expression.
func (p *parser) count(pos int) {
	p.exprs++
	if p.exprs > MaxExprs {
		p.fail(pos, "query holds more than %d expressions", MaxExprs)
	}
}

// reserved are the words that cannot be a bare name or alias.
var reserved = map[string]bool{
	"select": true, "distinct": true, "from": true, "where": true, "group": true, "having": true,
	"order": true, "limit": true, "offset": true, "as": true, "and": true, "or": true, "not": true,
	"in": true, "between": true, "like": true, "ilike": true, "is": true, "null": true, "true": true,
	"false": true, "case": true, "when": true, "then": true, "else": true, "end": true, "cast": true,
	"join": true, "on": true, "union": true, "inner": true, "left": true, "right": true, "full": true,
	"cross": true, "using": true, "with": true, "intersect": true, "except": true, "qualify": true,
}

func isReserved(word string) bool { return reserved[strings.ToLower(word)] }

func (p *parser) statement() *Statement {
	st := &Statement{}
	if p.accept("explain") {
		st.Explain = true
		st.Analyze = p.accept("analyze")
	}
	switch {
	case p.peek(0).is("show"):
		p.take()
		st.Select = p.show()
	case p.peek(0).is("describe"), p.peek(0).is("desc"):
		p.take()
		st.Select = p.describe()
	case p.peek(0).is("delete") && !st.Explain:
		p.take()
		st.Delete, st.Select = true, p.delete()
	default:
		st.Select = p.selectStmt()
	}
	st.reads = p.reads
	for p.accept(";") {
	}
	if p.err == nil && p.peek(0).kind != tokEOF {
		p.unexpected("end of query")
	}
	return st
}

func (p *parser) selectStmt() *selectStmt {
	s := &selectStmt{pos: p.peek(0).pos}
	if !p.enter(s.pos) {
		return s
	}
	defer p.leave()
	with := p.with()
	s = p.setOperations()
	s.with = with
	if p.accept("order") {
		p.expect("BY")
		s.order = p.orderList()
	}
	p.limitOffset(s)
	return s
}

// with reads WITH name AS (SELECT …), …, or nothing.
func (p *parser) with() (list []withItem) {
	if !p.accept("with") {
		return nil
	}
	for {
		t := p.peek(0)
		if t.kind != tokQuoted && (t.kind != tokIdent || isReserved(t.text)) {
			p.unexpected("a name")
			return list
		}
		p.take()
		p.relation(t.pos)
		p.expect("AS")
		p.expect("(")
		list = append(list, withItem{name: t.text, sub: p.selectStmt(), pos: t.pos})
		p.expect(")")
		if !p.accept(",") {
			return list
		}
	}
}

// relation counts one relation.
func (p *parser) relation(pos int) {
	p.relations++
	if p.relations > maxRelations {
		p.fail(pos, "more than %d tables and subqueries", maxRelations)
	}
}

// selectCore reads a SELECT up to its HAVING or QUALIFY.
func (p *parser) selectCore() *selectStmt {
	s := &selectStmt{pos: p.peek(0).pos}
	p.relation(s.pos)
	p.expect("SELECT")
	if p.accept("distinct") {
		s.distinct = true
	} else {
		p.accept("all")
	}
	for {
		s.items = append(s.items, p.selectItem())
		if !p.accept(",") {
			break
		}
	}
	if p.accept("from") {
		s.from = p.fromList()
	}
	if p.accept("where") {
		s.where = p.expr()
	}
	if p.accept("group") {
		p.expect("BY")
		if s.groupAll = p.accept("all"); !s.groupAll {
			s.group = p.exprList()
		}
		if p.peek(0).is("fill") && p.peek(1).is("(") {
			s.fill = p.fill()
		}
	}
	if p.accept("having") {
		s.having = p.expr()
	}
	if p.accept("qualify") {
		s.qualify = p.expr()
	}
	return s
}

func (p *parser) limitOffset(s *selectStmt) {
	for p.err == nil {
		switch {
		case s.limit == nil && p.accept("limit"):
			s.limit = p.rowCount()
		case s.offset == nil && p.accept("offset"):
			s.offset = p.rowCount()
		default:
			return
		}
	}
}

// rowCount reads the number behind LIMIT or OFFSET.
func (p *parser) rowCount() node {
	t := p.peek(0)
	switch t.kind {
	case tokInt:
		return p.number()
	case tokParam:
		p.take()
		return &paramNode{name: t.text, pos: t.pos}
	}
	p.unexpected("a number of rows")
	return &litNode{}
}

func (p *parser) selectItem() selectItem {
	t := p.peek(0)
	if t.is("*") {
		p.take()
		p.count(t.pos)
		return selectItem{star: true, pos: t.pos}
	}
	if p.peek(1).is(".") && p.peek(2).is("*") && (t.kind == tokQuoted || t.kind == tokIdent) {
		p.take()
		p.take()
		p.take()
		p.count(t.pos)
		return selectItem{star: true, of: t.text, pos: t.pos}
	}
	it := selectItem{expr: p.expr(), pos: t.pos}
	it.alias = p.alias()
	return it
}

// alias reads [AS] name, or nothing.
func (p *parser) alias() string {
	must := p.accept("as")
	t := p.peek(0)
	if t.kind == tokQuoted || t.kind == tokIdent && !isReserved(t.text) {
		p.take()
		return t.text
	}
	if must {
		p.unexpected("a name")
	}
	return ""
}

func (p *parser) orderList() []orderItem {
	var list []orderItem
	for {
		it := orderItem{expr: p.expr()}
		if p.accept("desc") {
			it.desc = true
		} else {
			p.accept("asc")
		}
		if p.accept("nulls") {
			switch {
			case p.accept("first"):
				it.nulls = 'f'
			case p.accept("last"):
				it.nulls = 'l'
			default:
				p.unexpected("FIRST or LAST")
			}
		}
		list = append(list, it)
		if !p.accept(",") {
			return list
		}
	}
}

func (p *parser) exprList() []node {
	var list []node
	for {
		list = append(list, p.expr())
		if !p.accept(",") {
			return list
		}
	}
}
