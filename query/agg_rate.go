package query

// rateAggregates are rate() and rate(x): count(*) and count(x) per second of
// the time that a group covers: the width of its time_bucket, or without one
// the time that WHERE spans.
func rateAggregates() map[string]aggregate {
	return map[string]aggregate{"rate": {0, 1, func(b *typer, n *call, args []*expr) *aggCall {
		width := b.columns.covered()
		if width <= 0 {
			b.fail(n.pos, "rate needs GROUP BY time_bucket(…) with buckets of one length, or WHERE with a lower bound on timestamp")
		}
		return &aggCall{typ: typeFloat, args: args, impl: func() accumulator {
			return &rateAcc{seconds: float64(width) / 1e9}
		}}
	}}}
}

// rateAcc divides a count by the seconds a group covers.
type rateAcc struct {
	countAcc
	seconds float64
}

func (a *rateAcc) merge(from accumulator, to []uint32) {
	a.countAcc.merge(&from.(*rateAcc).countAcc, to)
}

func (a *rateAcc) result() (*vec, error) {
	out := newVec(typeFloat, len(a.counts))
	for i, n := range a.counts {
		out.floats[i] = float64(n) / a.seconds
	}
	return out, nil
}
