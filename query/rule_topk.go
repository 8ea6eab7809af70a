package query

// topK makes a limit over a sort one operator, which keeps no more rows than are
// asked for. What is computed from the rows is computed for those that are kept.
func topK(n planNode) planNode {
	return rewrite(n, func(n planNode) planNode {
		l, ok := n.(*limitNode)
		if !ok || l.limit < 0 {
			return n
		}
		if top := topOf(l.in, l); top != nil {
			return top
		}
		return n
	})
}

// topOf returns n, which is a sort or projections of one, cut by l.
func topOf(n planNode, l *limitNode) planNode {
	switch n := n.(type) {
	case *sortNode:
		return &topNNode{in: n.in, keys: n.keys, limit: l.limit, offset: l.offset}
	case *projectNode:
		if in := topOf(n.in, l); in != nil {
			return n.withInputs([]planNode{in})
		}
	}
	return nil
}
