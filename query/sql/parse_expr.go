package sql

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/ttlog/ttlog/query/types"
)

// How tightly operators bind, loosest first.
const (
	precOr = iota + 1
	precAnd
	precNot
	precCompare
	precConcat
	precAdd
	precMul
	precUnary
	precPostfix
)

// expr reads one expression.
func (p *parser) expr() node { return p.binary(precOr) }

// binary reads a chain of operators of the level prec, and all that binds
// tighter.
func (p *parser) binary(prec int) node {
	switch prec {
	case precNot:
		return p.not()
	case precUnary:
		return p.unary()
	}
	left := p.binary(prec + 1)
	for chain := 0; p.err == nil; chain++ {
		t := p.peek(0)
		if chain > maxChain {
			p.fail(t.pos, "more than %d operators follow each other; use IN for long lists", maxChain)
			break
		}
		if prec == precCompare {
			n, ok := p.predicate(left)
			if !ok {
				return left
			}
			left = n
			continue
		}
		op := binaryOp(t, prec)
		if op == "" {
			return left
		}
		p.take()
		p.count(t.pos)
		left = &binaryNode{op: op, l: left, r: p.binary(prec + 1), pos: t.pos}
	}
	return left
}

// binaryOp returns the operator that t is on the level prec, or "".
func binaryOp(t token, prec int) string {
	var ops []string
	switch prec {
	case precOr:
		ops = []string{"OR"}
	case precAnd:
		ops = []string{"AND"}
	case precConcat:
		ops = []string{"||"}
	case precAdd:
		ops = []string{"+", "-"}
	case precMul:
		ops = []string{"*", "/", "%"}
	}
	for _, op := range ops {
		if t.is(op) {
			return op
		}
	}
	return ""
}

// not reads NOT x.
func (p *parser) not() node {
	t := p.peek(0)
	if !t.is("not") {
		return p.binary(precNot + 1)
	}
	p.take()
	p.count(t.pos)
	if !p.enter(t.pos) {
		return &litNode{}
	}
	defer p.leave()
	return &unaryNode{op: "NOT", x: p.not(), pos: t.pos}
}

// predicate reads a comparison, LIKE, IN, BETWEEN or IS behind left.
func (p *parser) predicate(left node) (node, bool) {
	t := p.peek(0)
	if t.kind == tokSymbol {
		op := t.text
		switch op {
		case "==":
			op = "="
		case "<>":
			op = "!="
		}
		switch op {
		case "=", "!=", "<", "<=", ">", ">=", "~", "!~":
			p.take()
			p.count(t.pos)
			return &binaryNode{op: op, l: left, r: p.binary(precConcat), pos: t.pos}, true
		}
		return nil, false
	}
	if t.is("is") {
		p.take()
		p.count(t.pos)
		return p.is(left, t.pos), true
	}
	not := false
	if t.is("not") {
		n := p.peek(1)
		if !n.is("in") && !n.is("like") && !n.is("ilike") && !n.is("between") {
			return nil, false
		}
		p.take()
		not = true
	}
	switch n := p.peek(0); {
	case n.is("like"), n.is("ilike"):
		p.take()
		p.count(t.pos)
		op := strings.ToUpper(n.text)
		if not {
			op = "NOT " + op
		}
		like := &binaryNode{op: op, l: left, r: p.binary(precConcat), pos: t.pos}
		if p.peek(0).is("escape") && isConstant(p.peek(1)) { // else it is an alias
			p.take()
			like.escape = p.primary()
		}
		return like, true
	case n.is("in"):
		p.take()
		p.count(t.pos)
		in := &inNode{x: left, not: not, pos: t.pos}
		if p.peek(0).kind == tokParam { // IN $1 is short for IN ($1)
			in.list = []node{p.primary()}
			return in, true
		}
		if p.startsSelect(1) {
			in.sub = p.subquery()
			return in, true
		}
		p.expect("(")
		if p.enter(n.pos) {
			in.list = p.exprList()
			p.leave()
		}
		p.expect(")")
		return in, true
	case n.is("between"):
		p.take()
		p.count(t.pos)
		b := &betweenNode{x: left, not: not, pos: t.pos}
		b.lo = p.binary(precConcat)
		p.expect("AND")
		b.hi = p.binary(precConcat)
		return b, true
	}
	return nil, false
}

func (p *parser) is(left node, pos int) node {
	n := &isNode{x: left, pos: pos}
	n.not = p.accept("not")
	switch t := p.peek(0); {
	case t.is("null"), t.is("true"), t.is("false"):
		n.what = strings.ToUpper(p.take().text)
	default:
		p.unexpected("NULL, TRUE or FALSE")
	}
	return n
}

// unary reads -x and +x.
func (p *parser) unary() node {
	t := p.peek(0)
	if !t.is("-") && !t.is("+") {
		return p.postfix()
	}
	p.take()
	p.count(t.pos)
	if !p.enter(t.pos) {
		return &litNode{}
	}
	defer p.leave()
	if t.is("+") {
		return p.unary()
	}
	// -9223372036854775808 is an integer though its digits alone are not.
	if n := p.peek(0); n.kind == tokInt && n.text == "9223372036854775808" {
		p.take()
		return p.postfixOf(&litNode{val: types.NewInt(types.Int, math.MinInt64), pos: t.pos})
	}
	x := p.unary()
	if lit, ok := x.(*litNode); ok {
		if v, ok := negateLiteral(lit.val); ok {
			return &litNode{val: v, pos: t.pos}
		}
	}
	return &unaryNode{op: "-", x: x, pos: t.pos}
}

// negateLiteral folds the sign into a positive constant, so that -5 is a
// literal.
func negateLiteral(v types.Value) (types.Value, bool) {
	switch v.Type {
	case types.Int, types.Duration:
		if v.Int > 0 {
			v.Int = -v.Int
			return v, true
		}
	case types.Float:
		if f := v.Float(); f > 0 {
			return types.NewFloat(-f), true
		}
	}
	return v, false
}

// postfix reads a primary expression and the casts behind it.
func (p *parser) postfix() node { return p.postfixOf(p.primary()) }

func (p *parser) postfixOf(x node) node {
	for chain := 0; p.peek(0).is("::") || p.peek(0).is("at") && p.peek(1).is("time"); chain++ {
		t := p.take()
		p.count(t.pos)
		if chain > maxNesting {
			p.fail(t.pos, "query is nested deeper than %d levels", maxNesting)
			break
		}
		if t.is("::") {
			x = &castNode{x: x, to: p.typeName(), pos: t.pos}
		} else {
			x = p.atTimeZone(x, t.pos)
		}
	}
	return x
}

// isConstant reports whether t is a string or a parameter.
func isConstant(t token) bool { return t.kind == tokString || t.kind == tokParam }

// atTimeZone reads what follows AT.
func (p *parser) atTimeZone(x node, pos int) node {
	p.expect("TIME")
	p.expect("ZONE")
	if !isConstant(p.peek(0)) {
		p.unexpected("a time zone in single quotes")
		return x
	}
	return &zoneNode{x: x, zone: p.primary(), pos: pos}
}

// castTypes maps the names a cast may use to the type's own name.
var castTypes = map[string]string{
	"bool": "bool", "boolean": "bool",
	"int": "int", "integer": "int", "bigint": "int", "int64": "int", "smallint": "int",
	"float": "float", "double": "float", "real": "float", "float64": "float", "numeric": "float", "decimal": "float",
	"string": "string", "text": "string", "varchar": "string",
	"timestamp": "timestamp", "timestamptz": "timestamp",
	"duration": "duration", "interval": "duration",
}

func (p *parser) typeName() string {
	t := p.peek(0)
	if to := castTypes[strings.ToLower(t.text)]; to != "" && t.kind == tokIdent {
		p.take()
		if to == "float" && p.peek(0).is("precision") {
			p.take()
		}
		return to
	}
	p.unexpected("a type: bool, int, float, string, timestamp or duration")
	return ""
}

// primary reads what stands between operators.
func (p *parser) primary() node {
	t := p.peek(0)
	p.count(t.pos)
	switch t.kind {
	case tokInt, tokFloat:
		return p.number()
	case tokDuration:
		p.take()
		return &litNode{val: types.NewInt(types.Duration, t.num), pos: t.pos}
	case tokString:
		p.take()
		return &litNode{val: types.NewString(types.String, t.text), pos: t.pos}
	case tokParam:
		p.take()
		return &paramNode{name: t.text, pos: t.pos}
	case tokQuoted:
		p.take()
		return &identNode{name: t.text, quoted: true, pos: t.pos}
	case tokIdent:
		return p.word()
	}
	if t.is("(") && p.startsSelect(1) {
		return &subNode{sub: p.subquery(), pos: t.pos}
	}
	if t.is("(") {
		p.take()
		if !p.enter(t.pos) {
			return &litNode{}
		}
		defer p.leave()
		x := p.expr()
		p.expect(")")
		return x
	}
	if t.is("[") {
		return p.array()
	}
	p.unexpected("an expression")
	return &litNode{}
}

// array reads [x, y], which is array(x, y).
func (p *parser) array() node {
	t := p.take()
	c := &callNode{name: "array", pos: t.pos}
	if !p.enter(t.pos) {
		return c
	}
	defer p.leave()
	if !p.peek(0).is("]") {
		c.args = p.exprList()
	}
	p.expect("]")
	return c
}

func (p *parser) number() node {
	t := p.take()
	if t.kind == tokInt {
		n, err := strconv.ParseInt(t.text, 10, 64)
		if err != nil {
			p.fail(t.pos, "integer %s does not fit 64 bits", t.text)
		}
		return &litNode{val: types.NewInt(types.Int, n), pos: t.pos}
	}
	f, err := strconv.ParseFloat(t.text, 64)
	if err != nil {
		p.fail(t.pos, "number %s does not fit a 64-bit float", t.text)
	}
	return &litNode{val: types.NewFloat(f), pos: t.pos}
}

// word reads what begins with a bare word: a literal, CASE, CAST, a call, an
// attribute by key, or a name.
func (p *parser) word() node {
	t := p.peek(0)
	switch strings.ToLower(t.text) {
	case "null":
		p.take()
		return &litNode{pos: t.pos}
	case "true", "false":
		p.take()
		return &litNode{val: types.NewBool(t.is("true")), pos: t.pos}
	case "case":
		return p.caseExpr()
	case "cast":
		return p.cast()
	case "timestamp", "date":
		if p.peek(1).kind == tokString {
			return p.timeLiteral()
		}
	case "interval":
		if p.peek(1).kind == tokString {
			return p.intervalLiteral()
		}
	case "exists":
		if p.peek(1).is("(") && p.startsSelect(2) {
			p.take()
			return &subNode{sub: p.subquery(), exists: true, pos: t.pos}
		}
	}
	if p.peek(1).is("[") && isIndexed(t.text) {
		return p.index()
	}
	if isReserved(t.text) {
		p.unexpected("an expression")
		return &litNode{}
	}
	if p.peek(1).is("(") {
		return p.call()
	}
	p.take()
	if n := p.peek(0); n.is(".") && n.pos == t.end && p.peek(1).kind == tokQuoted && p.peek(1).pos == n.end {
		p.take()
		q := p.take()
		return &identNode{qual: t.text, name: q.text, quoted: true, pos: t.pos}
	}
	return &identNode{name: t.text, pos: t.pos}
}

func (p *parser) timeLiteral() node {
	t := p.take()
	s := p.take()
	if _, err := types.ParseTime(s.text, time.UTC); err != nil {
		p.fail(s.pos, "%s", err)
	}
	return &timeNode{text: s.text, pos: t.pos}
}

func (p *parser) intervalLiteral() node {
	t := p.take()
	s := p.take()
	val, err := types.ReadInterval(s.text)
	if err != nil {
		p.fail(s.pos, "%s", err)
	}
	return &intervalNode{text: s.text, val: val, pos: t.pos}
}

func (p *parser) index() node {
	t := p.take()
	p.expect("[")
	k := p.peek(0)
	if k.kind != tokString {
		p.unexpected("an attribute key in single quotes")
		return &litNode{}
	}
	p.take()
	p.expect("]")
	qual, base := splitIndexed(t.text)
	return &indexNode{qual: qual, base: strings.ToLower(base), key: k.text, pos: t.pos}
}

// isIndexed reports whether a name is that of all attributes of a place.
func isIndexed(name string) bool {
	_, base := splitIndexed(name)
	return isObject(base, false)
}

// splitIndexed splits s.attributes at its last dot.
func splitIndexed(name string) (qual, base string) {
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		return name[:i], name[i+1:]
	}
	return "", name
}

func (p *parser) cast() node {
	t := p.take()
	p.expect("(")
	if !p.enter(t.pos) {
		return &litNode{}
	}
	defer p.leave()
	x := p.expr()
	p.expect("AS")
	c := &castNode{x: x, to: p.typeName(), pos: t.pos}
	p.expect(")")
	return c
}

func (p *parser) caseExpr() node {
	t := p.take()
	c := &caseNode{pos: t.pos}
	if !p.enter(t.pos) {
		return c
	}
	defer p.leave()
	if !p.peek(0).is("when") {
		c.operand = p.expr()
	}
	for p.accept("when") {
		w := whenNode{cond: p.expr()}
		p.expect("THEN")
		w.then = p.expr()
		c.whens = append(c.whens, w)
	}
	if len(c.whens) == 0 {
		p.unexpected("WHEN")
	}
	if p.accept("else") {
		c.other = p.expr()
	}
	if !p.accept("end") {
		p.unexpected("WHEN, ELSE or END")
	}
	return c
}

func (p *parser) call() node {
	t := p.take()
	c := &callNode{name: strings.ToLower(t.text), pos: t.pos}
	p.expect("(")
	if !p.enter(t.pos) {
		return c
	}
	defer p.leave()
	switch {
	case p.accept("*"):
		c.star = true
	case p.peek(0).is(")"):
	default:
		c.distinct = p.accept("distinct")
		c.args = p.exprList()
	}
	p.expect(")")
	if p.peek(0).is("filter") && p.peek(1).is("(") {
		p.take()
		p.take()
		p.expect("WHERE")
		c.filter = p.expr()
		p.expect(")")
	}
	if p.peek(0).is("over") && p.peek(1).is("(") {
		c.over = p.window()
	}
	return c
}
