package sql

import (
	"fmt"
	"sort"
	"strings"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/types"
	"github.com/ttlog/ttlog/storage/column"
)

// relation is one of those behind FROM, or a subquery in an expression, which is
// joined as well: a table, a subquery or the elements of an array.
type relation struct {
	alias string
	pos   int
	// hidden says that names do not mean its columns: it is a subquery in an
	// expression, or was only asked whether it has a match.
	hidden bool
	// expression says that it is a subquery in an expression.
	expression bool

	table bool
	name  string // of the table
	sig   otlpwire.Signal
	attrs map[string][]column.Ref // attribute columns by key

	array *plan.Expr // what UNNEST takes apart
	list  string     // which columns the elements have: a key of plan.Lists

	sub   plan.Node      // the rows of a subquery
	names nameIndex[int] // of a subquery: the columns

	cols    []plan.ScanColumn // the columns in use, or all of a subquery
	numbers []int             // of cols, in the scope
	index   map[string]int    // of cols

	// kind and on are how it is joined with the relations before it. on is over
	// columns of the scope, or of a subquery in an expression over its own and, from
	// firstOuter on, those of the scope.
	kind   plan.JoinKind
	words  string // of the join
	on     []*plan.Expr
	using  []string // the names whose column is that of the relation before
	nulls  bool     // as of plan.Join
	single bool     // as of plan.Join
}

func newTable(sig otlpwire.Signal, name, alias string, refs []column.Ref) *relation {
	r := &relation{table: true, sig: sig, name: name, alias: alias, attrs: map[string][]column.Ref{}, index: map[string]int{}}
	for _, ref := range refs {
		if ref.Place != column.PlaceField && ref.Type != types.Null {
			r.attrs[ref.Name] = append(r.attrs[ref.Name], ref)
		}
	}
	for _, list := range r.attrs {
		sort.Slice(list, func(i, j int) bool {
			if list[i].Place != list[j].Place {
				return list[i].Place < list[j].Place
			}
			return list[i].Type < list[j].Type
		})
	}
	return r
}

// subRelation is the rows of a subquery.
func subRelation(sub *selectParts, alias string) *relation {
	r := &relation{alias: alias, index: map[string]int{}, sub: sub.tree()}
	same := func(i, j int) bool {
		a, b := sub.out[i], sub.out[j]
		return a.IsCol() && b.IsCol() && a.Column == b.Column
	}
	for i, e := range sub.out {
		r.cols = append(r.cols, plan.ScanColumn{Name: sub.names[i], Type: e.Type, Loose: e.Loose, Zone: e.Zone})
		r.names.add(sub.names[i], i, same)
	}
	return r
}

// open reports whether the relation has columns besides those that it declares.
func (r *relation) open() bool { return r.table || r.array != nil }

// called is how messages call the relation.
func (r *relation) called() string {
	switch {
	case r.alias != "":
		return r.alias
	case r.array != nil:
		return "UNNEST"
	}
	return "the subquery"
}

// rows returns the operator that gives the relation's rows.
func (r *relation) rows() plan.Node {
	if r.table {
		return &plan.Scan{Table: r.name, Signal: r.sig, Cols: r.cols}
	}
	return r.sub
}

// use returns the place of column c of an open relation, which may be new.
func (r *relation) use(c plan.ScanColumn) int {
	key := fmt.Sprintf("%d %v %v %d", c.Type, c.Refs, c.Object, c.Place)
	if len(c.Refs) == 0 {
		key += " " + c.Name
	}
	i, ok := r.index[key]
	if !ok {
		i = len(r.cols)
		r.cols = append(r.cols, c)
		r.index[key] = i
	}
	return i
}

// fixedType returns a column that the relation has whatever was sent, its name as
// it is written, found in any case.
func (r *relation) fixedType(name string) (string, types.Type, bool) {
	if r.table {
		return plan.FixedType(r.sig, name)
	}
	for _, c := range plan.Lists[r.list] {
		if strings.EqualFold(c.Name, name) {
			return c.Name, c.Type, true
		}
	}
	return "", types.Null, false
}

// fixed returns the fixed column of that name.
func (r *relation) fixed(name string, typ types.Type) plan.ScanColumn {
	c := plan.ScanColumn{Name: name, Type: typ}
	if r.table {
		c.Refs = []column.Ref{{Place: column.PlaceField, Name: name, Type: types.StoredType(typ)}}
	}
	return c
}

// attribute returns the attribute key of the given place, or of the first
// place that has it where any is set. One that nobody has sent is a column like
// any other, all NULL: what a query means does not depend on what was sent.
func (r *relation) attribute(key string, place column.Place, anyPlace bool) plan.ScanColumn {
	c := plan.ScanColumn{Name: key, Attribute: true, Loose: true}
	if !r.table {
		c.Type = types.Any
		return c
	}
	var refs []column.Ref
	for _, ref := range r.attrs[key] {
		if anyPlace || ref.Place == place {
			refs = append(refs, ref)
		}
	}
	if !anyPlace {
		c.Place = place
	}
	return typed(c, refs)
}

// typed is the attribute column c with the given refs.
func typed(c plan.ScanColumn, refs []column.Ref) plan.ScanColumn {
	c.Refs, c.Type = refs, types.Null
	for i, ref := range refs {
		if c.Type = ref.Type; i > 0 && ref.Type != refs[0].Type {
			c.Type = types.Any
			break
		}
	}
	return c
}

// objectColumn is all attributes of a place as one JSON object.
func objectColumn(place column.Place) plan.ScanColumn {
	return plan.ScanColumn{Name: placeNames[place], Type: types.Map, Object: true, Place: place}
}

// placeNames are what queries call the attributes of each place.
var placeNames = map[column.Place]string{
	column.PlaceRecord: "attributes", column.PlaceResource: "resource", column.PlaceScope: "scope",
}

func placeOf(base string) column.Place {
	for p, n := range placeNames {
		if n == base {
			return p
		}
	}
	return column.PlaceRecord
}

// declares reports whether the name means a column whatever was sent.
func (r *relation) declares(name string, quoted bool) bool {
	if !r.open() {
		return len(r.names.find(name)) > 0
	}
	_, _, ok := r.fixedType(name)
	return ok || r.table && isObject(name, quoted)
}

// known lists the names that the relation has.
func (r *relation) known() (list []string) {
	for _, c := range plan.Lists[r.list] {
		list = append(list, c.Name)
	}
	if r.table {
		for _, c := range plan.FixedColumns[r.sig] {
			list = append(list, c.Name)
		}
	}
	for k := range r.attrs {
		list = append(list, k)
	}
	if !r.open() {
		for _, c := range r.cols {
			list = append(list, c.Name)
		}
	}
	return list
}

// elsewhere tells which other place has the key of attributes['key'].
func (s *scope) elsewhere(r *relation, key string, place column.Place) string {
	for _, ref := range r.attrs[key] {
		if ref.Place != place {
			return fmt.Sprintf("; %s[%s] has it", placeNames[ref.Place], types.Clip(types.Quote(key)))
		}
	}
	return s.suggest([]*relation{r}, key, false)
}

// star returns the columns that * stands for.
func (r *relation) star() (list []int) {
	if !r.open() {
		for i := range r.cols {
			list = append(list, i)
		}
		return list
	}
	for _, c := range plan.Lists[r.list] {
		list = append(list, r.use(r.fixed(c.Name, c.Type)))
	}
	if !r.table {
		return list
	}
	for _, c := range plan.FixedColumns[r.sig] {
		list = append(list, r.use(r.fixed(c.Name, c.Type)))
	}
	return append(list, r.use(objectColumn(column.PlaceRecord)))
}

// items returns the columns of the elements of an array.
func (r *relation) items() (list []plan.ItemColumn) {
	for _, c := range r.cols {
		item := plan.ItemColumn{Name: c.Name, Type: c.Type, Key: c.Name, Nested: r.list != "", Loose: true}
		for _, known := range plan.Lists[r.list] {
			if known.Name == c.Name && !c.Attribute {
				item = known
			}
		}
		list = append(list, item)
	}
	return list
}
