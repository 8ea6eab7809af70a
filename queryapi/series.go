package queryapi

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/ttlog/ttlog/query"
)

// seriesAnswer is what /api/v1/series answers with.
type seriesAnswer struct {
	Metric string `json:"metric"`
	Unit   string `json:"unit"`
	Type   string `json:"type"`
	Of     string `json:"of"`
	buckets
	Series    []series   `json:"series"`
	Bounds    []float64  `json:"bounds,omitempty"` // of a heat map
	Counts    [][]int64  `json:"counts,omitempty"`
	Exemplars []exemplar `json:"exemplars"`
	Resets    int64      `json:"resets"`
	Dropped   int        `json:"dropped"` // series beyond the limit
}

// series is what the points with the same labels give, a number or null for
// each bucket.
type series struct {
	Labels map[string]any `json:"labels"`
	Values []*float64     `json:"values"`
}

const (
	// maxStreams is how many streams of points, which differ in some attribute,
	// a metric may have here.
	maxStreams = 20_000
	// streamBytes is about what a stream takes beside its name.
	streamBytes = 512
	// maxExemplars is how many exemplars there are.
	maxExemplars = 200
	// counterLead is how long before the range a counter is looked at, for what
	// it was when the range began.
	counterLead = 5 * time.Minute
)

// The words that of may be, by what a metric is. The first is the default.
var (
	ofCounter   = []string{"rate", "increase"}
	ofGauge     = []string{"last", "sum", "avg", "min", "max"}
	ofHistogram = []string{"p95", "p50", "p75", "p90", "p99", "p999", "avg", "sum", "count", "rate", "heatmap"}
	ofSummary   = []string{"rate", "count", "sum", "avg"}
)

// seriesCall answers with a metric over time.
func seriesCall(l *look) (any, error) {
	s, err := l.selection("metrics")
	if err != nil {
		return nil, err
	}
	limit, err := l.number("limit", 1, maxSeries, 20)
	if err != nil {
		return nil, err
	}
	by, err := l.expressions("by", "metrics", 5)
	if err != nil {
		return nil, err
	}
	kind, monotonic, err := l.metricOf(s)
	if err != nil {
		return nil, err
	}
	words := ofGauge
	switch {
	case kind.typ == "sum" && (monotonic || kind.temporality == "delta"):
		words = ofCounter
	case kind.typ == "histogram" || kind.typ == "exponential_histogram":
		words = ofHistogram
	case kind.typ == "summary":
		words = ofSummary
	}
	of, err := l.oneOf("of", words...)
	if err != nil {
		return nil, err
	}
	b, err := l.buckets(s)
	if err != nil {
		return nil, err
	}
	m := &seriesBuilder{
		look: l, kind: kind, of: of, buckets: b, from: s.from, to: s.to, by: by,
		streams: map[string]*pointStream{}, groups: map[string]*group{},
	}
	if err := m.read(s); err != nil {
		return nil, err
	}
	out := m.answer(limit)
	out.Metric = l.params.Get("metric")
	out.Exemplars, err = l.exemplars(s)
	return out, err
}

// seriesBuilder makes series of the points of a metric, which come in the order
// of time.
type seriesBuilder struct {
	*look
	kind     metricKind
	of       string
	buckets  buckets
	from, to time.Time
	by       []expression
	streams  map[string]*pointStream
	groups   map[string]*group
	resets   int64
	key      []byte // reused
}

// pointStream is the points of one sender with the same attributes.
type pointStream struct {
	group *group
	some  bool
	// What the last point was, for what grows.
	start int64
	at    int64
	last  distribution // its count and sum, and the value of a number as the sum
	// What the points of the present bucket give, for what does not.
	bucket int
	gauge  gauge
}

// group is the streams with the same labels.
type group struct {
	labels map[string]any
	gauges []gauge        // by bucket, over streams
	added  []distribution // by bucket, what was added
	points []int
}

// gauge is what is to be known of some numbers.
type gauge struct {
	n              int
	last, sum      float64
	lowest, greast float64
}

func (g *gauge) add(v float64) {
	if g.n == 0 {
		g.lowest, g.greast = v, v
	}
	g.n++
	g.last = v
	g.sum += v
	g.lowest, g.greast = min(g.lowest, v), max(g.greast, v)
}

// grows tells whether what counts is how much was added, not what there is.
func (m *seriesBuilder) grows() bool {
	return m.kind.typ != "gauge" && !(m.kind.typ == "sum" && slices.Contains(ofGauge, m.of))
}

// pointColumns are the columns of a point behind its attributes and labels.
const pointColumns = "timestamp, start_timestamp, value, count, sum, bucket_counts, explicit_bounds, scale, zero_count, positive, negative"

// read takes the points of a selection.
func (m *seriesBuilder) read(s *selection) error {
	if m.grows() && m.kind.temporality != "delta" {
		s = s.clone()
		s.from = s.from.Add(-max(counterLead, m.buckets.Step))
		s.bound()
	}
	items := []string{"attributes", "resource", "scope_name"}
	for _, e := range m.by {
		items = append(items, e.sql)
	}
	first := 3 + len(m.by)
	_, err := m.each(s.sql(strings.Join(append(items, pointColumns), ", "), "ORDER BY timestamp"), s.args, func(b *query.Batch, i int) error {
		st, err := m.stream(b, i)
		if err != nil {
			return err
		}
		at, _ := b.Int(i, first)
		bucket, inside := m.buckets.at(at)
		inside = inside && at >= m.from.UnixNano() && at < m.to.UnixNano()
		if !m.grows() {
			if v, ok := b.Float(i, first+2); ok && inside {
				m.gauge(st, bucket, v)
			}
			return nil
		}
		point, ok, err := pointOf(b, i, first, m.kind.typ)
		if err != nil || !ok {
			return err
		}
		start, _ := b.Int(i, first+1)
		return m.grow(st, at, start, point, bucket, inside)
	})
	for _, st := range m.streams {
		m.leave(st)
	}
	return err
}

// stream returns the stream of a row.
func (m *seriesBuilder) stream(b *query.Batch, i int) (*pointStream, error) {
	m.key = m.key[:0]
	for col := range 3 + len(m.by) {
		m.key = append(b.AppendJSON(m.key, i, col), 0)
	}
	if st := m.streams[string(m.key)]; st != nil {
		return st, nil
	}
	if len(m.streams) == maxStreams {
		return nil, fmt.Errorf("the metric has more than %d streams here; narrow it with a condition: %w", maxStreams, query.ErrLimit)
	}
	if err := m.held.Grow(int64(len(m.key)) + streamBytes); err != nil {
		return nil, err
	}
	st := &pointStream{}
	m.streams[string(m.key)] = st
	label := m.key[:0]
	for col := range m.by {
		label = append(b.AppendJSON(label, i, 3+col), 0)
	}
	st.group = m.groups[string(label)]
	if st.group == nil {
		if len(m.groups) == maxPage {
			return nil, fmt.Errorf("there are more than %d series here; group by less: %w", maxPage, query.ErrLimit)
		}
		if err := m.held.Grow(int64(m.buckets.n) * 128); err != nil {
			return nil, err
		}
		g := &group{labels: map[string]any{}, points: make([]int, m.buckets.n)}
		for col, e := range m.by {
			g.labels[e.text] = jsonValue(b.Value(i, 3+col))
		}
		if m.grows() {
			g.added = make([]distribution, m.buckets.n)
		} else {
			g.gauges = make([]gauge, m.buckets.n)
		}
		m.groups[string(label)], st.group = g, g
	}
	return st, nil
}

// gauge takes a point of what does not grow. The streams of a group are put
// together by bucket, each with what its points there give.
func (m *seriesBuilder) gauge(st *pointStream, bucket int, v float64) {
	if st.gauge.n > 0 && st.bucket != bucket {
		m.leave(st)
	}
	st.bucket = bucket
	st.gauge.add(v)
}

// leave ends the present bucket of a stream.
func (m *seriesBuilder) leave(st *pointStream) {
	if st.gauge.n == 0 {
		return
	}
	v := st.gauge.last
	switch m.of {
	case "avg":
		v = st.gauge.sum / float64(st.gauge.n)
	case "min":
		v = st.gauge.lowest
	case "max":
		v = st.gauge.greast
	}
	st.group.gauges[st.bucket].add(v)
	st.group.points[st.bucket]++
	st.gauge = gauge{}
}

// grow takes a point of what grows: what was added since the one before.
func (m *seriesBuilder) grow(st *pointStream, at, start int64, point distribution, bucket int, inside bool) error {
	added, some := point, true
	if m.kind.temporality != "delta" {
		switch {
		case !st.some:
			// A stream that begins within the range began with nothing.
			some = start >= m.from.UnixNano()
		case start != st.start && start >= st.at || point.less(&st.last):
			m.resets++
		default:
			added = point.minus(&st.last)
		}
		if err := m.held.Grow(point.bytes() - st.last.bytes()); err != nil {
			return err
		}
		st.some, st.start, st.at, st.last = true, start, at, point
	}
	if !inside {
		return nil
	}
	st.group.points[bucket]++
	if some {
		to := &st.group.added[bucket]
		before := to.bytes()
		if err := to.merge(&added); err != nil {
			return err
		}
		return m.held.Grow(to.bytes() - before)
	}
	return nil
}

// answer makes the series, those with the most points first.
func (m *seriesBuilder) answer(limit int) *seriesAnswer {
	out := &seriesAnswer{Unit: m.kind.unit, Type: m.kind.typ, Of: m.of, buckets: m.buckets, Series: []series{}, Resets: m.resets}
	groups := make([]*group, 0, len(m.groups))
	for _, g := range m.groups {
		groups = append(groups, g)
	}
	if m.of == "heatmap" {
		out.Bounds, out.Counts = heatmapOf(groups, m.buckets.n)
		return out
	}
	name := func(g *group) string { text, _ := json.Marshal(g.labels); return string(text) }
	slices.SortFunc(groups, func(a, b *group) int {
		return cmp.Or(cmp.Compare(sumOf(b.points), sumOf(a.points)), strings.Compare(name(a), name(b)))
	})
	out.Dropped = max(len(groups)-limit, 0)
	for _, g := range groups[:min(len(groups), limit)] {
		values := make([]*float64, m.buckets.n)
		for i := range values {
			if v := m.value(g, i); g.points[i] > 0 && !math.IsNaN(v) && !math.IsInf(v, 0) {
				values[i] = &v
			}
		}
		out.Series = append(out.Series, series{g.labels, values})
	}
	return out
}

func sumOf(list []int) (n int) {
	for _, v := range list {
		n += v
	}
	return n
}

// quantiles are those that of may ask for.
var quantiles = map[string]float64{"p50": 0.5, "p75": 0.75, "p90": 0.9, "p95": 0.95, "p99": 0.99, "p999": 0.999}

// value returns the number of a bucket, NaN for none.
func (m *seriesBuilder) value(g *group, i int) float64 {
	if !m.grows() {
		of := g.gauges[i]
		switch m.of {
		case "avg":
			return of.sum / float64(of.n)
		case "min":
			return of.lowest
		case "max":
			return of.greast
		}
		return of.sum
	}
	added, counted := &g.added[i], m.kind.typ != "sum"
	switch m.of {
	case "rate", "increase":
		v := added.sum
		if counted {
			v = added.count
		}
		if m.of == "rate" {
			v /= m.covered(i).Seconds()
		}
		return v
	case "count":
		return added.count
	case "sum":
		return added.sum
	case "avg":
		return added.sum / added.count
	}
	return added.quantile(quantiles[m.of])
}

// covered returns how much of a bucket is in the range: the first and the last
// may be there in part.
func (m *seriesBuilder) covered(i int) time.Duration {
	from := m.buckets.From.Add(time.Duration(i) * m.buckets.Step)
	to := from.Add(m.buckets.Step)
	if from.Before(m.from) {
		from = m.from
	}
	return max(earlier(to, m.to).Sub(from), 1)
}
