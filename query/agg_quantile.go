package query

import "math"

func quantileAggregates() map[string]aggregate {
	fixed := func(q float64) aggregate {
		return aggregate{1, 1, func(b *typer, n *call, args []*expr) *aggCall {
			return b.quantile(q, n, args[0], n.args[0])
		}}
	}
	return map[string]aggregate{
		"p50": fixed(0.5), "p75": fixed(0.75), "p90": fixed(0.9), "p95": fixed(0.95), "p99": fixed(0.99), "p999": fixed(0.999),
		"median": fixed(0.5),
		"quantile": {2, 2, func(b *typer, n *call, args []*expr) *aggCall {
			q := math.NaN()
			if args[0].isConst() && (args[0].typ == typeInt || args[0].typ == typeFloat) {
				q = convertValue(args[0].val, typeFloat).float()
			}
			if !(q >= 0 && q <= 1) {
				b.fail(n.args[0].at(), "quantile needs a constant between 0 and 1")
			}
			return b.quantile(q, n, args[1], n.args[1])
		}},
	}
}

func (b *typer) quantile(q float64, n *call, x *expr, at syntaxPiece) *aggCall {
	x = b.number(x, at, n.name)
	t := x.typ
	if t != typeDur {
		t = typeFloat
	}
	return &aggCall{typ: t, args: []*expr{x}, impl: func() accumulator { return &quantileAcc{typ: t, q: q} }}
}

// quantileAcc keeps the values of a group while they are few, and then a
// DDSketch, whose result does not depend on the order of the rows either.
type quantileAcc struct {
	typ    Type
	q      float64
	groups []quantileState
	bytes  int64
}

type quantileState struct {
	vals   []float64
	sketch *sketch
	odd    *oddFloats
}

// oddFloats counts the values that are not finite, which a sketch cannot hold.
type oddFloats struct{ low, high, nan int64 }

func (a *quantileAcc) grow(n int) { a.groups = growSlice(a.groups, n) }

func (a *quantileAcc) add(ev *eval, args []*expr, gids []uint32, _ uint64) {
	v := ev.vec(args[0])
	for i := range ev.n {
		if v.isNull(i) {
			continue
		}
		a.put(&a.groups[group(gids, i)], v.number(i))
	}
}

func (a *quantileAcc) put(s *quantileState, x float64) {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		a.putOdd(s, oddFloats{bit(x < 0), bit(x > 0), bit(x != x)})
		return
	}
	if s.sketch != nil {
		s.sketch.add(x)
		return
	}
	if len(s.vals) == exactQuantile {
		a.toSketch(s)
		s.sketch.add(x)
		return
	}
	before := cap(s.vals)
	s.vals = append(s.vals, x)
	a.bytes += int64(cap(s.vals)-before) * 8
}

func (a *quantileAcc) putOdd(s *quantileState, o oddFloats) {
	if s.odd == nil {
		s.odd = &oddFloats{}
		a.bytes += 24
	}
	s.odd.low += o.low
	s.odd.high += o.high
	s.odd.nan += o.nan
}

func (a *quantileAcc) toSketch(s *quantileState) {
	s.sketch = newSketch()
	for _, x := range s.vals {
		s.sketch.add(x)
	}
	a.bytes += 2*8*sketchBins - int64(cap(s.vals))*8
	s.vals = nil
}

func (a *quantileAcc) merge(from accumulator, to []uint32) {
	f := from.(*quantileAcc)
	for i := range f.groups {
		src, dst := &f.groups[i], &a.groups[to[i]]
		if src.odd != nil {
			a.putOdd(dst, *src.odd)
		}
		if src.sketch == nil {
			for _, x := range src.vals {
				a.put(dst, x)
			}
			continue
		}
		if dst.sketch == nil {
			a.toSketch(dst)
		}
		dst.sketch.merge(src.sketch)
	}
}

func (a *quantileAcc) result() (*vec, error) {
	out := newVec(a.typ, len(a.groups))
	for i := range a.groups {
		x, ok := a.groups[i].quantile(a.q)
		if !ok {
			out.setNull(i)
			continue
		}
		if a.typ == typeDur {
			out.set(i, durationOf(x))
		} else {
			out.floats[i] = x
		}
	}
	return out, nil
}

// quantile returns the smallest value that at least q of all are not above.
// The order is that of ORDER BY: NaN is behind everything.
func (s *quantileState) quantile(q float64) (x float64, ok bool) {
	finite := int64(len(s.vals))
	if s.sketch != nil {
		finite = s.sketch.count()
	}
	var odd oddFloats
	if s.odd != nil {
		odd = *s.odd
	}
	all := odd.low + finite + odd.high + odd.nan
	k := max(int64(math.Ceil(q*float64(all)))-1, 0)
	switch {
	case all == 0:
		return 0, false
	case k < odd.low:
		return math.Inf(-1), true
	case k >= odd.low+finite+odd.high:
		return math.NaN(), true
	case k >= odd.low+finite:
		return math.Inf(1), true
	case s.sketch != nil:
		return s.sketch.at(k - odd.low), true
	}
	return nth(s.vals, int(k-odd.low)), true
}

func durationOf(ns float64) value {
	v := roundToInt(ns)
	if !v.isNull() {
		v.t = typeDur
	}
	return v
}

func (a *quantileAcc) size() int64 { return a.bytes + int64(cap(a.groups))*40 }
