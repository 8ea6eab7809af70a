package encoding

// shape is what one pass over a column finds out.
type shape struct {
	min, max int64
	runs     int
}

func shapeOf(v []int64) shape {
	s := shape{min: v[0], max: v[0], runs: 1}
	last := v[0]
	for _, x := range v[1:] {
		if x != last {
			s.runs++
			s.min, s.max = min(s.min, x), max(s.max, x)
			last = x
		}
	}
	return s
}

// mostRunExcess is how many bytes more runs of many rows may take than another
// codec promises.
const mostRunExcess = 64

// appendInts appends v with the codec that promises the fewest bytes.
func (e Encoder) appendInts(dst []byte, v []int64, depth int) []byte {
	if len(v) == 0 {
		return append(dst, intEmpty)
	}
	s := shapeOf(v)
	if s.runs == 1 {
		return appendVarint(append(dst, intConstant), v[0])
	}
	nest := depth < maxDepth-2 && !(e.trial && depth > 1)
	runs := nest && s.runs <= len(v)/3
	divisor := uint64(1)
	if nest && len(v) >= 16 {
		divisor = commonDivisor(v, s.min)
	}
	if e.hint != nil && e.hint.divided != (divisor > 1 || depth > 0) {
		e.hint = nil
	}
	if divisor > 1 && !runs {
		// Quotients are never larger than values.
		return e.appendMultiples(dst, v, s.min, divisor, depth)
	}
	best, repeats := e.planFor(v, s)
	e.hint = nil // columns within are others
	start, budget := len(dst), int(best.bits/8)+1
	if runs {
		// Runs are taken even when a little larger: queries work on whole runs.
		// What a plan says of nearly nothing leaves out what a frame takes.
		dst = e.appendRuns(dst, v, s.runs, depth)
		if len(dst)-start <= budget+budget/8+4+min(len(v)/64, mostRunExcess) {
			return dst
		}
		dst = dst[:start]
	}
	if divisor > 1 {
		return e.appendMultiples(dst, v, s.min, divisor, depth)
	}
	if values := dictFor(v, s, nest && repeats, budget); values != nil {
		if dst = e.appendDict(dst, v, values, depth); len(dst)-start < budget {
			return dst
		}
		dst = dst[:start]
	}
	dst = e.appendPlan(dst, v, best)
	if len(dst)-start > budget+budget/4+64 {
		// The sample did not show what the column is like: a base above whole
		// blocks makes their residuals wrap. Local bases suit any column.
		if local := appendLocal(nil, v, min(best.t.order, 1)); len(local) < len(dst)-start {
			dst = append(dst[:start], local...)
		}
	}
	return dst
}

// planFor is plan, unless v is a page of a column that was planned.
func (e Encoder) planFor(v []int64, s shape) (best plan, repeats bool) {
	h := e.hint
	if h == nil {
		return e.plan(v, s)
	}
	return h.of(v, s)
}

// appendPlan appends v as planned. Classes of a fineness that sufficed for the
// sample may not for all; with 2 bits, they always do.
func (e Encoder) appendPlan(dst []byte, v []int64, p plan) []byte {
	switch p.codec {
	case intLocal:
		return appendLocal(dst, v, p.t.order)
	case intBuckets:
		if out, ok := e.appendBuckets(dst, v, p.t, p.fine); ok {
			return out
		}
		out, _ := e.appendBuckets(dst, v, p.t, 2)
		return out
	case intBytes:
		return e.appendIntBytes(dst, v, p.t, p.layout)
	default:
		return appendPacked(dst, v, p.t)
	}
}

// dictFor returns the distinct values when a dictionary may save bytes: when
// they are few against the rows, and spread so that they are not codes already.
func dictFor(v []int64, s shape, repeats bool, budget int) []int64 {
	span := uint64(s.max) - uint64(s.min)
	if !repeats || len(v) < 32 || span < 16 || budget < 16 {
		return nil
	}
	values := distinct(v, min(len(v)/4, maxDict-1))
	if values == nil || uint64(len(values)) > span/2 {
		return nil
	}
	return values
}
