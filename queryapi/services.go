package queryapi

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
)

// service is a row of /api/v1/services.
type service struct {
	Name   string `json:"name"`
	Spans  int64  `json:"spans"`
	Logs   int64  `json:"logs"`
	Points int64  `json:"points"`
	RED    *red   `json:"red,omitempty"`
}

// How many entries a list has: without a limit, and at most.
const (
	defaultPage = 1000
	maxPage     = 10_000
)

// page is which entries of a list a client asks for.
type page struct{ limit, offset int }

func (l *look) page() (p page, err error) {
	if p.limit, err = l.number("limit", 1, maxPage, defaultPage); err == nil {
		p.offset, err = l.number("offset", 0, math.MaxInt32, 0)
	}
	return p, err
}

// paged returns at most p.limit entries of list, which begins at p.offset and
// has one more where there is a next page: Link says where.
func paged[T any](l *look, p page, list []T) []T {
	if len(list) <= p.limit {
		return list
	}
	next := l.params
	next.Set("limit", strconv.Itoa(p.limit))
	next.Set("offset", strconv.Itoa(p.offset+p.limit))
	// Relative to this call, which may be mounted anywhere.
	l.header.Set("Link", "<?"+next.Encode()+`>; rel="next"`)
	return list[:p.limit]
}

// services answers with every service and what is stored of it. A condition is
// about spans; what other signals have is counted within the range then.
func services(l *look) (any, error) {
	p, err := l.page()
	if err != nil {
		return nil, err
	}
	spans, err := l.selection("spans")
	if err != nil {
		return nil, err
	}
	byName := make(map[string]*service)
	for table, count := range map[string]func(*service) *int64{
		"spans":   func(s *service) *int64 { return &s.Spans },
		"logs":    func(s *service) *int64 { return &s.Logs },
		"metrics": func(s *service) *int64 { return &s.Points },
	} {
		s := spans
		if table != "spans" {
			s = spans.other(table)
		}
		rows, err := l.selectRows(s, "service, count(*)", "GROUP BY service")
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			name, _ := row[0].(string)
			if byName[name] == nil {
				byName[name] = &service{Name: name}
			}
			*count(byName[name]), _ = row[1].(int64)
		}
	}
	list := make([]service, 0, len(byName))
	for _, s := range byName {
		if l.params.Get("where") == "" || s.Spans > 0 {
			list = append(list, *s)
		}
	}
	slices.SortFunc(list, func(a, b service) int { return cmp.Compare(a.Name, b.Name) })
	list = paged(l, p, list[min(p.offset, len(list)):])
	if l.params.Get("buckets") == "" {
		return list, nil
	}
	return list, l.addRED(spans, list)
}

// other returns the selection of another table in the same range, of the same
// service.
func (s *selection) other(table string) *selection {
	o := &selection{table: table, args: s.args, from: s.from, to: s.to}
	o.bound()
	if s.args["q_service"] != nil {
		o.and("service = :q_service")
	}
	return o
}

// addRED adds how services fare.
func (l *look) addRED(s *selection, list []service) error {
	b, err := l.buckets(s)
	if err != nil {
		return err
	}
	var names []any
	for _, service := range list {
		if service.Spans > 0 {
			names = append(names, service.Name)
		}
	}
	byName, err := l.serviceRED(s, b, names)
	for i := range list {
		list[i].RED = byName[list[i].Name]
	}
	return err
}

// operation is a row of /api/v1/operations.
type operation struct {
	Service string `json:"service"`
	Name    string `json:"name"`
	Kind    string `json:"kind"`
	Spans   int64  `json:"spans"`
}

// operations answers with the span names of a service, or of all.
func operations(l *look) (any, error) {
	p, err := l.page()
	if err != nil {
		return nil, err
	}
	s, err := l.selection("spans")
	if err != nil {
		return nil, err
	}
	rows, err := l.selectRows(s, "service, name, kind, count(*)",
		fmt.Sprintf("GROUP BY service, name, kind ORDER BY service, name, kind LIMIT %d OFFSET %d", p.limit+1, p.offset))
	if err != nil {
		return nil, err
	}
	list := make([]operation, 0, len(rows))
	for _, row := range rows {
		var o operation
		o.Service, _ = row[0].(string)
		o.Name, _ = row[1].(string)
		o.Kind, _ = row[2].(string)
		o.Spans, _ = row[3].(int64)
		list = append(list, o)
	}
	return paged(l, p, list), nil
}
