package optimize

import "github.com/ttlog/ttlog/query/plan"

// pruneColumns keeps operators from computing columns that nothing reads.
func pruneColumns(n plan.Node) plan.Node { return pruneTo(n, nil) }

func pruneTo(n plan.Node, used []bool) plan.Node {
	n, reads := n.Prune(used)
	in := n.Inputs()
	if len(in) == 0 {
		return n
	}
	pruned := make([]plan.Node, len(in))
	for i, c := range in {
		pruned[i] = pruneTo(c, reads[i])
	}
	return n.WithInputs(pruned)
}
