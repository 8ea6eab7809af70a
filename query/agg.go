package query

import "maps"

// aggregate is an aggregate function: how many arguments it takes and how a
// call is bound. bind gets the arguments bound to the rows before grouping.
type aggregate struct {
	min, max int
	bind     func(b *typer, n *call, args []*expr) *aggCall
}

// accumulator holds the state of one aggregate call for all groups of one
// worker.
type accumulator interface {
	// grow makes room for groups [0, n).
	grow(n int)
	// add takes the rows of ev's chunk. gids holds their groups; nil means
	// that all belong to group 0. seq numbers the chunk's first row.
	add(ev *eval, args []*expr, gids []uint32, seq uint64)
	// merge takes the state of another worker, whose group i is group to[i]
	// here. The other must not be used after.
	merge(from accumulator, to []uint32)
	// result returns the value of every group.
	result() (*vec, error)
	// size returns the bytes held.
	size() int64
}

// aggregates are the aggregate functions by name; filled by init for the same
// reason as functions.
var aggregates = map[string]aggregate{}

func init() {
	for _, m := range []map[string]aggregate{
		countAggregates(), sumAggregates(), extremeAggregates(), quantileAggregates(), distinctAggregates(), topkAggregates(), rateAggregates(),
		varianceAggregates(),
	} {
		maps.Copy(aggregates, m)
	}
}

// filterArgs makes the call see only rows that meet the condition: the last
// argument becomes NULL in all others, and aggregates leave NULLs out.
func filterArgs(c *aggCall, cond *expr) {
	if cond == nil {
		return
	}
	if len(c.args) == 0 {
		c.args = []*expr{constExpr(typeInt, intValue(typeInt, 1))}
	}
	last := len(c.args) - 1
	x := c.args[last]
	c.args[last] = callExpr("if", x.typ, caseKernel(x.typ), cond, x, widen(nullExpr(), x.typ))
}

// group returns the group of row i.
func group(gids []uint32, i int) uint32 {
	if gids == nil {
		return 0
	}
	return gids[i]
}
