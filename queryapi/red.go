package queryapi

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// red is how requests fare: their rate, errors and durations, together and by
// bucket. What is not known without any request is null.
type red struct {
	Requests  int64     `json:"requests"`
	Errors    int64     `json:"errors"`
	Rate      float64   `json:"rate"`
	ErrorRate float64   `json:"error_rate"`
	P50       *int64    `json:"p50"`
	P95       *int64    `json:"p95"`
	P99       *int64    `json:"p99"`
	Entries   bool      `json:"entries"` // it is about the spans of entered alone
	Series    redSeries `json:"series"`
}

// redSeries are the figures of red by bucket.
type redSeries struct {
	buckets
	Requests []int64  `json:"requests"`
	Errors   []int64  `json:"errors"`
	P50      []*int64 `json:"p50"`
	P95      []*int64 `json:"p95"`
	P99      []*int64 `json:"p99"`
}

func newRED(b buckets) *red {
	return &red{Series: redSeries{
		buckets: b, Requests: make([]int64, b.n), Errors: make([]int64, b.n),
		P50: make([]*int64, b.n), P95: make([]*int64, b.n), P99: make([]*int64, b.n),
	}}
}

// redGroup is one group of spans and how they fare.
type redGroup struct {
	Key []any `json:"key"`
	RED *red  `json:"red"`
}

// entered are the spans by which work enters a service. Counting all spans
// would count a request again for each thing that a service does for it.
const entered = "(kind IN ('server', 'consumer') OR root_span)"

// redItems are the figures in SQL.
const redItems = "count(*), count_if(error), p50(duration), p95(duration), p99(duration)"

// red groups the spans of a selection by expressions, and returns the limit
// groups with the most requests.
func (l *look) red(s *selection, b buckets, by []string, entries bool, limit int) ([]redGroup, error) {
	if entries {
		s = s.clone()
		s.and(entered)
	}
	keys := strings.Join(by, ", ")
	rows, err := l.selectRows(s, keys+", "+redItems, fmt.Sprintf("GROUP BY %s ORDER BY count(*) DESC, %s LIMIT %d", keys, keys, limit+1))
	if err != nil {
		return nil, err
	}
	if len(rows) > limit { // the others need no series
		rows = rows[:limit]
		s = s.clone()
		s.keepGroups(by, rows)
	}
	groups, byKey := make([]redGroup, len(rows)), make(map[string]*red, len(rows))
	for i, row := range rows {
		r := newRED(b)
		r.Entries = entries
		r.fill(row[len(by):], s.to.Sub(s.from))
		groups[i] = redGroup{row[:len(by)], r}
		byKey[fmt.Sprintf("%q", row[:len(by)])] = r
	}
	rows, err = l.selectRows(s, keys+", "+b.expr()+", "+redItems, "GROUP BY "+keys+", "+b.expr())
	for _, row := range rows {
		i, ok := b.index(row[len(by)])
		r := byKey[fmt.Sprintf("%q", row[:len(by)])]
		if ok && r != nil {
			r.Series.fill(i, row[len(by)+1:])
		}
	}
	return groups, err
}

// keepGroups narrows a selection to groups.
func (s *selection) keepGroups(by []string, rows [][]any) {
	var groups []string
	for i, row := range rows {
		var same []string
		for j, expr := range by {
			if row[j] == nil {
				same = append(same, expr+" IS NULL")
				continue
			}
			name := fmt.Sprintf("q_key_%d_%d", i, j)
			same = append(same, expr+" = :"+name)
			s.args[name] = row[j]
		}
		groups = append(groups, "("+strings.Join(same, " AND ")+")")
	}
	s.and("(" + strings.Join(groups, " OR ") + ")")
}

// fill takes the figures of a row of redItems.
func (r *red) fill(row []any, length time.Duration) {
	r.Requests, _ = row[0].(int64)
	r.Errors, _ = row[1].(int64)
	r.P50, r.P95, r.P99 = nanos(row[2]), nanos(row[3]), nanos(row[4])
	r.Rate = float64(r.Requests) / max(length.Seconds(), 1e-9)
	if r.Requests > 0 {
		r.ErrorRate = float64(r.Errors) / float64(r.Requests)
	}
}

func (s *redSeries) fill(i int, row []any) {
	s.Requests[i], _ = row[0].(int64)
	s.Errors[i], _ = row[1].(int64)
	s.P50[i], s.P95[i], s.P99[i] = nanos(row[2]), nanos(row[3]), nanos(row[4])
}

// nanos returns a duration, nil for NULL.
func nanos(v any) *int64 {
	d, ok := v.(time.Duration)
	if !ok {
		return nil
	}
	return new(int64(d))
}

// serviceRED returns how services fare, by name, those of names alone where
// there are any: by the spans that enter them, or by all spans of one that has
// no such.
func (l *look) serviceRED(s *selection, b buckets, names []any) (map[string]*red, error) {
	out := make(map[string]*red, len(names))
	if len(names) == 0 {
		return out, nil
	}
	s = s.clone()
	s.services(names)
	// Both kinds of spans in one pass over them.
	groups, err := l.red(s, b, []string{"service", entered}, false, 2*len(names))
	for _, g := range groups {
		name, _ := g.Key[0].(string)
		if g.RED.Entries, _ = g.Key[1].(bool); g.RED.Entries || out[name] == nil {
			out[name] = g.RED
		}
	}
	return out, err
}

// services narrows a selection to services, "" for spans without one.
func (s *selection) services(names []any) {
	condition := "service IN (:q_services)"
	if slices.Contains(names, any("")) {
		condition = "(" + condition + " OR service IS NULL)"
	}
	s.and(condition, "q_services", names)
}

// redAnswer is what /api/v1/red answers with.
type redAnswer struct {
	buckets
	Groups []redGroup `json:"groups"`
}

// How many groups /api/v1/red has: without a limit, and at most.
const (
	defaultGroups = 100
	maxGroups     = 500
)

// red answers with how groups of spans fare.
func redCall(l *look) (any, error) {
	s, err := l.selection("spans")
	if err != nil {
		return nil, err
	}
	by, err := l.expressions("by", "spans", 5)
	if err != nil {
		return nil, err
	}
	if len(by) == 0 {
		by = []expression{{"service", "service"}}
	}
	limit, err := l.number("limit", 1, maxGroups, defaultGroups)
	if err != nil {
		return nil, err
	}
	b, err := l.buckets(s)
	if err != nil {
		return nil, err
	}
	if len(by) == 1 && by[0].text == "service" {
		return l.redByService(s, b, limit)
	}
	exprs := make([]string, len(by))
	for i, e := range by {
		exprs[i] = e.sql
	}
	groups, err := l.red(s, b, exprs, by[0].text == "service", limit)
	return redAnswer{b, groups}, err
}

// redByService is redCall by the service alone.
func (l *look) redByService(s *selection, b buckets, limit int) (any, error) {
	rows, err := l.selectRows(s, "coalesce(service, ''), count(*)", fmt.Sprintf("GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT %d", limit))
	if err != nil {
		return nil, err
	}
	names := make([]any, len(rows))
	for i, row := range rows {
		names[i] = row[0]
	}
	byName, err := l.serviceRED(s, b, names)
	groups := make([]redGroup, 0, len(names))
	for _, name := range names {
		if r := byName[name.(string)]; r != nil {
			groups = append(groups, redGroup{[]any{name}, r})
		}
	}
	slices.SortStableFunc(groups, func(a, b redGroup) int { return cmp.Compare(b.RED.Requests, a.RED.Requests) })
	return redAnswer{b, groups}, err
}
