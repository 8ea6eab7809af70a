package queryapi

import (
	"cmp"
	"encoding/json"
	"fmt"
	"hash/maphash"
	"slices"
	"strings"
)

// facetsAnswer is what /api/v1/facets answers with.
type facetsAnswer struct {
	Total   int64   `json:"total"`
	Sampled float64 `json:"sampled"`
	Facets  []facet `json:"facets"`
}

// facet is the most frequent values of an expression.
type facet struct {
	Key     string          `json:"key"`
	Present int64           `json:"present"`
	Values  json.RawMessage `json:"values"` // as topk has them
}

const (
	// maxFacets is how many facets a client may ask for, and chosenFacets how
	// many attributes are chosen where it asks for none.
	maxFacets    = 50
	chosenFacets = 20
	// facetSample is how many records are looked at to choose them.
	facetSample = 5_000
	// maxFacetValues is how many different values of a sample an attribute may
	// have to be chosen: ids and measurements are no facets.
	maxFacetValues = 200
	defaultValues  = 10
	maxValues      = 1000
)

// facetColumns are the fixed columns that are facets of a table.
var facetColumns = map[string][]string{
	"spans":   {"service", "name", "kind", "status", "status_message", "scope_name"},
	"logs":    {"service", "level", "event_name", "scope_name"},
	"metrics": {"service", "name", "type", "unit", "scope_name"},
}

// facets answers with the most frequent values of expressions.
func facets(l *look) (any, error) {
	s, err := l.signalSelection()
	if err != nil {
		return nil, err
	}
	limit, err := l.number("limit", 1, maxValues, defaultValues)
	if err != nil {
		return nil, err
	}
	keys, err := l.expressions("keys", s.table, maxFacets)
	if err != nil {
		return nil, err
	}
	out := facetsAnswer{Sampled: 1, Facets: []facet{}}
	if len(keys) == 0 {
		if keys, out.Sampled, err = l.chooseFacets(s); err != nil {
			return nil, err
		}
	}
	items := []string{"count(*)"}
	for _, key := range keys {
		items = append(items, fmt.Sprintf("count(%s), topk(%d, %s)", key.sql, limit, key.sql))
	}
	rows, err := l.selectRows(s, strings.Join(items, ", "), "")
	if err != nil {
		return nil, err
	}
	out.Total, _ = rows[0][0].(int64)
	for i, key := range keys {
		f := facet{Key: key.text, Values: json.RawMessage("[]")}
		f.Present, _ = rows[0][1+2*i].(int64)
		if values, ok := rows[0][2+2*i].(json.RawMessage); ok {
			f.Values = values
		}
		out.Facets = append(out.Facets, f)
	}
	return out, nil
}

// chooseFacets returns the columns that are facets, and the attributes with few
// values that most records of a sample have.
func (l *look) chooseFacets(s *selection) (keys []expression, share float64, err error) {
	sample, err := l.sample(s, facetSample)
	if err != nil {
		return nil, 0, err
	}
	seen := map[string]*seenValues{}
	err = l.eachRecord(sample, nil, func(r record) error {
		for name, v := range r {
			if seen[name] == nil {
				seen[name] = &seenValues{values: map[uint64]struct{}{}}
			}
			seen[name].add(v)
		}
		return nil
	})
	for _, name := range facetColumns[s.table] {
		keys = append(keys, expression{name, someText(name)})
	}
	var chosen []string
	for name, v := range seen {
		// service.name is the column service.
		if v.few() && name != "resource['service.name']" {
			chosen = append(chosen, name)
		}
	}
	slices.SortFunc(chosen, func(a, b string) int {
		return cmp.Or(cmp.Compare(seen[b].present, seen[a].present), cmp.Compare(a, b))
	})
	for _, name := range chosen[:min(len(chosen), chosenFacets)] {
		keys = append(keys, expression{name, name})
	}
	return keys, sample.share(), err
}

// someText returns an expression for a fixed column that is NULL where it is
// an empty text: that is how OTLP says that there is none.
func someText(column string) string {
	switch column {
	case "status_message", "event_name", "scope_name", "unit":
		return "nullif(" + column + ", '')"
	}
	return column
}

// seenValues counts the values of one attribute.
type seenValues struct {
	present int
	values  map[uint64]struct{} // hashes, at most maxFacetValues and one
}

func (s *seenValues) add(v any) {
	s.present++
	if len(s.values) <= maxFacetValues {
		s.values[maphash.String(seed, fmt.Sprint(v))] = struct{}{}
	}
}

var seed = maphash.MakeSeed()

// few tells whether values come again and again.
func (s *seenValues) few() bool {
	return len(s.values) <= maxFacetValues && (len(s.values) <= 3 || 2*len(s.values) <= s.present)
}
