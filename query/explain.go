package query

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/ttlog/ttlog/storage/column"
)

// explain gives the plan to sink, one line a row; with analyze it runs the
// query first and adds what that took.
func (e *Engine) explain(ctx context.Context, x *exec, p *plan, analyze bool, sink Sink) (st Stats, err error) {
	lines := p.describe("")
	if analyze {
		start := time.Now()
		rows := int64(0)
		if err := x.run(ctx, p, e.o.MaxRows+1, func(_ []*vec, n int) error { rows += int64(n); return nil }); err != nil {
			return st, err
		}
		s := x.stats()
		if s.PartsDamaged > 0 {
			lines = append(lines, fmt.Sprintf("damaged parts, left out: %d", s.PartsDamaged))
		}
		lines = append(lines,
			fmt.Sprintf("rows %d, scanned %d, parts %d, pruned %d, bytes read %d", rows, s.RowsScanned, s.PartsTotal, s.PartsPruned, s.BytesRead),
			fmt.Sprintf("elapsed %s, peak memory %s", time.Since(start).Round(time.Microsecond), formatBytes(x.bud.peak.Load())))
	}
	if err := sink.Columns([]Column{{Name: "plan", Type: "string"}}); err != nil {
		return st, err
	}
	v := &vec{typ: typeStr, n: len(lines), strs: lines}
	st.RowsReturned = int64(len(lines))
	return st, sink.Batch(&Batch{cols: []*vec{v}, zones: []*time.Location{time.UTC}, n: len(lines)})
}

// describe lists the stages of a plan, the last first.
func (p *plan) describe(indent string) []string {
	var lines []string
	add := func(format string, args ...any) { lines = append(lines, indent+fmt.Sprintf(format, args...)) }
	add("output %s", strings.Join(p.names, ", "))
	if p.limit >= 0 || p.offset > 0 {
		add("limit %d offset %d", p.limit, p.offset)
	}
	if len(p.order) > 0 {
		how := "sort"
		if p.limit >= 0 {
			how = "keep the first by heap"
		}
		add("order by %d keys: %s", len(p.order), how)
	}
	if p.having != nil {
		add("filter groups")
	}
	if p.group != nil {
		add("group by %d keys, %d aggregates", len(p.group.keys), len(p.group.aggs))
	}
	if len(p.where) > 0 {
		single := 0
		for _, c := range p.where {
			if c.single >= 0 {
				single++
			}
		}
		add("filter %d conditions, %d of one column", len(p.where), single)
	}
	switch {
	case p.sub != nil:
		add("subquery")
		return append(lines, p.sub.describe(indent+"  ")...)
	case p.sc.table:
		add("scan %s", p.req.Signal)
		if p.req.From != 0 || p.req.To != 0 {
			add("  time from %s to %s", bound(p.req.From), bound(p.req.To))
		}
		for _, w := range p.req.Where {
			add("  prune by %s", predicateString(w))
		}
		for _, c := range p.sc.cols {
			add("  column %s %s", c.name, typeName(c.typ))
		}
	default:
		add("one row")
	}
	return lines
}

func bound(ns int64) string {
	if ns == 0 {
		return "any"
	}
	return textOf(intValue(typeTime, ns))
}

func predicateString(p column.Predicate) string {
	ops := map[column.Op]string{column.Eq: "=", column.Ne: "!=", column.Lt: "<", column.Le: "<=", column.Gt: ">", column.Ge: ">=", column.In: "in"}
	var vals []string
	for i, v := range p.Values {
		if i == 10 {
			vals = append(vals, "…")
			break
		}
		x := value{t: v.Type, n: v.Int, s: v.Str}
		if v.Type == typeFloat {
			x = floatValue(v.Float)
		}
		vals = append(vals, clip(textOf(x)))
	}
	return p.Ref.Name + " " + ops[p.Op] + " " + strings.Join(vals, ", ")
}
