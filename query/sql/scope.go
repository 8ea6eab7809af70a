package sql

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/types"
	"github.com/ttlog/ttlog/storage/column"
)

// scope is what names mean in one SELECT: the columns of its table or
// subquery. The columns that the query uses are numbered as they are met.
type scope struct {
	from  bool // there is a FROM
	table bool // it is a table, not a subquery
	sig   otlpwire.Signal
	alias string

	attrs map[string][]column.Ref // attribute columns by key
	cols  []plan.ScanColumn       // the columns in use, or all of a subquery
	index map[string]int          // of cols
	names nameIndex[int]          // of a subquery: the columns

	aliases []string // of the SELECT list, to suggest
}

func newTableScope(sig otlpwire.Signal, alias string, refs []column.Ref) *scope {
	s := &scope{from: true, table: true, sig: sig, alias: alias, attrs: map[string][]column.Ref{}, index: map[string]int{}}
	for _, r := range refs {
		if r.Place != column.PlaceField && r.Type != types.Null {
			s.attrs[r.Name] = append(s.attrs[r.Name], r)
		}
	}
	for _, list := range s.attrs {
		sort.Slice(list, func(i, j int) bool {
			if list[i].Place != list[j].Place {
				return list[i].Place < list[j].Place
			}
			return list[i].Type < list[j].Type
		})
	}
	return s
}

// subScope is the scope over the rows of a subquery.
func subScope(sub *selectParts, alias string) *scope {
	s := &scope{from: true, alias: alias, index: map[string]int{}}
	same := func(i, j int) bool {
		a, b := sub.out[i], sub.out[j]
		return a.IsCol() && b.IsCol() && a.Column == b.Column
	}
	for i, e := range sub.out {
		s.cols = append(s.cols, plan.ScanColumn{Name: sub.names[i], Type: e.Type, Loose: e.Loose, Zone: e.Zone})
		s.names.add(sub.names[i], i, same)
	}
	return s
}

// use returns column c as an expression, giving it a number when it is new.
func (s *scope) use(c plan.ScanColumn) *plan.Expr {
	key := fmt.Sprintf("%d %v %v %d", c.Type, c.Refs, c.Object, c.Place)
	if len(c.Refs) == 0 {
		key += " " + c.Name
	}
	i, ok := s.index[key]
	if !ok {
		i = len(s.cols)
		s.cols = append(s.cols, c)
		s.index[key] = i
	}
	return s.col(i)
}

func (s *scope) col(i int) *plan.Expr {
	c := s.cols[i]
	e := plan.Column(i, c.Type)
	e.Attribute, e.Loose, e.Zone = c.Attribute, c.Loose, c.Zone
	return e
}

// fixed returns the fixed column of that name.
func (s *scope) fixed(name string) (*plan.Expr, bool) {
	name, typ, ok := plan.FixedType(s.sig, name)
	if !ok {
		return nil, false
	}
	return s.use(plan.ScanColumn{
		Name: name, Type: typ,
		Refs: []column.Ref{{Place: column.PlaceField, Name: name, Type: types.StoredType(typ)}},
	}), true
}

// attribute returns the attribute key of the given place, or of the first
// place that has it where any is set. One that nobody has sent is a column like
// any other, all NULL: what a query means does not depend on what was sent.
func (s *scope) attribute(key string, place column.Place, anyPlace bool) *plan.Expr {
	var refs []column.Ref
	for _, r := range s.attrs[key] {
		if anyPlace || r.Place == place {
			refs = append(refs, r)
		}
	}
	c := plan.ScanColumn{Name: key, Attribute: true, Loose: true}
	if !anyPlace {
		c.Place = place
	}
	return s.useAttr(c, refs)
}

// useAttr is use for the attribute column c with the given refs.
func (s *scope) useAttr(c plan.ScanColumn, refs []column.Ref) *plan.Expr {
	c.Refs, c.Type = refs, types.Null
	for i, r := range refs {
		if c.Type = r.Type; i > 0 && r.Type != refs[0].Type {
			c.Type = types.Any
			break
		}
	}
	return s.use(c)
}

// object returns all attributes of a place as one JSON object.
func (s *scope) object(place column.Place) *plan.Expr {
	return s.use(plan.ScanColumn{Name: placeNames[place], Type: types.Map, Object: true, Place: place})
}

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

// narrow restricts a mixed attribute column to the types that keep accepts.
func (s *scope) narrow(e *plan.Expr, keep func(types.Type) bool) *plan.Expr {
	if !e.IsCol() || !e.Attribute || !s.table {
		return e
	}
	c := s.cols[e.Column]
	var refs []column.Ref
	for _, r := range c.Refs {
		if keep(r.Type) {
			refs = append(refs, r)
		}
	}
	if len(refs) == 0 {
		return plan.Null()
	}
	return s.useAttr(c, refs)
}

// local returns the name without the alias of the table in front.
func (s *scope) local(n *identNode) string {
	if n.qual != "" {
		if !strings.EqualFold(n.qual, s.alias) {
			return n.qual + "." + n.name
		}
		return n.name
	}
	if pre, rest, ok := strings.Cut(n.name, "."); ok && !n.quoted && strings.EqualFold(pre, s.alias) {
		return rest
	}
	return n.name
}

// declares reports whether the name means a column whatever was sent: a fixed
// column or all attributes of a place, or a column of the subquery.
func (s *scope) declares(n *identNode) bool {
	name := s.local(n)
	if !s.table {
		return len(s.names.find(name)) > 0
	}
	_, _, ok := plan.FixedType(s.sig, name)
	return ok || isObject(name, n.quoted)
}

// isObject reports whether a name means all attributes of a place.
func isObject(name string, quoted bool) bool {
	return !quoted && placeNames[placeOf(strings.ToLower(name))] == strings.ToLower(name)
}

// sameColumn reports whether two names mean one column.
func (s *scope) sameColumn(l, r *identNode) bool {
	a, b := s.local(l), s.local(r)
	switch {
	case !s.table:
		x, y := s.names.find(a), s.names.find(b)
		return len(x) == 1 && len(y) == 1 && x[0] == y[0]
	case isObject(a, l.quoted) || isObject(b, r.quoted):
		return strings.EqualFold(a, b) && l.quoted == r.quoted
	case a == b:
		return true
	}
	_, _, fixed := plan.FixedType(s.sig, a)
	return fixed && strings.EqualFold(a, b)
}

// resolve finds what a name means where it is no alias. Fixed columns come
// before attributes; a name of a table that is neither is an attribute that
// nobody has sent so far.
func (s *scope) resolve(n *identNode) (*plan.Expr, string) {
	name := s.local(n)
	switch {
	case !s.from:
		return nil, fmt.Sprintf("there is no column %s without FROM", types.Clip(n.name))
	case !s.table:
		return s.resolveSub(name, n.quoted)
	}
	if e, ok := s.fixed(name); ok {
		return e, ""
	}
	if isObject(name, n.quoted) {
		return s.object(placeOf(strings.ToLower(name))), ""
	}
	return s.attribute(name, 0, true), ""
}

func (s *scope) resolveSub(name string, quoted bool) (*plan.Expr, string) {
	switch list := s.names.find(name); len(list) {
	case 0:
		return nil, "unknown column " + types.Clip(name) + s.suggest(name, quoted)
	case 1:
		return s.col(list[0]), ""
	default:
		return nil, fmt.Sprintf("%s is ambiguous: the subquery has it as column %d and as column %d", types.Clip(name), list[0]+1, list[1]+1)
	}
}

// unsent reports whether e is an attribute that no row has.
func (s *scope) unsent(e *plan.Expr) bool {
	return s.table && e.IsCol() && e.Attribute && len(s.cols[e.Column].Refs) == 0
}

// suggest tells which name was most likely meant. One in double quotes that
// resembles no column was most likely meant to be a string.
func (s *scope) suggest(name string, quoted bool) string {
	if slices.Contains(s.aliases, name) {
		return "; an alias cannot stand here"
	}
	var known []string
	for _, c := range plan.FixedColumns[s.sig] {
		known = append(known, c.Name)
	}
	for k := range s.attrs {
		known = append(known, k)
	}
	if !s.table {
		known = nil
		for _, c := range s.cols {
			known = append(known, c.Name)
		}
	}
	known = append(known, s.aliases...)
	if near := types.Nearest(name, sorted(known)); near != "" {
		return "; did you mean " + types.Clip(near) + "?"
	}
	if quoted {
		return "; a string stands in single quotes"
	}
	return ""
}

// elsewhere tells which other place has the key of attributes['key'].
func (s *scope) elsewhere(key string, place column.Place) string {
	for _, r := range s.attrs[key] {
		if r.Place != place {
			return fmt.Sprintf("; %s[%s] has it", placeNames[r.Place], types.Clip(types.Quote(key)))
		}
	}
	return s.suggest(key, false)
}

// star lists what * stands for.
func (s *scope) star() (names []string, list []*plan.Expr) {
	if !s.table {
		for i, c := range s.cols {
			names, list = append(names, c.Name), append(list, s.col(i))
		}
		return names, list
	}
	for _, c := range plan.FixedColumns[s.sig] {
		e, _ := s.fixed(c.Name)
		names, list = append(names, c.Name), append(list, e)
	}
	return append(names, "attributes"), append(list, s.object(column.PlaceRecord))
}
