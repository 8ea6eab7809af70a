package exec

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/query/eval"
	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/sql"
	"github.com/ttlog/ttlog/query/types"
	"github.com/ttlog/ttlog/storage/column"
)

// TestSortUntil_EndsSoon cancels in the middle of a sort, and counts what is
// compared after that.
func TestSortUntil_EndsSoon(t *testing.T) {
	const n = 1 << 18
	list := rand.New(rand.NewPCG(1, 2)).Perm(n)
	sorted := slices.Clone(list)
	all := 0
	if err := eval.SortUntil(t.Context(), sorted, func(a, b int) int { all++; return cmp.Compare(a, b) }); err != nil || !slices.IsSorted(sorted) {
		t.Fatalf("not sorted: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	calls := 0
	err := eval.SortUntil(ctx, list, func(a, b int) int {
		if calls++; calls == all/4 {
			cancel()
		}
		return cmp.Compare(a, b)
	})
	if !errors.Is(err, context.Canceled) || calls > all/4+eval.Stride {
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

// endsSoon ends the context at looks that some work takes at it, and checks that
// the work ends there, and that it takes as many looks as it has steps.
func endsSoon(t *testing.T, steps int, work func(ctx context.Context) error) {
	t.Helper()
	for looks := 0; ; looks += 1 + looks {
		ctx := &ended{Context: t.Context(), looks: looks}
		err := work(ctx)
		if err == nil {
			if least := steps / eval.Stride; looks-ctx.looks < least {
				t.Errorf("the context was looked at %d times, want %d", looks-ctx.looks, least)
			}
			return
		}
		if !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		if ctx.looks < -8 {
			t.Fatalf("the context was looked at %d times more after it had ended", -ctx.looks-1)
		}
	}
}

// boundPlan binds a query, and returns its plan.
func boundPlan(t *testing.T, text string) plan.Node {
	t.Helper()
	stmt, err := sql.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	n, _, err := sql.Bind(t.Context(), Catalog{Source: noAttributes{}}, stmt, sql.Options{Text: text, Now: time.Unix(1e9, 0), Zone: time.UTC})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// noAttributes is a source of tables that have no other columns than the fixed.
type noAttributes struct{ Source }

func (noAttributes) Columns(context.Context, otlpwire.Signal) ([]column.Ref, error) { return nil, nil }

// nodeOf returns the first operator of a type.
func nodeOf[T plan.Node](n plan.Node) (found T) {
	if n, ok := n.(T); ok {
		return n
	}
	for _, in := range n.Inputs() {
		if x := nodeOf[T](in); any(x) != any(found) {
			return x
		}
	}
	return found
}

// numberedFrame returns rows for a plan's input: in each column row i has value i,
// from a number on.
func numberedFrame(schema []plan.Field, from, n int) *eval.VecFrame {
	f := &eval.VecFrame{Len: n}
	for _, field := range schema {
		v := eval.NewVec(field.Type, n)
		for i := range n {
			x := int64(from + i)
			switch {
			case field.Name == "type":
				v.Set(i, types.NewString(field.Type, "sum"))
			case field.Name == "temporality":
				v.Set(i, types.NewString(field.Type, "cumulative"))
			case field.Name == "counts":
				v.Set(i, types.NewString(types.Array, fmt.Sprintf("[1,%d]", x)))
			case field.Name == "bounds":
				v.Set(i, types.NewString(types.Array, "[5]"))
			case types.FormOf(field.Type) == types.FormStr:
				v.Set(i, types.NewString(field.Type, fmt.Sprintf("%08d", x)))
			case types.FormOf(field.Type) == types.FormFloat:
				v.Set(i, types.NewFloat(float64(x)))
			default:
				v.Set(i, types.NewInt(field.Type, x))
			}
		}
		f.Cols = append(f.Cols, v)
	}
	return f
}

func testBudget() *eval.Budget { return eval.NewBudget(1<<30, 1<<30, nil) }

// batchOf returns all rows of a frame.
func batchOf(t *testing.T, f eval.Frame) *batch {
	return &batch{w: newWorker(t.Context(), testBudget(), eval.ChunkRows), f: f, all: true}
}

// TestGrouper_EndsSoon ends merging two workers' groups and making rows of them:
// of many groups, and of one that holds much.
func TestGrouper_EndsSoon(t *testing.T) {
	const n = 2 * eval.Stride
	for _, text := range []string{
		"SELECT count(*) FROM spans GROUP BY duration",
		"SELECT count(*) FROM spans GROUP BY duration, name",
		"SELECT sum(duration), min(name), any(name), stddev(duration), max(timestamp), avg(duration::float) FROM spans GROUP BY span_id",
		"SELECT count(DISTINCT name) FROM spans",
		"SELECT count(DISTINCT name) FROM spans GROUP BY duration",
		"SELECT count(DISTINCT name, duration) FROM spans",
		"SELECT approx_count_distinct(name) FROM spans GROUP BY duration",
		"SELECT topk(3, name) FROM spans",
		"SELECT p99(duration) FROM spans GROUP BY name",
		"SELECT histogram(duration) FROM spans GROUP BY name",
		"SELECT increase(value) FROM metrics",
		"SELECT increase(value) FROM metrics GROUP BY name",
		"SELECT histogram_quantile(0.5) FROM metrics GROUP BY name",
	} {
		t.Run(text, func(t *testing.T) {
			node := nodeOf[*plan.Aggregate](boundPlan(t, text))
			groups := func(from int) *grouper {
				g := newGrouper(node, testBudget())
				err := batchOf(t, numberedFrame(node.Input.Schema(), from, n)).chunks(eval.ChunkRows, g.add)
				if err != nil {
					t.Fatal(err)
				}
				return g
			}
			endsSoon(t, 2*n, func(ctx context.Context) error {
				g := groups(0)
				if err := g.merge(ctx, groups(n), 0); err != nil {
					return err
				}
				_, err := g.frame(ctx)
				return err
			})
		})
	}
}

// TestWindow_EndsSoon ends window functions over one large partition.
func TestWindow_EndsSoon(t *testing.T) {
	const n = 2 * eval.Stride
	for _, text := range []string{
		"row_number() OVER ()", "rank() OVER (ORDER BY duration)", "lag(name) OVER (ORDER BY duration DESC)", "last_value(name) OVER (ORDER BY name)",
		"sum(duration) OVER (ORDER BY timestamp ROWS BETWEEN 100 PRECEDING AND CURRENT ROW)", "max(name) OVER (PARTITION BY service)",
		"count(*) OVER (ORDER BY duration RANGE BETWEEN 5ns PRECEDING AND 5ns FOLLOWING)", "delta(duration) OVER (ORDER BY name)",
		"rate(duration) OVER (ORDER BY timestamp)",
	} {
		t.Run(text, func(t *testing.T) {
			node := nodeOf[*plan.Window](boundPlan(t, "SELECT "+text+" FROM spans"))
			c := node.Calls[0]
			endsSoon(t, 3*n, func(ctx context.Context) error {
				f := numberedFrame(node.Input.Schema(), 0, n)
				vecs := func(list []*plan.Expr) (out []*eval.Vec) {
					ev := eval.New(t.Context(), testBudget())
					ev.Enter(f)
					ev.Begin(eval.Chunk{Len: n})
					for _, e := range list {
						out = append(out, ev.Vec(e))
					}
					return out
				}
				w := windowCall{ctx: ctx, call: c, table: &table{n: n, acct: eval.NewAccount(testBudget(), "OVER")}}
				w.args, w.partition = vecs(c.Args), vecs(c.Partition)
				for _, k := range c.Order {
					w.order = append(w.order, vecs([]*plan.Expr{k.Expr})...)
				}
				_, err := w.compute()
				return err
			})
		})
	}
}

// TestJoinTable_EndsSoon ends the making of a join's table of what two workers have.
func TestJoinTable_EndsSoon(t *testing.T) {
	const n = 2 * eval.Stride
	node := nodeOf[*plan.Join](boundPlan(t, "SELECT a.name, b.name, b.service FROM spans a JOIN spans b ON a.span_id = b.parent_span_id"))
	o := newJoin(node, nil, nil)
	endsSoon(t, 2*n, func(ctx context.Context) error {
		var builders []*joinBuilder
		for i := range 2 {
			j := &joinBuilder{op: o, told: newTold(o), acct: eval.NewAccount(testBudget(), "JOIN")}
			if err := j.add(batchOf(t, numberedFrame(node.Right.Schema(), i*n, n)), uint64(i)<<seqShift, func(err error) error { return err }, eval.ChunkRows); err != nil {
				t.Fatal(err)
			}
			builders = append(builders, j)
		}
		table := &joinTable{seed: maphash.MakeSeed(), told: newTold(o), acct: eval.NewAccount(testBudget(), "JOIN")}
		return table.merge(ctx, o, builders)
	})
}

// TestFill_EndsSoon ends what puts rows together that empty buckets stand between.
func TestFill_EndsSoon(t *testing.T) {
	const n = 2 * eval.Stride
	node := nodeOf[*plan.TimeFill](boundPlan(t, "SELECT time_bucket(1s, timestamp) AS t, name, count(*) FROM spans WHERE timestamp > now() - 1h GROUP BY t, name FILL(0)"))
	f := numberedFrame(node.Input.Schema(), 0, n)
	endsSoon(t, n, func(ctx context.Context) error {
		_, err := (&fillOp{node: node}).combinations(ctx, &table{n: n, cols: f.Cols})
		return err
	})
}

// TestTraceSet_EndsSoon ends what puts traces together.
func TestTraceSet_EndsSoon(t *testing.T) {
	const n = 2 * eval.Stride
	node := nodeOf[*plan.TraceStructure](boundPlan(t, "SELECT self_time, has_ancestor(error) FROM spans"))
	endsSoon(t, 2*n, func(ctx context.Context) error {
		c := newSpanCollector(node, nil, testBudget(), "trace structure")
		err := batchOf(t, numberedFrame(node.Spans.Schema(), 0, n)).chunks(eval.ChunkRows, c.add)
		if err != nil {
			t.Fatal(err)
		}
		acct := eval.NewAccount(testBudget(), "trace structure")
		_, err = newTraceSet(ctx, node, []*spanCollector{c}, &acct)
		return err
	})
}
