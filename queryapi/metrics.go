package queryapi

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// metric is a row of /api/v1/metrics.
type metric struct {
	Name        string    `json:"name"`
	Unit        string    `json:"unit"`
	Type        string    `json:"type"`
	Temporality string    `json:"temporality"`
	Monotonic   *bool     `json:"monotonic"`
	Description string    `json:"description"`
	Services    []string  `json:"services"`
	Points      int64     `json:"points"`
	Last        time.Time `json:"last"`
}

// metrics answers with the metrics that there are.
func metrics(l *look) (any, error) {
	p, err := l.page()
	if err != nil {
		return nil, err
	}
	s, err := l.selection("metrics")
	if err != nil {
		return nil, err
	}
	if text := l.params.Get("prefix"); text != "" {
		// A pattern is a constant of the text, not a parameter.
		s.and("name ILIKE '%" + strings.ReplaceAll(likeEscape.Replace(text), "'", "''") + "%'")
	}
	for _, column := range []string{"type", "unit"} {
		if v := l.params.Get(column); v != "" {
			s.and(column+" = :q_"+column, "q_"+column, v)
		}
	}
	rows, err := l.selectRows(s, "name, unit, type, temporality, monotonic, any(description), topk(20, service), count(*), max(timestamp)",
		fmt.Sprintf("GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4 LIMIT %d OFFSET %d", p.limit+1, p.offset))
	if err != nil {
		return nil, err
	}
	list := make([]metric, 0, len(rows))
	for _, row := range rows {
		var m metric
		for i, to := range []*string{&m.Name, &m.Unit, &m.Type, &m.Temporality} {
			*to, _ = row[i].(string)
		}
		if monotonic, ok := row[4].(bool); ok {
			m.Monotonic = &monotonic
		}
		m.Description, _ = row[5].(string)
		var services []valueCount
		if top, ok := row[6].(json.RawMessage); ok {
			if err := json.Unmarshal(top, &services); err != nil {
				return nil, err
			}
		}
		m.Services = make([]string, len(services))
		for i, s := range services {
			m.Services[i], _ = s.Value.(string)
		}
		m.Points, _ = row[7].(int64)
		m.Last, _ = row[8].(time.Time)
		list = append(list, m)
	}
	return paged(l, p, list), nil
}

// metricKind is what is to be known of a metric to make series of it.
type metricKind struct{ typ, temporality, unit string }

// metricOf narrows a selection to a metric and returns what it is: most of its
// points, where senders are not of one mind.
func (l *look) metricOf(s *selection) (k metricKind, monotonic bool, err error) {
	name := l.params.Get("metric")
	if name == "" {
		return k, false, badParam("metric", "which metric?")
	}
	s.and("name = :q_metric", "q_metric", name)
	rows, err := l.selectRows(s, "type, temporality, unit, coalesce(monotonic, false), count(*)", "GROUP BY 1, 2, 3, 4 ORDER BY 5 DESC LIMIT 1")
	if err != nil {
		return k, false, err
	}
	if len(rows) == 0 {
		return k, false, l.unknownMetric(name)
	}
	k.typ, _ = rows[0][0].(string)
	k.temporality, _ = rows[0][1].(string)
	k.unit, _ = rows[0][2].(string)
	monotonic, _ = rows[0][3].(bool)
	// Points of two types under one name have nothing to do with each other.
	s.and("type = :q_type", "q_type", k.typ)
	s.and("temporality = :q_temporality", "q_temporality", k.temporality)
	return k, monotonic, nil
}

// unknownMetric tells that nothing of a metric is selected, and of which with a
// like name there is something.
func (l *look) unknownMetric(name string) error {
	rows, err := l.rows("SELECT name FROM metrics GROUP BY name LIMIT 10000", nil)
	if err != nil {
		return err
	}
	names := make([]string, len(rows))
	for i, row := range rows {
		names[i], _ = row[0].(string)
	}
	return notFoundError(fmt.Sprintf("no point of a metric %.100q is selected%s", name, suggestion(name, names)))
}
