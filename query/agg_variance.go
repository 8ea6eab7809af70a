package query

import "math"

// varianceAggregates are the variance of a sample and of a population, and
// their square roots. A standard deviation of durations is a duration.
func varianceAggregates() map[string]aggregate {
	of := func(sample, root bool) aggregate {
		return aggregate{1, 1, func(b *typer, n *call, args []*expr) *aggCall {
			x, t := b.number(args[0], n.args[0], n.name), typeFloat
			if root && x.typ == typeDur {
				t = typeDur
			}
			return &aggCall{typ: t, args: []*expr{x}, impl: func() accumulator {
				return &varianceAcc{typ: t, sample: sample, root: root}
			}}
		}}
	}
	return map[string]aggregate{
		"variance": of(true, false), "var_samp": of(true, false), "var_pop": of(false, false),
		"stddev": of(true, true), "stddev_samp": of(true, true), "stddev_pop": of(false, true),
	}
}

// moments are the count, the mean and the sum of squared distances from it of
// a group. Unlike the difference of two large sums, they lose no digits.
type moments struct {
	n        int64
	mean, m2 float64
}

func (m *moments) add(x float64) {
	m.n++
	d := x - m.mean
	m.mean += d / float64(m.n)
	m.m2 += d * (x - m.mean)
}

// merge adds the values of o.
func (m *moments) merge(o moments) {
	if m.n == 0 {
		*m = o
		return
	}
	if o.n == 0 {
		return
	}
	n, d := m.n+o.n, o.mean-m.mean
	m.mean += d * float64(o.n) / float64(n)
	m.m2 += o.m2 + d*d*float64(m.n)*float64(o.n)/float64(n)
	m.n = n
}

type varianceAcc struct {
	typ          Type
	sample, root bool
	groups       []moments
}

func (a *varianceAcc) grow(n int) { a.groups = growSlice(a.groups, n) }

func (a *varianceAcc) add(ev *eval, args []*expr, gids []uint32, _ uint64) {
	v := ev.vec(args[0])
	for i := range ev.n {
		if !v.isNull(i) {
			a.groups[group(gids, i)].add(v.number(i))
		}
	}
}

func (a *varianceAcc) merge(from accumulator, to []uint32) {
	for i, m := range from.(*varianceAcc).groups {
		a.groups[to[i]].merge(m)
	}
}

func (a *varianceAcc) result() (*vec, error) {
	out := newVec(a.typ, len(a.groups))
	for i, m := range a.groups {
		n := m.n
		if a.sample {
			n--
		}
		if n <= 0 {
			out.setNull(i)
			continue
		}
		x := m.m2 / float64(n)
		if a.root {
			x = math.Sqrt(x)
		}
		if a.typ == typeDur {
			out.set(i, durationOf(x))
		} else {
			out.floats[i] = x
		}
	}
	return out, nil
}

func (a *varianceAcc) size() int64 { return int64(cap(a.groups)) * 24 }
