package plan

import (
	"slices"

	"github.com/ttlog/ttlog/query/types"
)

// JoinKind is what a join gives for a row of its left input.
type JoinKind int

// The joins. Semi and Anti give columns of the left input only.
const (
	InnerJoin JoinKind = iota // a row for each match
	LeftJoin                  // the same, and one with NULLs where there is none
	SemiJoin                  // the row where there is a match
	AntiJoin                  // the row where there is none
	MarkJoin                  // the row, and whether there is a match
)

var joinNames = map[JoinKind]string{
	InnerJoin: "Inner", LeftJoin: "Left", SemiJoin: "Semi", AntiJoin: "Anti", MarkJoin: "Mark",
}

// String returns the name of the kind.
func (k JoinKind) String() string { return joinNames[k] }

// Pairs reports whether the join gives columns of both inputs.
func (k JoinKind) Pairs() bool { return k == InnerJoin || k == LeftJoin }

// Join puts rows of two inputs together that meet all conditions. Its columns
// are those of the left input and then, by its kind, those of the right one.
// Rows come in the order of the left input, and the matches of each in that of
// the right one.
type Join struct {
	Left, Right Node
	Kind        JoinKind
	On          []*Expr // over the columns of both inputs
	// Nulls says that On is the = of an IN, and that no match is NULL instead
	// of false where a NULL could have been one.
	Nulls bool
	// Single says that the right input may have one row at most; with an equality
	// among the conditions, one for each row of the left input.
	Single bool
	// Unread are the columns of the right input that nothing above the join
	// reads. Nil stands for none.
	Unread []bool
}

// Inputs implements [Node].
func (n *Join) Inputs() []Node { return []Node{n.Left, n.Right} }

// WithInputs implements [Node].
func (n *Join) WithInputs(in []Node) Node {
	out := *n
	out.Left, out.Right = in[0], in[1]
	return &out
}

// Schema implements [Node].
func (n *Join) Schema() []Field {
	switch {
	case n.Kind.Pairs():
		return n.both()
	case n.Kind == MarkJoin:
		return append(slices.Clone(n.Left.Schema()), Field{Name: "found", Type: types.Bool})
	}
	return n.Left.Schema()
}

// both returns the columns that On is over.
func (n *Join) both() []Field { return slices.Concat(n.Left.Schema(), n.Right.Schema()) }

// Prune implements [Node].
func (n *Join) Prune(used []bool) (Node, [][]bool) {
	left := len(n.Left.Schema())
	reads := make([]bool, len(n.both()))
	switch {
	case used == nil:
		for i := range reads {
			reads[i] = i < left || n.Kind.Pairs()
		}
	case n.Kind.Pairs():
		copy(reads, used)
	default:
		copy(reads, used[:left])
	}
	out := *n
	out.Unread = make([]bool, len(reads)-left)
	for i := range out.Unread {
		out.Unread[i] = !reads[left+i]
	}
	readBy(reads, n.On...)
	return &out, [][]bool{reads[:left], reads[left:]}
}

// Describe implements [Node].
func (n *Join) Describe() string {
	text := n.Kind.String() + "Join"
	if n.Nulls {
		text += " that NULL decides"
	}
	if n.Single {
		text += " with one row"
	}
	if len(n.On) > 0 {
		s := n.both()
		text += " on " + describeList(n.On, func(e *Expr) string { return e.text(s) })
	}
	return text
}

// Equalities splits the conditions of a join into those that say that an
// expression of the left input equals one of the right input, and the rest. Those
// of a type in which equal values may be written differently are among the rest
// as well.
func (n *Join) Equalities() (left, right, rest []*Expr) {
	width := len(n.Left.Schema())
	for _, e := range n.On {
		l, r, ok := sides(e, width)
		if !ok && n.Nulls { // a constant is looked up as well
			ok = r != nil && len(Columns(l)) == 0 && side(r, width) > 0
		}
		if !ok {
			rest = append(rest, e)
			continue
		}
		left, right = append(left, l), append(right, Shifted(r, -width))
		if !exact(l, r) {
			rest = append(rest, e)
		}
	}
	return left, right, rest
}

// sides returns what an equality says to be equal: an expression of the columns
// below width, and one of those from it on.
func sides(e *Expr, width int) (l, r *Expr, ok bool) {
	if e.Name != "=" || len(e.Args) != 2 {
		return nil, nil, false
	}
	l, r = e.Args[0], e.Args[1]
	if side(l, width) > 0 {
		l, r = r, l
	}
	return l, r, side(l, width) < 0 && side(r, width) > 0
}

// side tells which columns an expression reads: -1 for those below width only, 1
// for those from it on, 0 for both or none.
func side(e *Expr, width int) int {
	below, from := false, false
	for _, c := range Columns(e) {
		below, from = below || c < width, from || c >= width
	}
	switch {
	case below == from:
		return 0
	case below:
		return -1
	}
	return 1
}

// IsEquality reports whether e says that an expression of the columns below width
// equals one of the others.
func IsEquality(e *Expr, width int) bool {
	_, _, ok := sides(e, width)
	return ok
}

// exact reports whether two expressions are equal just where their values are
// the same in type and bits: a NaN equals nothing, and 1 equals 1.0.
func exact(l, r *Expr) bool {
	return l.Type == r.Type && l.Type != types.Float && l.Type != types.Any
}
