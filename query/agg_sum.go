package query

import (
	"math"
	"math/big"
	"math/bits"
)

func sumAggregates() map[string]aggregate {
	bind := func(avg bool) func(b *typer, n *call, args []*expr) *aggCall {
		return func(b *typer, n *call, args []*expr) *aggCall {
			x := b.number(args[0], n.args[0], n.name)
			t := x.typ
			if t == typeNull || avg && t == typeInt {
				t = typeFloat
			}
			return &aggCall{typ: t, args: []*expr{x}, impl: func() accumulator {
				if formOf(x.typ) == formInt {
					return &intSum{typ: t, avg: avg, name: n.name}
				}
				return &floatSum{avg: avg}
			}}
		}
	}
	return map[string]aggregate{"sum": {1, 1, bind(false)}, "avg": {1, 1, bind(true)}}
}

// sum128 adds integers in 128 bits: the order of the rows never decides
// whether a sum overflows.
type sum128 struct {
	hi int64
	lo uint64
	n  int64 // values
}

func (s *sum128) add(x int64) {
	var carry uint64
	s.lo, carry = bits.Add64(s.lo, uint64(x), 0)
	s.hi += x>>63 + int64(carry)
	s.n++
}

func (s *sum128) float() float64 {
	f := new(big.Int).Lsh(big.NewInt(s.hi), 64)
	f.Add(f, new(big.Int).SetUint64(s.lo))
	r, _ := new(big.Float).SetInt(f).Float64()
	return r
}

// intSum is sum and avg of integers and durations.
type intSum struct {
	typ  Type // of the result
	avg  bool
	name string
	sums []sum128
}

func (a *intSum) grow(n int) { a.sums = growSlice(a.sums, n) }

func (a *intSum) add(ev *eval, args []*expr, gids []uint32, _ uint64) {
	v := ev.vec(args[0])
	if v.null == nil && !v.same && gids != nil {
		for i, x := range v.ints {
			a.sums[gids[i]].add(x)
		}
		return
	}
	for i := range ev.n {
		if !v.isNull(i) {
			a.sums[group(gids, i)].add(v.ints[v.ix(i)])
		}
	}
}

func (a *intSum) merge(from accumulator, to []uint32) {
	for i, s := range from.(*intSum).sums {
		d := &a.sums[to[i]]
		var carry uint64
		d.lo, carry = bits.Add64(d.lo, s.lo, 0)
		d.hi += s.hi + int64(carry)
		d.n += s.n
	}
}

func (a *intSum) result() (*vec, error) {
	out := newVec(a.typ, len(a.sums))
	for i := range a.sums {
		s := &a.sums[i]
		switch {
		case s.n == 0:
			out.setNull(i)
		case a.typ == typeFloat:
			out.floats[i] = s.float() / float64(s.n)
		case a.avg:
			out.ints[i] = int64(math.Round(s.float() / float64(s.n)))
		case s.hi != int64(s.lo)>>63:
			return nil, limitError("%s of integers does not fit 64 bits; use %s(x::float)", a.name, a.name)
		default:
			out.ints[i] = int64(s.lo)
		}
	}
	return out, nil
}

func (a *intSum) size() int64 { return int64(cap(a.sums)) * 24 }

// compensated is a sum of floats that keeps what rounding loses, so that the
// order in which workers add hardly ever shows.
type compensated struct {
	sum, rest float64
	n         int64
}

func (s *compensated) add(x float64) {
	t := s.sum + x
	if math.Abs(s.sum) >= math.Abs(x) {
		s.rest += (s.sum - t) + x
	} else {
		s.rest += (x - t) + s.sum
	}
	s.sum = t
}

// value returns the sum; infinities make the rest meaningless.
func (s *compensated) value() float64 {
	if r := s.sum + s.rest; !math.IsNaN(r) {
		return r
	}
	return s.sum
}

// floatSum is sum and avg of floats.
type floatSum struct {
	avg  bool
	sums []compensated
}

func (a *floatSum) grow(n int) { a.sums = growSlice(a.sums, n) }

func (a *floatSum) add(ev *eval, args []*expr, gids []uint32, _ uint64) {
	v := ev.vec(args[0])
	for i := range ev.n {
		if !v.isNull(i) {
			s := &a.sums[group(gids, i)]
			s.add(v.floats[v.ix(i)])
			s.n++
		}
	}
}

func (a *floatSum) merge(from accumulator, to []uint32) {
	for i, s := range from.(*floatSum).sums {
		d := &a.sums[to[i]]
		d.add(s.sum)
		d.rest += s.rest
		d.n += s.n
	}
}

func (a *floatSum) result() (*vec, error) {
	out := newVec(typeFloat, len(a.sums))
	for i := range a.sums {
		s := &a.sums[i]
		if out.floats[i] = s.value(); s.n == 0 {
			out.setNull(i)
		} else if a.avg {
			out.floats[i] /= float64(s.n)
		}
	}
	return out, nil
}

func (a *floatSum) size() int64 { return int64(cap(a.sums)) * 24 }
