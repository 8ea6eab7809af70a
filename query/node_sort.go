package query

import "fmt"

// sortKey is one key of an order.
type sortKey struct {
	e          *expr
	desc       bool
	nullsFirst bool
}

// sortNode orders rows; those that are equal in all keys stay in their order.
type sortNode struct {
	in   planNode
	keys []sortKey
}

func (n *sortNode) inputs() []planNode  { return []planNode{n.in} }
func (n *sortNode) schema() []planField { return n.in.schema() }

func (n *sortNode) withInputs(in []planNode) planNode { return &sortNode{in: in[0], keys: n.keys} }

func (n *sortNode) prune(used []bool) (planNode, [][]bool) {
	return n, [][]bool{readByKeys(used, n.keys)}
}

func readByKeys(used []bool, keys []sortKey) []bool {
	used = copyUsed(used)
	for _, k := range keys {
		readBy(used, k.e)
	}
	return used
}

func (n *sortNode) describe() string { return "Sort " + describeKeys(n.keys, n.in.schema()) }

func describeKeys(keys []sortKey, s []planField) string {
	return describeList(keys, func(k sortKey) string {
		text := k.e.text(s)
		if k.desc {
			text += " DESC"
		}
		if k.nullsFirst {
			text += " NULLS FIRST"
		}
		return text
	})
}

// topNNode is a limitNode over a sortNode: the first rows of an order.
type topNNode struct {
	in            planNode
	keys          []sortKey
	limit, offset int64
}

func (n *topNNode) inputs() []planNode  { return []planNode{n.in} }
func (n *topNNode) schema() []planField { return n.in.schema() }

func (n *topNNode) withInputs(in []planNode) planNode {
	return &topNNode{in: in[0], keys: n.keys, limit: n.limit, offset: n.offset}
}

func (n *topNNode) prune(used []bool) (planNode, [][]bool) {
	return n, [][]bool{readByKeys(used, n.keys)}
}

func (n *topNNode) describe() string {
	return fmt.Sprintf("TopN %s by %s", describeLimit(n.limit, n.offset), describeKeys(n.keys, n.in.schema()))
}
