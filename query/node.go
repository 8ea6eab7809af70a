package query

import (
	"strings"
	"time"
)

// planNode is a relational operator of a logical plan: rows come from its inputs
// and go to the operator that has it as an input. A plan is a tree of them.
// Nodes are not changed once the tree is built; rules make new ones.
type planNode interface {
	// inputs returns the operators whose rows this one takes.
	inputs() []planNode
	// withInputs returns a copy of the operator over other inputs, which have
	// the same columns.
	withInputs(in []planNode) planNode
	// schema returns the columns of its rows. Expressions of the operator above
	// number them from 0.
	schema() []planField
	// prune returns the operator without work for columns that nobody reads,
	// and which columns of its inputs it still reads; nil stands for all. The
	// columns keep their numbers: those that are not read hold anything.
	prune(used []bool) (op planNode, reads [][]bool)
	// describe returns the operator in a line, its name first.
	describe() string
}

// planField is a column of an operator's rows.
type planField struct {
	name  string
	typ   Type
	loose bool           // as in an expr
	zone  *time.Location // as in an expr
}

func (e *expr) field(name string) planField {
	return planField{name: name, typ: e.typ, loose: e.loose, zone: e.zone}
}

// column returns column i of n's rows as an expression.
func columnOf(n planNode, i int) *expr {
	f := n.schema()[i]
	e := colExpr(i, f.typ)
	e.loose, e.zone = f.loose, f.zone
	return e
}

// rewrite returns the tree with f applied to all its operators, inputs first.
func rewrite(n planNode, f func(planNode) planNode) planNode {
	in := n.inputs()
	if len(in) == 0 {
		return f(n)
	}
	changed := make([]planNode, len(in))
	for i, c := range in {
		changed[i] = rewrite(c, f)
	}
	return f(n.withInputs(changed))
}

// treeLines returns a tree as lines, each operator's inputs indented behind it.
func treeLines(n planNode) []string { return appendTree(nil, "", n) }

func appendTree(lines []string, indent string, n planNode) []string {
	lines = append(lines, indent+n.describe())
	for _, in := range n.inputs() {
		lines = appendTree(lines, indent+"  ", in)
	}
	return lines
}

// readBy notes the columns that expressions read in used, unless it is nil.
func readBy(used []bool, list ...*expr) []bool {
	if used == nil {
		return nil
	}
	walkExprs(list, func(e *expr) {
		if e.isCol() {
			used[e.col] = true
		}
	})
	return used
}

// walkExprs calls f for the expressions and what is in them, once for one that
// is shared.
func walkExprs(list []*expr, f func(*expr)) {
	seen := map[*expr]bool{}
	for stack := append([]*expr{}, list...); len(stack) > 0; {
		e := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if e.shared {
			if seen[e] {
				continue
			}
			seen[e] = true
		}
		f(e)
		stack = append(stack, e.args...)
	}
}

// describeList joins the texts of a list.
func describeList[T any](list []T, text func(T) string) string {
	parts := make([]string, len(list))
	for i, x := range list {
		parts[i] = text(x)
	}
	return strings.Join(parts, ", ")
}
