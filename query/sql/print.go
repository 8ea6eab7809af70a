package sql

import (
	"strconv"
	"strings"

	"github.com/ttlog/ttlog/query/types"
)

// String writes the statement as a query that parses to an equal statement.
func (s *Statement) String() string {
	var b strings.Builder
	if s.Explain {
		b.WriteString("EXPLAIN ")
		if s.Analyze {
			b.WriteString("ANALYZE ")
		}
	}
	if s.Delete {
		b.WriteString("DELETE FROM ")
		printTable(&b, s.Select.from[0])
		printTail(&b, s.Select)
		return b.String()
	}
	printSelect(&b, s.Select)
	return b.String()
}

func selectString(s *selectStmt) string {
	var b strings.Builder
	printSelect(&b, s)
	return b.String()
}

func printSelect(b *strings.Builder, s *selectStmt) {
	for i, w := range s.with {
		if i == 0 {
			b.WriteString("WITH ")
		}
		comma(b, i)
		b.WriteString(quoteIdent(w.name) + " AS (")
		printSelect(b, w.sub)
		b.WriteString(")")
	}
	if len(s.with) > 0 {
		b.WriteString(" ")
	}
	for i, u := range s.union {
		if i > 0 {
			b.WriteString(" " + s.setOp + " ")
		}
		printSelect(b, u)
	}
	if s.union == nil {
		printHead(b, s)
	}
	printTail(b, s)
}

// printHead writes what stands before WHERE.
func printHead(b *strings.Builder, s *selectStmt) {
	b.WriteString("SELECT ")
	if s.distinct {
		b.WriteString("DISTINCT ")
	}
	for i, it := range s.items {
		comma(b, i)
		switch {
		case it.star && it.of != "":
			b.WriteString(quoteIdent(it.of) + ".*")
			continue
		case it.star:
			b.WriteString("*")
			continue
		}
		printNode(b, it.expr, precOr)
		if it.alias != "" {
			b.WriteString(" AS " + quoteIdent(it.alias))
		}
	}
	for i, r := range s.from {
		if i == 0 {
			b.WriteString(" FROM ")
		} else {
			b.WriteString(" " + r.join + " ")
		}
		printTable(b, r)
	}
}

func printTable(b *strings.Builder, r *tableRef) {
	switch {
	case r.sub != nil:
		b.WriteString("(")
		printSelect(b, r.sub)
		b.WriteString(")")
	case r.array != nil:
		b.WriteString("UNNEST(")
		printNode(b, r.array, precOr)
		b.WriteString(")")
	default:
		b.WriteString(quoteIdent(r.name))
	}
	if r.alias != "" {
		b.WriteString(" AS " + quoteIdent(r.alias))
	}
	if r.on != nil {
		b.WriteString(" ON ")
		printNode(b, r.on, precOr)
	}
	for i, u := range r.using {
		if i == 0 {
			b.WriteString(" USING (")
		}
		comma(b, i)
		b.WriteString(quoteIdent(u.name))
	}
	if len(r.using) > 0 {
		b.WriteString(")")
	}
}

func printTail(b *strings.Builder, s *selectStmt) {
	if s.where != nil {
		b.WriteString(" WHERE ")
		printNode(b, s.where, precOr)
	}
	if len(s.group) > 0 {
		b.WriteString(" GROUP BY ")
		printList(b, s.group)
	}
	if s.groupAll {
		b.WriteString(" GROUP BY ALL")
	}
	if s.fill != nil {
		b.WriteString(" " + s.fill.String())
	}
	if s.having != nil {
		b.WriteString(" HAVING ")
		printNode(b, s.having, precOr)
	}
	if s.qualify != nil {
		b.WriteString(" QUALIFY ")
		printNode(b, s.qualify, precOr)
	}
	if len(s.order) > 0 {
		b.WriteString(" ")
		printOrder(b, s.order)
	}
	if s.limit != nil {
		b.WriteString(" LIMIT ")
		printNode(b, s.limit, precPostfix)
	}
	if s.offset != nil {
		b.WriteString(" OFFSET ")
		printNode(b, s.offset, precPostfix)
	}
}

func printOrder(b *strings.Builder, list []orderItem) {
	b.WriteString("ORDER BY ")
	for i, o := range list {
		comma(b, i)
		printNode(b, o.expr, precOr)
		if o.desc {
			b.WriteString(" DESC")
		}
		switch o.nulls {
		case 'f':
			b.WriteString(" NULLS FIRST")
		case 'l':
			b.WriteString(" NULLS LAST")
		}
	}
}

func comma(b *strings.Builder, i int) {
	if i > 0 {
		b.WriteString(", ")
	}
}

func printList(b *strings.Builder, list []node) {
	for i, n := range list {
		comma(b, i)
		printNode(b, n, precOr)
	}
}

// nodeString returns the canonical text of an expression; equal texts mean
// equal expressions.
func nodeString(n node) string {
	var b strings.Builder
	printNode(&b, n, precOr)
	return b.String()
}

// precOf returns how tightly the outermost operator of n binds.
func precOf(n node) int {
	switch n := n.(type) {
	case *binaryNode:
		switch n.op {
		case "OR":
			return precOr
		case "AND":
			return precAnd
		case "||":
			return precConcat
		case "+", "-":
			return precAdd
		case "*", "/", "%":
			return precMul
		}
		return precCompare
	case *unaryNode:
		if n.op == "NOT" {
			return precNot
		}
		return precUnary
	case *inNode, *betweenNode, *isNode:
		return precCompare
	case *litNode:
		if n.val.Type == types.Int && n.val.Int < 0 || n.val.Type == types.Duration && n.val.Int < 0 || n.val.Type == types.Float && n.val.Float() < 0 {
			return precUnary
		}
	}
	return precPostfix
}

// printNode writes n, in parentheses where it binds looser than min.
func printNode(b *strings.Builder, n node, minPrec int) {
	prec := precOf(n)
	if prec < minPrec {
		b.WriteString("(")
		defer b.WriteString(")")
	}
	not := func(is bool) string {
		if is {
			return " NOT"
		}
		return ""
	}
	switch n := n.(type) {
	case *litNode:
		b.WriteString(Literal(n.val))
	case *paramNode:
		if types.IsDigit(n.name[0]) {
			b.WriteString("$" + n.name)
		} else {
			b.WriteString(":" + n.name)
		}
	case *identNode:
		b.WriteString(identString(n))
	case *indexNode:
		if n.qual != "" {
			b.WriteString(n.qual + ".")
		}
		b.WriteString(n.base + "[" + types.Quote(n.key) + "]")
	case *unaryNode:
		b.WriteString(n.op + " ")
		printNode(b, n.x, prec)
	case *binaryNode:
		printNode(b, n.l, prec)
		b.WriteString(" " + n.op + " ")
		printNode(b, n.r, prec+1)
		if n.escape != nil {
			b.WriteString(" ESCAPE ")
			printNode(b, n.escape, precPostfix)
		}
	case *inNode:
		printNode(b, n.x, prec)
		b.WriteString(not(n.not) + " IN (")
		if n.sub != nil {
			printSelect(b, n.sub)
		}
		printList(b, n.list)
		b.WriteString(")")
	case *subNode:
		if n.exists {
			b.WriteString("EXISTS ")
		}
		b.WriteString("(")
		printSelect(b, n.sub)
		b.WriteString(")")
	case *betweenNode:
		printNode(b, n.x, prec)
		b.WriteString(not(n.not) + " BETWEEN ")
		printNode(b, n.lo, prec+1)
		b.WriteString(" AND ")
		printNode(b, n.hi, prec+1)
	case *isNode:
		printNode(b, n.x, prec)
		b.WriteString(" IS" + not(n.not) + " " + n.what)
	case *caseNode:
		printCase(b, n)
	case *castNode:
		printNode(b, n.x, precPostfix)
		b.WriteString("::" + n.to)
	case *callNode:
		printCall(b, n)
	case *timeNode:
		b.WriteString("TIMESTAMP " + types.Quote(n.text))
	case *intervalNode:
		b.WriteString("INTERVAL " + types.Quote(n.text))
	case *zoneNode:
		printNode(b, n.x, precPostfix)
		b.WriteString(" AT TIME ZONE ")
		printNode(b, n.zone, precPostfix)
	}
}

func identString(n *identNode) string {
	if !n.quoted {
		return n.name
	}
	q := `"` + strings.ReplaceAll(n.name, `"`, `""`) + `"`
	if n.qual != "" {
		return n.qual + "." + q
	}
	return q
}

func printCase(b *strings.Builder, n *caseNode) {
	b.WriteString("CASE")
	if n.operand != nil {
		b.WriteString(" ")
		printNode(b, n.operand, precOr)
	}
	for _, w := range n.whens {
		b.WriteString(" WHEN ")
		printNode(b, w.cond, precOr)
		b.WriteString(" THEN ")
		printNode(b, w.then, precOr)
	}
	if n.other != nil {
		b.WriteString(" ELSE ")
		printNode(b, n.other, precOr)
	}
	b.WriteString(" END")
}

func printCall(b *strings.Builder, n *callNode) {
	b.WriteString(n.name + "(")
	if n.star {
		b.WriteString("*")
	}
	if n.distinct {
		b.WriteString("DISTINCT ")
	}
	printList(b, n.args)
	b.WriteString(")")
	if n.filter != nil {
		b.WriteString(" FILTER (WHERE ")
		printNode(b, n.filter, precOr)
		b.WriteString(")")
	}
	if n.over != nil {
		printWindow(b, n.over)
	}
}

// Literal writes a constant.
func Literal(v types.Value) string {
	switch v.Type {
	case types.Bool:
		if v.Int != 0 {
			return "TRUE"
		}
		return "FALSE"
	case types.Int:
		return strconv.FormatInt(v.Int, 10)
	case types.Float:
		s := strconv.FormatFloat(v.Float(), 'g', -1, 64)
		if !strings.ContainsAny(s, ".eIN") {
			s += ".0"
		}
		return s
	case types.String:
		return types.Quote(v.Str)
	case types.Duration:
		return types.FormatDuration(v.Int)
	}
	return "NULL"
}

// quoteIdent writes a name that stands alone, in quotes where it must.
func quoteIdent(s string) string {
	l := lexer{src: s}
	if l.identStart(0) > 0 {
		l.ident()
		if l.pos == len(s) && !isReserved(s) {
			return s
		}
	}
	return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
}
