package query

// pruneColumns keeps operators from computing columns that nothing reads.
func pruneColumns(n planNode) planNode { return pruneTo(n, nil) }

func pruneTo(n planNode, used []bool) planNode {
	n, reads := n.prune(used)
	in := n.inputs()
	if len(in) == 0 {
		return n
	}
	pruned := make([]planNode, len(in))
	for i, c := range in {
		pruned[i] = pruneTo(c, reads[i])
	}
	return n.withInputs(pruned)
}
