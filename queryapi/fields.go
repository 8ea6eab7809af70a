package queryapi

import (
	"cmp"
	"slices"
	"strings"

	"github.com/ttlog/ttlog/storage/column"
)

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

// placeNames and typeNames are how answers call where an attribute stands, and
// what it is.
var (
	placeNames = map[column.Place]string{column.PlaceRecord: "record", column.PlaceResource: "resource", column.PlaceScope: "scope"}
	typeNames  = map[column.Type]string{
		column.TypeBool: "bool", column.TypeInt64: "int", column.TypeFloat64: "float", column.TypeString: "string",
		column.TypeBytes: "bytes", column.TypeArray: "array", column.TypeMap: "map",
	}
)
