package queryapi

import (
	"cmp"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
)

// service is a row of /api/v1/services.
type service struct {
	Name   string `json:"name"`
	Spans  int64  `json:"spans"`
	Logs   int64  `json:"logs"`
	Points int64  `json:"points"`
}

// How many entries a list has: without a limit, and at most.
const (
	defaultPage = 1000
	maxPage     = 10_000
)

// page is which entries of a list a client asks for.
type page struct{ limit, offset int }

func pageOf(r *http.Request) (p page, err error) {
	read := func(name string, least, most, otherwise int) int {
		text := r.URL.Query().Get(name)
		if text == "" {
			return otherwise
		}
		n, e := strconv.Atoi(text)
		if e != nil || n < least || n > most {
			err = fmt.Errorf("%s=%.40q is no number from %d to %d", name, text, least, most)
		}
		return n
	}
	p.limit, p.offset = read("limit", 1, maxPage, defaultPage), read("offset", 0, math.MaxInt32, 0)
	return p, err
}

// writePage answers with at most p.limit entries of list, which begins at
// p.offset and has one more where there is a next page: Link says where.
func writePage[T any](w http.ResponseWriter, r *http.Request, p page, list []T) {
	if len(list) > p.limit {
		list = list[:p.limit]
		next := r.URL.Query()
		next.Set("limit", strconv.Itoa(p.limit))
		next.Set("offset", strconv.Itoa(p.offset+p.limit))
		// Relative to this call, which may be mounted anywhere.
		w.Header().Set("Link", "<?"+next.Encode()+`>; rel="next"`)
	}
	writeJSON(w, list)
}

// services answers with every service and what is stored of it.
func (a *api) services(w http.ResponseWriter, r *http.Request) {
	p, err := pageOf(r)
	if err != nil {
		fail(w, http.StatusBadRequest, err.Error())
		return
	}
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
	writePage(w, r, p, list[min(p.offset, len(list)):])
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
	p, err := pageOf(r)
	if err != nil {
		fail(w, http.StatusBadRequest, err.Error())
		return
	}
	group := fmt.Sprintf(" GROUP BY service, name, kind ORDER BY service, name, kind LIMIT %d OFFSET %d", p.limit+1, p.offset)
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
	writePage(w, r, p, list)
}
