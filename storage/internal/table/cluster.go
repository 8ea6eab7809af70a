package table

import (
	"hash/maphash"
	"slices"

	"github.com/ttlog/ttlog/internal/otlpwire"
)

// ClusterOrder returns the order in which the rows of a chunk that stand by
// time are stored: by service, name and time, and between data points of one
// metric by series before time. Rows of one series or operation next to each
// other are what makes columns runs and small differences.
func ClusterOrder(c *Chunk) ([]uint32, error) {
	if err := c.EnsureAll(); err != nil {
		return nil, err
	}
	services, err := c.serviceRanks()
	if err != nil {
		return nil, err
	}
	scope := &c.Rows.Leaves[LeafScope]
	major := func(i int) uint64 { return uint64(services[scope.Code(i)]) << 32 }
	minor := func(int) uint64 { return 0 }
	switch c.Signal {
	case otlpwire.Traces:
		names := &c.Rows.Leaves[SpanName]
		ranks := stringRanks(names.Dict.Values)
		minor = func(i int) uint64 { return uint64(ranks[names.Code(i)]) }
	case otlpwire.Metrics:
		ranks := c.metricRanks()
		series := c.series()
		metric := &c.Rows.Leaves[PointMetric]
		// Metrics and series are both below 2^32 but together they are not:
		// the series number rises with the metric's first point, so sorting
		// by series within a metric needs the two apart.
		serviceOnly := major
		major = func(i int) uint64 { return serviceOnly(i) | uint64(ranks[metric.Code(i)]) }
		minor = func(i int) uint64 { return uint64(series[i]) }
		return sortRows(c.Rows.N, major, minor), nil
	}
	both := func(i int) uint64 { return major(i) | minor(i) }
	return sortRows(c.Rows.N, both, func(int) uint64 { return 0 }), nil
}

// sortRows returns the rows in order of two keys; equal ones keep their order.
func sortRows(n int, major, minor func(i int) uint64) []uint32 {
	type entry struct {
		major, minor uint64
		row          uint32
	}
	entries := make([]entry, n)
	for i := range entries {
		entries[i] = entry{major(i), minor(i), uint32(i)}
	}
	slices.SortFunc(entries, func(a, b entry) int {
		switch {
		case a.major != b.major:
			return order(a.major < b.major)
		case a.minor != b.minor:
			return order(a.minor < b.minor)
		}
		return order(a.row < b.row)
	})
	out := make([]uint32, n)
	for i := range entries {
		out[i] = entries[i].row
	}
	return out
}

func order(less bool) int {
	if less {
		return -1
	}
	return 1
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

// serviceRanks returns the rank of the service of each scope code.
func (c *Chunk) serviceRanks() ([]uint32, error) {
	services, err := c.Services()
	if err != nil {
		return nil, err
	}
	return stringRanks(services), nil
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

// metricRanks returns the rank of each metric code by name, then by code.
func (c *Chunk) metricRanks() []uint32 {
	values := c.Rows.Leaves[PointMetric].Dict.Values
	keys := make([]string, len(values))
	for i, v := range values {
		m := parseMetric(v)
		keys[i] = m.name + "\x00" + v
	}
	return stringRanks(keys)
}

// series numbers the series of the chunk's points in order of first
// appearance: points of one scope with equal attributes in equal order.
func (c *Chunk) series() []uint32 {
	s := &c.Rows.Sets[setAttrs]
	starts, values := s.Positions(c.Rows.N)
	seed := maphash.MakeSeed()
	numbers := make(map[uint64]uint32)
	out := make([]uint32, c.Rows.N)
	var buf []byte
	for i := range c.Rows.N {
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
		out[i] = n
	}
	return out
}
