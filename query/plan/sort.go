package plan

import "fmt"

// SortKey is one key of an order.
type SortKey struct {
	Expr       *Expr
	Desc       bool
	NullsFirst bool
}

// Sort orders rows; those that are equal in all keys stay in their order.
type Sort struct {
	Input Node
	Keys  []SortKey
}

// Inputs implements [Node].
func (n *Sort) Inputs() []Node { return []Node{n.Input} }

// Schema implements [Node].
func (n *Sort) Schema() []Field { return n.Input.Schema() }

// WithInputs implements [Node].
func (n *Sort) WithInputs(in []Node) Node { return &Sort{Input: in[0], Keys: n.Keys} }

// Prune implements [Node].
func (n *Sort) Prune(used []bool) (Node, [][]bool) {
	return n, [][]bool{readByKeys(used, n.Keys)}
}

func readByKeys(used []bool, keys []SortKey) []bool {
	used = copyUsed(used)
	for _, k := range keys {
		readBy(used, k.Expr)
	}
	return used
}

// Describe implements [Node].
func (n *Sort) Describe() string { return "Sort " + describeKeys(n.Keys, n.Input.Schema()) }

func describeKeys(keys []SortKey, s []Field) string {
	return describeList(keys, func(k SortKey) string {
		text := k.Expr.text(s)
		if k.Desc {
			text += " DESC"
		}
		if k.NullsFirst {
			text += " NULLS FIRST"
		}
		return text
	})
}

// TopN is a Limit over a Sort: the first rows of an order.
type TopN struct {
	Input         Node
	Keys          []SortKey
	Limit, Offset int64
}

// Inputs implements [Node].
func (n *TopN) Inputs() []Node { return []Node{n.Input} }

// Schema implements [Node].
func (n *TopN) Schema() []Field { return n.Input.Schema() }

// WithInputs implements [Node].
func (n *TopN) WithInputs(in []Node) Node {
	return &TopN{Input: in[0], Keys: n.Keys, Limit: n.Limit, Offset: n.Offset}
}

// Prune implements [Node].
func (n *TopN) Prune(used []bool) (Node, [][]bool) {
	return n, [][]bool{readByKeys(used, n.Keys)}
}

// Describe implements [Node].
func (n *TopN) Describe() string {
	return fmt.Sprintf("TopN %s by %s", DescribeLimit(n.Limit, n.Offset), describeKeys(n.Keys, n.Input.Schema()))
}
