package exec

import (
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/ttlog/ttlog/query/eval"
	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/types"
)

// TestSortUntil_EndsSoon cancels in the middle of a sort, and counts what is
// compared after that.
func TestSortUntil_EndsSoon(t *testing.T) {
	const n = 1 << 18
	list := rand.New(rand.NewPCG(1, 2)).Perm(n)
	sorted := slices.Clone(list)
	all := 0
	if err := sortUntil(t.Context(), sorted, func(a, b int) int { all++; return cmp.Compare(a, b) }); err != nil || !slices.IsSorted(sorted) {
		t.Fatalf("not sorted: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	calls := 0
	err := sortUntil(ctx, list, func(a, b int) int {
		if calls++; calls == all/4 {
			cancel()
		}
		return cmp.Compare(a, b)
	})
	if !errors.Is(err, context.Canceled) || calls > all/4+stride {
		t.Errorf("%v after %d comparisons, of %d, the context ended at %d", err, calls, all, all/4)
	}
}

// ended is a context that ends after it was looked at some times.
type ended struct {
	context.Context
	looks int
}

func (e *ended) Err() error {
	if e.looks--; e.looks < 0 {
		return context.Canceled
	}
	return nil
}

// TestGrouper_EndsSoon ends the context at each of the looks that merging two
// workers' groups and making rows of them take at it.
func TestGrouper_EndsSoon(t *testing.T) {
	const n = 4 * stride
	groups := func(from int) *grouper {
		g := newGrouper(&plan.Aggregate{Keys: []*plan.Expr{{Type: types.Int}}}, eval.NewBudget(1<<30, 1<<30, nil))
		for i := from; i < from+n; i++ {
			g.lookup([]uint32{g.keys[0].ID(types.NewInt(types.Int, int64(i)))}, uint64(i))
		}
		return g
	}
	for looks := 0; ; looks++ {
		ctx := &ended{Context: t.Context(), looks: looks}
		g := groups(0)
		err := g.merge(ctx, groups(n), 0)
		if err == nil {
			_, err = g.frame(ctx)
		}
		if err == nil {
			if least := 4 * n / stride; looks < least { // two for each row merged, two for each of the result
				t.Errorf("the context was looked at %d times, want %d", looks, least)
			}
			return
		}
		if !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
}
