package query

import (
	"context"
	"fmt"
	"time"

	"github.com/ttlog/ttlog/query/eval"
	"github.com/ttlog/ttlog/query/exec"
	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/types"
)

// explain gives the plans to sink, one operator a row; with analyze it runs the
// query first and adds what that took.
func (e *Engine) explain(ctx context.Context, x *exec.Exec, n plan.Node, analyze bool, sink Sink) (st Stats, err error) {
	b := exec.Builder{Measure: analyze}
	root := b.Build(n, e.o.MaxRows+1)
	lines := append([]string{"logical plan"}, indented(plan.Lines(n))...)
	var last []string
	if analyze {
		start := time.Now()
		rows := int64(0)
		if err := x.Ordered(ctx, root, eval.ChunkRows, func(_ []*eval.Vec, n int) error { rows += int64(n); return nil }); err != nil {
			return st, err
		}
		s := x.Stats()
		if s.PartsDamaged > 0 {
			last = append(last, fmt.Sprintf("damaged parts, left out: %d", s.PartsDamaged))
		}
		if s.PagesDamaged > 0 {
			last = append(last, fmt.Sprintf("damaged pages, left out: %d", s.PagesDamaged))
		}
		last = append(last,
			fmt.Sprintf("rows %d, scanned %d, parts %d, pruned %d, bytes read %d", rows, s.RowsScanned, s.PartsTotal, s.PartsPruned, s.BytesRead),
			fmt.Sprintf("elapsed %s, peak memory %s", time.Since(start).Round(time.Microsecond), x.Peak()))
	}
	lines = append(append(lines, "physical plan"), indented(exec.OperatorLines(root))...)
	lines = append(lines, last...)
	if err := sink.Columns([]Column{{Name: "plan", Type: "string"}}); err != nil {
		return st, err
	}
	v := &eval.Vec{Type: types.String, Len: len(lines), Strs: lines}
	st.RowsReturned = int64(len(lines))
	return st, sink.Batch(&Batch{cols: []*eval.Vec{v}, zones: []*time.Location{time.UTC}, n: len(lines)})
}

func indented(lines []string) []string {
	for i, l := range lines {
		lines[i] = "  " + l
	}
	return lines
}
