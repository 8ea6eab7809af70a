package exec

import (
	"fmt"
	"hash/maphash"
	"testing"

	"github.com/ttlog/ttlog/query/eval"
	"github.com/ttlog/ttlog/query/types"
)

// TestToldValues_MissNone tells values by two workers, few and so many that only
// bits of them are kept: none that is there is said to be missing, and of others
// most are.
func TestToldValues_MissNone(t *testing.T) {
	for _, n := range [][2]int{{10, 20}, {10, maxTold}, {maxTold, 10}, {3 * maxTold, 2 * maxTold}, {toldBits / 2, 1}} {
		seed := maphash.MakeSeed()
		told := [2]toldValues{}
		for w := range told {
			told[w] = toldValues{values: map[types.Value]struct{}{}, seed: seed}
			v := eval.NewVec(types.ID, n[w])
			for i := range n[w] {
				v.Strs[i] = fmt.Sprintf("%d of %d", i, w)
			}
			told[w].add(v)
		}
		l := &told[0]
		l.merge(&told[1])
		if many := n[0] >= toldBits/2; l.knows() == many {
			t.Fatalf("%v values: known is %t", n, l.knows())
		}
		if !l.knows() {
			continue
		}
		for w := range told {
			for i := range n[w] {
				if !l.may(types.NewString(types.ID, fmt.Sprintf("%d of %d", i, w))) {
					t.Fatalf("%v values: value %d of worker %d is said to be missing", n, i, w)
				}
			}
		}
		wrong := 0
		for i := range 1000 {
			if l.may(types.NewString(types.ID, fmt.Sprint("nobody ", i))) {
				wrong++
			}
		}
		if wrong > 200 {
			t.Errorf("%v values: %d of 1000 others may be there", n, wrong)
		}
	}
}
