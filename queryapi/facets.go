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

// knownField is a name that a condition may have.
type knownField struct {
	Key   string   `json:"key"`
	Place string   `json:"place"`
	Types []string `json:"types"`
	Count *int64   `json:"count,omitempty"` // of the records of the sample
}

type fieldsAnswer struct {
	Sampled float64      `json:"sampled"`
	Fields  []knownField `json:"fields"`
}

// How many fields there are in an answer.
const (
	defaultFields = 200
	maxFields     = 10_000
	fieldSample   = 20_000
)

// fields answers with the names that a condition may have: all that are known,
// or those that what is selected has.
func fields(l *look) (any, error) {
	s, err := l.signalSelection()
	if err != nil {
		return nil, err
	}
	limit, err := l.number("limit", 1, maxFields, defaultFields)
	if err != nil {
		return nil, err
	}
	known, err := l.knownFields(s.table)
	if err != nil {
		return nil, err
	}
	out := fieldsAnswer{Sampled: 1}
	if len(s.conditions) > 0 {
		if out.Sampled, err = l.countFields(s, known); err != nil {
			return nil, err
		}
	}
	prefix := strings.ToLower(l.params.Get("prefix"))
	out.Fields = make([]knownField, 0, len(known))
	for _, f := range known {
		absent := f.Count != nil && *f.Count == 0
		if !absent && strings.Contains(strings.ToLower(f.Key), prefix) {
			out.Fields = append(out.Fields, *f)
		}
	}
	first := func(f knownField) int {
		if strings.HasPrefix(strings.ToLower(f.Key), prefix) {
			return 0
		}
		return 1
	}
	order := map[string]int{"column": 0, "record": 1, "resource": 2, "scope": 3}
	slices.SortFunc(out.Fields, func(a, b knownField) int {
		return cmp.Or(cmp.Compare(first(a), first(b)), cmp.Compare(order[a.Place], order[b.Place]), cmp.Compare(a.Key, b.Key))
	})
	out.Fields = out.Fields[:min(len(out.Fields), limit)]
	return out, nil
}

// knownFields returns what the store knows, by name.
func (l *look) knownFields(table string) (map[string]*knownField, error) {
	columns, err := l.fixedColumns(table)
	if err != nil {
		return nil, err
	}
	names, err := l.names(table)
	if err != nil {
		return nil, err
	}
	known := map[string]*knownField{}
	for _, c := range columns {
		known[c.Name] = &knownField{Key: c.Name, Place: "column", Types: []string{c.Type}}
	}
	refs, err := l.Source.Columns(l.ctx, tailTables[table].signal)
	for _, ref := range refs {
		place := placeNames[ref.Place]
		if place == "" {
			continue
		}
		name := names.of(place, ref.Name)
		if known[name] == nil {
			known[name] = &knownField{Key: name, Place: place, Types: []string{}}
		}
		if t := typeNames[ref.Type]; t != "" && !slices.Contains(known[name].Types, t) {
			known[name].Types = append(known[name].Types, t)
		}
	}
	return known, err
}

// countFields counts the records of a sample that have each of the fields.
func (l *look) countFields(s *selection, known map[string]*knownField) (share float64, err error) {
	sample, err := l.sample(s, fieldSample)
	if err != nil {
		return 0, err
	}
	for _, f := range known {
		if f.Place != "column" { // which all records may have
			f.Count = new(int64)
		}
	}
	err = l.eachRecord(sample, nil, func(r record) error {
		for name := range r {
			if known[name] != nil {
				*known[name].Count++
			}
		}
		return nil
	})
	return sample.share(), err
}

// valuesAnswer is what /api/v1/values answers with.
type valuesAnswer struct {
	Values []valueCount `json:"values"`
}

type valueCount struct {
	Value any   `json:"value"`
	Count int64 `json:"count"`
}

// likeEscape makes a text one that LIKE takes as it is.
var likeEscape = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// values answers with the most frequent values of an expression, for completion.
func values(l *look) (any, error) {
	s, err := l.signalSelection()
	if err != nil {
		return nil, err
	}
	limit, err := l.number("limit", 1, maxValues, 20)
	if err != nil {
		return nil, err
	}
	keys, err := l.expressions("key", s.table, 1)
	if err != nil {
		return nil, err
	}
	if len(keys) == 0 {
		return nil, badParam("key", "which expression's values?")
	}
	key := keys[0].sql
	s.and(key + " IS NOT NULL")
	if prefix := l.params.Get("prefix"); prefix != "" {
		// A pattern is a constant of the text, not a parameter.
		s.and("(" + key + ")::string ILIKE '" + strings.ReplaceAll(likeEscape.Replace(prefix), "'", "''") + "%'")
	}
	rows, err := l.selectRows(s, key+", count(*)", fmt.Sprintf("GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT %d", limit))
	out := valuesAnswer{Values: make([]valueCount, 0, len(rows))}
	for _, row := range rows {
		n, _ := row[1].(int64)
		out.Values = append(out.Values, valueCount{jsonValue(row[0]), n})
	}
	return out, err
}
