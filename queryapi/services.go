package queryapi

import (
	"cmp"
	"net/http"
	"slices"
)

// service is a row of /api/v1/services.
type service struct {
	Name   string `json:"name"`
	Spans  int64  `json:"spans"`
	Logs   int64  `json:"logs"`
	Points int64  `json:"points"`
}

// services answers with every service and what is stored of it.
func (a *api) services(w http.ResponseWriter, r *http.Request) {
	byName := make(map[string]*service)
	for table, count := range map[string]func(*service) *int64{
		"spans":   func(s *service) *int64 { return &s.Spans },
		"logs":    func(s *service) *int64 { return &s.Logs },
		"metrics": func(s *service) *int64 { return &s.Points },
	} {
		res, err := a.engine.Query(r.Context(), "SELECT service, count(*) FROM "+table+" GROUP BY service")
		if err != nil {
			a.failQuery(w, r, err)
			return
		}
		for _, row := range res.Rows {
			name, _ := row[0].(string)
			if byName[name] == nil {
				byName[name] = &service{Name: name}
			}
			*count(byName[name]), _ = row[1].(int64)
		}
	}
	list := make([]service, 0, len(byName))
	for _, s := range byName {
		list = append(list, *s)
	}
	slices.SortFunc(list, func(a, b service) int { return cmp.Compare(a.Name, b.Name) })
	writeJSON(w, list)
}

// operation is a row of /api/v1/operations.
type operation struct {
	Service string `json:"service"`
	Name    string `json:"name"`
	Kind    string `json:"kind"`
	Spans   int64  `json:"spans"`
}

// operations answers with the span names of a service, or of all.
func (a *api) operations(w http.ResponseWriter, r *http.Request) {
	const group = " GROUP BY service, name, kind ORDER BY service, name, kind"
	sql, args := "SELECT service, name, kind, count(*) FROM spans", []any(nil)
	if name := r.URL.Query().Get("service"); name != "" {
		sql, args = sql+" WHERE service = $1", []any{name}
	}
	res, err := a.engine.Query(r.Context(), sql+group, args...)
	if err != nil {
		a.failQuery(w, r, err)
		return
	}
	list := make([]operation, 0, len(res.Rows))
	for _, row := range res.Rows {
		var o operation
		o.Service, _ = row[0].(string)
		o.Name, _ = row[1].(string)
		o.Kind, _ = row[2].(string)
		o.Spans, _ = row[3].(int64)
		list = append(list, o)
	}
	writeJSON(w, list)
}
