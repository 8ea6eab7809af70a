package plan

import (
	"strings"
	"time"

	"github.com/ttlog/ttlog/query/types"
)

// Node is a relational operator of a logical plan: rows come from its inputs
// and go to the operator that has it as an input. A plan is a tree of them.
// Nodes are not changed once the tree is built; rules make new ones.
type Node interface {
	// Inputs returns the operators whose rows this one takes.
	Inputs() []Node
	// WithInputs returns a copy of the operator over other inputs, which have
	// the same columns.
	WithInputs(in []Node) Node
	// Schema returns the columns of its rows. Expressions of the operator above
	// number them from 0.
	Schema() []Field
	// Prune returns the operator without work for columns that nobody reads,
	// and which columns of its inputs it still reads; nil stands for all. The
	// columns keep their numbers: those that are not read hold anything.
	Prune(used []bool) (op Node, reads [][]bool)
	// Describe returns the operator in a line, its name first.
	Describe() string
}

// Field is a column of an operator's rows.
type Field struct {
	Name  string
	Type  types.Type
	Loose bool           // as in an expr
	Zone  *time.Location // as in an expr
}

func (e *Expr) field(name string) Field {
	return Field{Name: name, Type: e.Type, Loose: e.Loose, Zone: e.Zone}
}

// ColumnOf returns column i of n's rows as an expression.
func ColumnOf(n Node, i int) *Expr {
	f := n.Schema()[i]
	e := Column(i, f.Type)
	e.Loose, e.Zone = f.Loose, f.Zone
	return e
}

// Rewrite returns the tree with f applied to all its operators, inputs first.
func Rewrite(n Node, f func(Node) Node) Node {
	in := n.Inputs()
	if len(in) == 0 {
		return f(n)
	}
	changed := make([]Node, len(in))
	for i, c := range in {
		changed[i] = Rewrite(c, f)
	}
	return f(n.WithInputs(changed))
}

// Lines returns a tree as lines, each operator's inputs indented behind it.
func Lines(n Node) []string { return appendTree(nil, "", n) }

func appendTree(lines []string, indent string, n Node) []string {
	lines = append(lines, indent+n.Describe())
	for _, in := range n.Inputs() {
		lines = appendTree(lines, indent+"  ", in)
	}
	return lines
}

// readBy notes the columns that expressions read in used, unless it is nil.
func readBy(used []bool, list ...*Expr) []bool {
	if used == nil {
		return nil
	}
	walkExprs(list, func(e *Expr) {
		if e.IsCol() {
			used[e.Column] = true
		}
	})
	return used
}

// walkExprs calls f for the expressions and what is in them, once for one that
// is shared.
func walkExprs(list []*Expr, f func(*Expr)) {
	seen := map[*Expr]bool{}
	for stack := append([]*Expr{}, list...); len(stack) > 0; {
		e := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if e.Shared {
			if seen[e] {
				continue
			}
			seen[e] = true
		}
		f(e)
		stack = append(stack, e.Args...)
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
