package queryapi

import (
	"encoding/json"
	"fmt"
	"time"
)

// exemplars returns the last exemplars that tell their trace.
func (l *look) exemplars(s *selection) ([]exemplar, error) {
	s = s.clone()
	s.and("coalesce(exemplars, '') != ''")
	rows, err := l.selectRows(s, "exemplars, timestamp", fmt.Sprintf("ORDER BY timestamp DESC LIMIT %d", maxExemplars))
	list := []exemplar{}
	for _, row := range rows {
		text, _ := row[0].(string)
		var found []struct {
			Time    *time.Time `json:"time"`
			Value   *float64   `json:"value"`
			TraceID string     `json:"trace_id"`
			SpanID  string     `json:"span_id"`
		}
		if err := json.Unmarshal([]byte(text), &found); err != nil {
			continue // a value that is no number
		}
		for _, f := range found {
			if f.TraceID == "" || f.Value == nil || len(list) == maxExemplars {
				continue
			}
			at, _ := row[1].(time.Time)
			if f.Time != nil {
				at = *f.Time
			}
			list = append(list, exemplar{at, *f.Value, f.TraceID, f.SpanID})
		}
	}
	return list, err
}

// exemplar is a measurement that tells its trace.
type exemplar struct {
	Timestamp time.Time `json:"timestamp"`
	Value     float64   `json:"value"`
	TraceID   string    `json:"trace_id"`
	SpanID    string    `json:"span_id"`
}
