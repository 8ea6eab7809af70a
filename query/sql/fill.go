package sql

import (
	"slices"
	"strings"

	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/types"
)

// fillSpec is FILL(…) behind GROUP BY: value, where mode is "".
type fillSpec struct {
	mode  string // PREVIOUS or LINEAR
	value node
	pos   int
}

// fill reads FILL(0), FILL(null), FILL(previous) or FILL(linear).
func (p *parser) fill() *fillSpec {
	f := &fillSpec{pos: p.take().pos}
	p.expect("(")
	switch t := p.peek(0); {
	case t.is("previous"), t.is("linear"):
		f.mode = strings.ToUpper(p.take().text)
	default:
		f.value = p.unary()
	}
	p.expect(")")
	return f
}

// String returns it as it could have been written.
func (f *fillSpec) String() string {
	if f.mode != "" {
		return "FILL(" + f.mode + ")"
	}
	return "FILL(" + nodeString(f.value) + ")"
}

// fill binds FILL over the groups of out.
func (p *planner) fill(out *selectParts, f *fillSpec) {
	if p.Err != nil {
		return
	}
	n := &plan.TimeFill{Text: f.String()}
	n.Bucket = slices.IndexFunc(out.group.Keys, func(k *plan.Expr) bool { return k.Bucket > 0 })
	if n.Bucket < 0 {
		p.Fail(f.pos, "FILL needs GROUP BY time_bucket(…) with buckets of one length")
		return
	}
	n.Keys, n.Width = len(out.group.Keys), out.group.Keys[n.Bucket].Bucket
	if n.From, n.To = p.agg.from, p.agg.to; n.From != 0 && n.To == 0 {
		n.To = p.Now
	}
	switch f.mode {
	case "PREVIOUS":
		n.Mode = plan.FillPrevious
	case "LINEAR":
		n.Mode = plan.FillLinear
	default:
		agg := p.agg
		p.agg = nil
		e := p.expr(f.value)
		if p.agg = agg; p.Err == nil && !e.IsConst() {
			p.Fail(f.value.At(), "FILL takes a constant, null, previous or linear")
		}
		n.Value = e.Value
		for _, a := range out.group.Aggs {
			if p.Err == nil && !n.Value.IsNull() && a.Type != types.Null && n.ValueOf(a.Type).IsNull() {
				p.Fail(f.value.At(), "FILL(%s) does not fit %s, which is of type %s", types.Clip(nodeString(f.value)), a.Text, types.Name(a.Type))
			}
		}
	}
	out.fill = n
}
