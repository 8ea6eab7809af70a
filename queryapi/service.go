package queryapi

import (
	"fmt"
	"time"
)

// serviceAnswer is what /api/v1/services/{name} answers with.
type serviceAnswer struct {
	Name string `json:"name"`
	buckets
	RED        *red             `json:"red"`
	Operations []operationRED   `json:"operations"`
	Versions   []serviceVersion `json:"versions"`
	Logs       []levelCount     `json:"logs"`
	Points     int64            `json:"points"`
}

type operationRED struct {
	Name string `json:"name"`
	Kind string `json:"kind"`
	RED  *red   `json:"red"`
}

// serviceVersion is a value of service.version, and when spans had it.
type serviceVersion struct {
	Version   *string   `json:"version"`
	FirstSeen time.Time `json:"first_seen"`
	LastSeen  time.Time `json:"last_seen"`
	Spans     int64     `json:"spans"`
}

type levelCount struct {
	Level *string `json:"level"`
	Count int64   `json:"count"`
}

// maxOperations is how many operations and versions of a service are told.
const maxOperations = 1000

// serviceCall answers with what is known of one service.
func serviceCall(l *look) (any, error) {
	limit, err := l.number("limit", 1, maxOperations, defaultGroups)
	if err != nil {
		return nil, err
	}
	l.params.Set("service", l.path("name"))
	s, err := l.selection("spans")
	if err != nil {
		return nil, err
	}
	logs, metrics := s.other("logs"), s.other("metrics")
	b, err := l.buckets(s)
	if err != nil {
		return nil, err
	}
	out := serviceAnswer{Name: l.path("name"), buckets: b, RED: newRED(b), Operations: []operationRED{}}
	byName, err := l.serviceRED(s, b, []any{out.Name})
	if err != nil {
		return nil, err
	}
	if r := byName[out.Name]; r != nil {
		out.RED = r
	}
	groups, err := l.red(s, b, []string{"name", "kind"}, out.RED.Entries, limit)
	if err != nil {
		return nil, err
	}
	for _, g := range groups {
		o := operationRED{RED: g.RED}
		o.Name, _ = g.Key[0].(string)
		o.Kind, _ = g.Key[1].(string)
		out.Operations = append(out.Operations, o)
	}
	if out.Versions, err = l.versions(s, limit); err != nil {
		return nil, err
	}
	if out.Logs, err = l.levels(logs); err != nil {
		return nil, err
	}
	rows, err := l.selectRows(metrics, "count(*)", "")
	if err != nil {
		return nil, err
	}
	out.Points, _ = rows[0][0].(int64)
	if len(groups) == 0 && len(out.Logs) == 0 && out.Points == 0 {
		return nil, l.unknownService(out.Name)
	}
	return out, nil
}

func (l *look) versions(s *selection, limit int) ([]serviceVersion, error) {
	rows, err := l.selectRows(s, "resource['service.version']::string AS version, min(timestamp), max(timestamp), count(*)",
		fmt.Sprintf("GROUP BY 1 ORDER BY 2 DESC LIMIT %d", limit))
	list := make([]serviceVersion, 0, len(rows))
	for _, row := range rows {
		v := serviceVersion{Version: textOf(row[0])}
		v.FirstSeen, _ = row[1].(time.Time)
		v.LastSeen, _ = row[2].(time.Time)
		v.Spans, _ = row[3].(int64)
		list = append(list, v)
	}
	return list, err
}

func (l *look) levels(s *selection) ([]levelCount, error) {
	rows, err := l.selectRows(s, "level, count(*)", "GROUP BY level ORDER BY level DESC LIMIT 100")
	list := make([]levelCount, 0, len(rows))
	for _, row := range rows {
		n, _ := row[1].(int64)
		list = append(list, levelCount{textOf(row[0]), n})
	}
	return list, err
}

// textOf returns a text, nil for NULL.
func textOf(v any) *string {
	if s, ok := v.(string); ok {
		return &s
	}
	return nil
}

// unknownService tells that a range has nothing of a service, and of which
// with a like name it has.
func (l *look) unknownService(name string) error {
	rows, err := l.rows("SELECT service FROM spans WHERE service IS NOT NULL GROUP BY service LIMIT 1000", nil)
	if err != nil {
		return err
	}
	names := make([]string, len(rows))
	for i, row := range rows {
		names[i], _ = row[0].(string)
	}
	return notFoundError(fmt.Sprintf("nothing of a service %.100q is in this range%s", name, suggestion(name, names)))
}
