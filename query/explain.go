package query

import (
	"context"
	"fmt"
	"time"
)

// explain gives the plans to sink, one operator a row; with analyze it runs the
// query first and adds what that took.
func (e *Engine) explain(ctx context.Context, x *exec, n planNode, analyze bool, sink Sink) (st Stats, err error) {
	b := builder{measure: analyze}
	root := b.build(n, e.o.MaxRows+1)
	lines := append([]string{"logical plan"}, indented(treeLines(n))...)
	var last []string
	if analyze {
		start := time.Now()
		rows := int64(0)
		if err := x.ordered(ctx, root, chunkRows, func(_ []*vec, n int) error { rows += int64(n); return nil }); err != nil {
			return st, err
		}
		s := x.stats()
		if s.PartsDamaged > 0 {
			last = append(last, fmt.Sprintf("damaged parts, left out: %d", s.PartsDamaged))
		}
		last = append(last,
			fmt.Sprintf("rows %d, scanned %d, parts %d, pruned %d, bytes read %d", rows, s.RowsScanned, s.PartsTotal, s.PartsPruned, s.BytesRead),
			fmt.Sprintf("elapsed %s, peak memory %s", time.Since(start).Round(time.Microsecond), formatBytes(x.bud.peak.Load())))
	}
	lines = append(append(lines, "physical plan"), indented(operatorLines(root))...)
	lines = append(lines, last...)
	if err := sink.Columns([]Column{{Name: "plan", Type: "string"}}); err != nil {
		return st, err
	}
	v := &vec{typ: typeStr, n: len(lines), strs: lines}
	st.RowsReturned = int64(len(lines))
	return st, sink.Batch(&Batch{cols: []*vec{v}, zones: []*time.Location{time.UTC}, n: len(lines)})
}

func indented(lines []string) []string {
	for i, l := range lines {
		lines[i] = "  " + l
	}
	return lines
}
