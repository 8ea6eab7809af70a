package table

import (
	"cmp"
	"hash/maphash"
	"maps"
	"slices"

	"github.com/ttlog/ttlog/internal/otlpwire"
)

// clusters returns rows that stand by time in the order in which they are
// stored: by service, name and time, and between data points of one metric by
// series before time. Rows of one series or operation next to each other are
// what makes columns runs and small differences. The sources must be loaded;
// data points have one.
func clusters(srcs []*Chunk, locs []Loc) ([]Loc, error) {
	services := newRanking(srcs, locs, LeafScope)
	for _, u := range services.used {
		name, err := srcs[u.Src].Service(u.Row)
		if err != nil {
			return nil, err
		}
		services.names = append(services.names, name)
	}
	keys := make([]clusterKey, len(locs))
	for i, r := range services.ranks() {
		keys[i].service = r
	}
	switch srcs[0].Signal {
	case otlpwire.Traces:
		names := newRanking(srcs, locs, SpanName)
		for _, u := range names.used {
			names.names = append(names.names, srcs[u.Src].Rows.Leaves[SpanName].Dict.Values[u.Row])
		}
		for i, r := range names.ranks() {
			keys[i].name = r
		}
	case otlpwire.Metrics:
		metrics := newRanking(srcs, locs, PointMetric)
		for _, u := range metrics.used {
			v := srcs[u.Src].Rows.Leaves[PointMetric].Dict.Values[u.Row]
			m := parseMetric(v)
			metrics.names = append(metrics.names, m.name+"\x00"+v)
		}
		series := seriesOf(srcs[0], locs)
		for i, r := range metrics.ranks() {
			keys[i].name, keys[i].series = r, series[i]
		}
	}
	return sortByKey(locs, keys), nil
}

// clusterKey is what rows are ordered by before time.
type clusterKey struct{ service, name, series uint32 }

func (k clusterKey) compare(o clusterKey) int {
	return cmp.Or(cmp.Compare(k.service, o.service), cmp.Compare(k.name, o.name), cmp.Compare(k.series, o.series))
}

// sortByKey returns locs in the order of their keys; equal ones keep theirs.
// There are few keys and many rows, so the keys alone are sorted.
func sortByKey(locs []Loc, keys []clusterKey) []Loc {
	counts := make(map[clusterKey]uint32)
	for _, k := range keys {
		counts[k]++
	}
	distinct := slices.SortedFunc(maps.Keys(counts), clusterKey.compare)
	at := uint32(0)
	for _, k := range distinct {
		at, counts[k] = at+counts[k], at
	}
	out := make([]Loc, len(locs))
	for i, k := range keys {
		out[counts[k]] = locs[i]
		counts[k]++
	}
	return out
}

// ranking numbers the strings that one leaf of some rows has, in several
// chunks, in sorted order.
type ranking struct {
	used  []Loc    // source and code of each string, once a source
	names []string // what used stands for, filled by the caller
	rows  []uint32 // by row: index into used
}

func newRanking(srcs []*Chunk, locs []Loc, leaf int) *ranking {
	r := &ranking{rows: make([]uint32, len(locs))}
	known := make([]memo, len(srcs))
	for k, l := range locs {
		from := &srcs[l.Src].Rows.Leaves[leaf]
		m := &known[l.Src]
		if !m.made() {
			*m = newMemo(len(from.Dict.Values), len(locs))
		}
		code := from.Code(int(l.Row))
		n := m.get(code)
		if n == 0 {
			r.used = append(r.used, Loc{l.Src, code})
			n = uint32(len(r.used))
			m.set(code, n)
		}
		r.rows[k] = n - 1
	}
	return r
}

// ranks returns the rank of each row's string. Equal strings have equal ranks.
func (r *ranking) ranks() []uint32 {
	ranks := stringRanks(r.names)
	for i, n := range r.rows {
		r.rows[i] = ranks[n]
	}
	return r.rows
}

// stringRanks returns the rank of each string in sorted order.
func stringRanks(values []string) []uint32 {
	index := make([]uint32, len(values))
	for i := range index {
		index[i] = uint32(i)
	}
	slices.SortFunc(index, func(a, b uint32) int {
		switch {
		case values[a] == values[b]:
			return 0
		case values[a] < values[b]:
			return -1
		}
		return 1
	})
	ranks := make([]uint32, len(values))
	for rank, i := range index {
		ranks[i] = uint32(rank)
		if rank > 0 && values[i] == values[index[rank-1]] {
			ranks[i] = ranks[index[rank-1]]
		}
	}
	return ranks
}

// Services returns the service name of each scope code. The scope leaf and the
// resources must be loaded.
func (c *Chunk) Services() ([]string, error) {
	out := make([]string, len(c.Rows.Leaves[LeafScope].Dict.Values))
	for code := range out {
		s, err := c.Service(uint32(code))
		if err != nil {
			return nil, err
		}
		out[code] = s
	}
	return out, nil
}

// seriesOf numbers the series of a chunk's data points in order of first
// appearance: points of one scope with equal attributes in equal order.
func seriesOf(c *Chunk, locs []Loc) []uint32 {
	s := &c.Rows.Sets[setAttrs]
	starts, values := s.positions(c.Rows.N)
	seed := maphash.MakeSeed()
	numbers := make(map[uint64]uint32)
	out := make([]uint32, len(locs))
	var buf []byte
	for k, l := range locs {
		i := int(l.Row)
		buf = appendUint64(buf[:0], uint64(c.Rows.Leaves[LeafScope].Code(i)))
		buf = appendUint64(buf, uint64(s.Shape.Code(i)))
		for j, col := range s.ShapeAt(i) {
			l := &s.Cols[col].Leaf
			at := int(values[int(starts[i])+j])
			buf = appendUint64(buf, uint64(l.Code(at))|uint64(l.Int(at)))
		}
		// A collision would only cost a little order.
		h := maphash.Bytes(seed, buf)
		n, ok := numbers[h]
		if !ok {
			n = uint32(len(numbers))
			numbers[h] = n
		}
		out[k] = n
	}
	return out
}
