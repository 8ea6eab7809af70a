package fn

import (
	"context"
	"maps"

	"github.com/ttlog/ttlog/query/eval"
	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/types"
)

// Aggregate is an aggregate function: how many arguments it takes and how a
// call is bound. bind gets the arguments bound to the rows before grouping.
type Aggregate struct {
	min, max int
	bind     func(b *Typer, n *Call, args []*plan.Expr) *plan.AggCall
}

// Accumulator holds the state of one aggregate call for all groups of one
// worker.
type Accumulator interface {
	// Grow makes room for groups [0, n).
	Grow(n int)
	// Add takes the rows of ev's chunk. gids holds their groups; nil means
	// that all belong to group 0. seq numbers the chunk's first row.
	Add(ev *eval.Evaluator, args []*plan.Expr, gids []uint32, seq uint64)
	// Merge takes the state of another accumulator, whose group i is group to[i]
	// here. The other is only read, by several at once.
	// It looks at the context as it goes, as Result does, and fails when that ends.
	Merge(ctx context.Context, from Accumulator, to []uint32) error
	// Result returns the value of every group.
	Result(ctx context.Context) (*eval.Vec, error)
	// Size returns the bytes held.
	Size() int64
}

// RunAccumulator is an [Accumulator] that takes rows of one group together.
type RunAccumulator interface {
	Accumulator
	// AddRuns is Add of runs of groups.
	AddRuns(ev *eval.Evaluator, args []*plan.Expr, runs []eval.Run)
}

// KnownAccumulator is an [Accumulator] that can do without the rows.
type KnownAccumulator interface {
	Accumulator
	// AddKnown adds as many rows to a group, whose values lie between two that are
	// among them. Which of this counts is what AggCall.Known says.
	AddKnown(g uint32, rows, least, greatest int64)
}

// Aggregates are the aggregate functions by name; filled by init for the same
// reason as functions.
var Aggregates = map[string]Aggregate{}

func init() {
	for _, m := range []map[string]Aggregate{
		countAggregates(), sumAggregates(), extremeAggregates(), quantileAggregates(), distinctAggregates(), topkAggregates(), rateAggregates(),
		varianceAggregates(), increaseAggregates(), histogramAggregates(), histogramQuantileAggregates(),
	} {
		maps.Copy(Aggregates, m)
	}
}

// filterArgs makes the call see only rows that meet the condition: the last
// argument becomes NULL in all others, and aggregates leave NULLs out.
func filterArgs(c *plan.AggCall, cond *plan.Expr) {
	if cond == nil {
		return
	}
	if len(c.Args) == 0 {
		c.Args = []*plan.Expr{plan.Const(types.Int, types.NewInt(types.Int, 1))}
	}
	last := len(c.Args) - 1
	x := c.Args[last]
	c.Args[last] = eval.Call("if", x.Type, caseKernel(x.Type), cond, x, widen(plan.Null(), x.Type))
}

// group returns the group of row i.
func group(gids []uint32, i int) uint32 {
	if gids == nil {
		return 0
	}
	return gids[i]
}
