package sql

import (
	"slices"
	"strings"

	"github.com/ttlog/ttlog/query/plan"
)

// equalNodes reports whether two expressions were written alike, but for
// white space, parentheses and the case of keywords and fixed columns.
func equalNodes(a, b node) bool {
	switch a := a.(type) {
	case nil:
		return b == nil
	case *litNode:
		b, ok := b.(*litNode)
		return ok && a.val == b.val
	case *paramNode:
		b, ok := b.(*paramNode)
		return ok && a.name == b.name
	case *identNode:
		b, ok := b.(*identNode)
		return ok && a.qual == b.qual && (a.name == b.name || strings.EqualFold(a.name, b.name) && plan.IsFixed(a.name))
	case *indexNode:
		b, ok := b.(*indexNode)
		return ok && strings.EqualFold(a.qual, b.qual) && a.base == b.base && a.key == b.key
	case *unaryNode:
		b, ok := b.(*unaryNode)
		return ok && a.op == b.op && equalNodes(a.x, b.x)
	case *binaryNode:
		b, ok := b.(*binaryNode)
		return ok && a.op == b.op && equalNodes(a.r, b.r) && equalNodes(a.escape, b.escape) && equalNodes(a.l, b.l)
	case *inNode:
		b, ok := b.(*inNode)
		return ok && a.not == b.not && equalNodes(a.x, b.x) && equalSelects(a.sub, b.sub) && slices.EqualFunc(a.list, b.list, equalNodes)
	case *subNode:
		b, ok := b.(*subNode)
		return ok && a.exists == b.exists && equalSelects(a.sub, b.sub)
	case *betweenNode:
		b, ok := b.(*betweenNode)
		return ok && a.not == b.not && equalNodes(a.x, b.x) && equalNodes(a.lo, b.lo) && equalNodes(a.hi, b.hi)
	case *isNode:
		b, ok := b.(*isNode)
		return ok && a.what == b.what && a.not == b.not && equalNodes(a.x, b.x)
	case *caseNode:
		b, ok := b.(*caseNode)
		return ok && equalNodes(a.operand, b.operand) && equalNodes(a.other, b.other) &&
			slices.EqualFunc(a.whens, b.whens, func(x, y whenNode) bool {
				return equalNodes(x.cond, y.cond) && equalNodes(x.then, y.then)
			})
	case *castNode:
		b, ok := b.(*castNode)
		return ok && a.to == b.to && equalNodes(a.x, b.x)
	case *timeNode:
		b, ok := b.(*timeNode)
		return ok && a.text == b.text
	case *intervalNode:
		b, ok := b.(*intervalNode)
		return ok && a.val == b.val
	case *zoneNode:
		b, ok := b.(*zoneNode)
		return ok && equalNodes(a.zone, b.zone) && equalNodes(a.x, b.x)
	case *callNode:
		b, ok := b.(*callNode)
		return ok && a.name == b.name && a.star == b.star && a.distinct == b.distinct &&
			equalNodes(a.filter, b.filter) && equalWindows(a.over, b.over) && slices.EqualFunc(a.args, b.args, equalNodes)
	}
	return false
}

// equalSelects reports whether two subqueries were written alike.
func equalSelects(a, b *selectStmt) bool {
	if a == nil || b == nil || a == b {
		return a == b
	}
	return selectString(a) == selectString(b)
}
