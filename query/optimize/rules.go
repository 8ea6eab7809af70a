package optimize

import (
	"slices"

	"github.com/ttlog/ttlog/query/plan"
)

// Rule rewrites a plan: the rows and their order stay the same.
type Rule struct {
	Name  string
	Apply func(plan.Node) plan.Node
}

// Rules are the rules in the order in which they are applied.
var Rules = []Rule{
	{"push_filters", pushFilters},
	{"build_side", buildSide},
	{"topk", topK},
	{"prune_columns", pruneColumns},
	{"prune_scan", pruneScan},
	{"order_conjuncts", orderConjuncts},
	{"metadata", metadata},
}

// Plan applies all rules but those to skip.
func Plan(n plan.Node, skip []string) plan.Node {
	for _, r := range Rules {
		if !slices.Contains(skip, r.Name) {
			n = r.Apply(n)
		}
	}
	return n
}
