package query

// rateAggregates are rate() and rate(x): count(*) and count(x) per second of
// the time that a group covers: the width of its time_bucket, or without one
// the time that WHERE spans.
func rateAggregates() map[string]aggregate {
	return map[string]aggregate{"rate": {0, 1, func(b *binder, n *callNode, args []*expr) *aggCall {
		width := b.covered()
		if width <= 0 {
			b.fail(n.pos, "rate needs GROUP BY time_bucket(…) with buckets of one length, or WHERE with a lower bound on timestamp")
		}
		return &aggCall{typ: typeFloat, args: args, make: func() accumulator {
			return &rateAcc{seconds: float64(width) / 1e9}
		}}
	}}}
}

// covered returns how many nanoseconds a group covers, 0 where that is open.
func (b *binder) covered() int64 {
	for _, k := range b.agg.keyExprs {
		if k.bucket != 0 {
			return k.bucket // below 0: of no one width
		}
	}
	from, to := b.agg.from, b.agg.to
	if from == 0 {
		return 0
	}
	if to == 0 {
		to = b.now
	}
	width, _ := subInt(to, from)
	return width
}

// timeBounds returns the bounds that conditions put on the timestamp of a
// table, 0 for none.
func (s *scope) timeBounds(where []*expr) (from, to int64) {
	for _, e := range where {
		if d := e.push; d != nil && s.table && s.cols[d.col].isTime() {
			from, to = d.bounds(from, to)
		}
	}
	return from, to
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
