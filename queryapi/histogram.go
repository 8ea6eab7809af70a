package queryapi

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// histogramAnswer is what /api/v1/histogram answers with.
type histogramAnswer struct {
	buckets
	Total  int64         `json:"total"`
	Series []countSeries `json:"series"`
}

// countSeries counts by bucket the records that have one value, or the others.
type countSeries struct {
	Value  any     `json:"value"`
	Other  bool    `json:"other,omitempty"`
	Total  int64   `json:"total"`
	Counts []int64 `json:"counts"`
}

// How many values a histogram is divided by: without a limit, and at most.
const (
	defaultSeries = 10
	maxSeries     = 100
)

// histogram answers with how many records there are by bucket and value.
func histogram(l *look) (any, error) {
	s, err := l.signalSelection()
	if err != nil {
		return nil, err
	}
	limit, err := l.number("limit", 1, maxSeries, defaultSeries)
	if err != nil {
		return nil, err
	}
	by, err := l.expressions("by", s.table, 1)
	if err != nil {
		return nil, err
	}
	b, err := l.buckets(s)
	if err != nil {
		return nil, err
	}
	out := histogramAnswer{buckets: b, Series: []countSeries{}}
	value := "NULL"
	if len(by) == 1 {
		if value, err = l.frequent(s, by[0].sql, limit, &out); err != nil {
			return nil, err
		}
	} else {
		out.Series = append(out.Series, countSeries{Counts: make([]int64, b.n)})
	}
	// The place of a value in the list stands for it: the others, of which there
	// may be millions, are one group.
	rows, err := l.selectRows(s, b.expr()+", "+value+", count(*)", "GROUP BY 1, 2")
	if err != nil {
		return nil, err
	}
	other := countSeries{Other: true, Counts: make([]int64, b.n)}
	for _, row := range rows {
		series := &other
		if place, ok := row[1].(int64); ok {
			series = &out.Series[place]
		} else if len(by) == 0 {
			series = &out.Series[0]
		}
		if i, ok := b.index(row[0]); ok {
			n, _ := row[2].(int64)
			series.Counts[i] += n
			series.Total += n
			out.Total += n
		}
	}
	if other.Total > 0 {
		out.Series = append(out.Series, other)
	}
	return out, nil
}

// frequent adds a series for each of the most frequent values of an expression,
// and returns an expression for the place of a row's value among them.
func (l *look) frequent(s *selection, expr string, limit int, out *histogramAnswer) (string, error) {
	rows, err := l.selectRows(s, expr+", count(*)", fmt.Sprintf("GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT %d", limit))
	if err != nil || len(rows) == 0 {
		return "NULL", err
	}
	var place strings.Builder
	place.WriteString("CASE")
	for i, row := range rows {
		out.Series = append(out.Series, countSeries{Value: jsonValue(row[0]), Counts: make([]int64, out.n)})
		if row[0] == nil {
			fmt.Fprintf(&place, " WHEN %s IS NULL THEN %d", expr, i)
			continue
		}
		name := fmt.Sprintf("q_value_%d", i)
		s.args[name] = row[0]
		fmt.Fprintf(&place, " WHEN %s = :%s THEN %d", expr, name, i)
	}
	return place.String() + " END", nil
}

// timeLayout is how answers write times.
const timeLayout = "2006-01-02T15:04:05.000000000Z07:00"

// jsonValue returns what stands for a value of a query in an answer.
func jsonValue(v any) any {
	switch v := v.(type) {
	case time.Time:
		return v.Format(timeLayout)
	case nil, bool, int64, string, json.RawMessage:
		return v
	}
	return json.RawMessage(queryJSON(v))
}
