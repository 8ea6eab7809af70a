package query

import "slices"

// rule rewrites a plan: the rows and their order stay the same.
type rule struct {
	name  string
	apply func(planNode) planNode
}

// rules are the rules in the order in which they are applied.
var rules = []rule{
	{"topk", topK},
	{"prune_columns", pruneColumns},
	{"prune_scan", pruneScan},
	{"order_conjuncts", orderConjuncts},
}

// optimize applies all rules but those to skip.
func optimize(n planNode, skip []string) planNode {
	for _, r := range rules {
		if !slices.Contains(skip, r.name) {
			n = r.apply(n)
		}
	}
	return n
}
