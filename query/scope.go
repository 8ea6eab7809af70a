package query

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/ttlog/ttlog/internal/otlpwire"
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
	cols  []inputCol              // the columns in use, or all of a subquery
	index map[string]int          // of cols
	names nameIndex[int]          // of a subquery: the columns

	aliases []string // of the SELECT list, to suggest
}

func newTableScope(sig otlpwire.Signal, alias string, refs []column.Ref) *scope {
	s := &scope{from: true, table: true, sig: sig, alias: alias, attrs: map[string][]column.Ref{}, index: map[string]int{}}
	for _, r := range refs {
		if r.Place != column.PlaceField && r.Type != typeNull {
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
		return a.isCol() && b.isCol() && a.col == b.col
	}
	for i, e := range sub.out {
		s.cols = append(s.cols, inputCol{name: sub.names[i], typ: e.typ, loose: e.loose, zone: e.zone})
		s.names.add(sub.names[i], i, same)
	}
	return s
}

// use returns column c as an expression, giving it a number when it is new.
func (s *scope) use(c inputCol) *expr {
	key := fmt.Sprintf("%d %v %v %d", c.typ, c.refs, c.object, c.place)
	if len(c.refs) == 0 {
		key += " " + c.name
	}
	i, ok := s.index[key]
	if !ok {
		i = len(s.cols)
		s.cols = append(s.cols, c)
		s.index[key] = i
	}
	return s.col(i)
}

func (s *scope) col(i int) *expr {
	c := s.cols[i]
	e := colExpr(i, c.typ)
	e.attr, e.loose, e.zone = c.attr, c.loose, c.zone
	return e
}

// fixed returns the fixed column of that name.
func (s *scope) fixed(name string) (*expr, bool) {
	name, typ, ok := fixedType(s.sig, name)
	if !ok {
		return nil, false
	}
	return s.use(inputCol{
		name: name, typ: typ,
		refs: []column.Ref{{Place: column.PlaceField, Name: name, Type: storedType(typ)}},
	}), true
}

// attribute returns the attribute key of the given place, or of the first
// place that has it where any is set. One that nobody has sent is a column like
// any other, all NULL: what a query means does not depend on what was sent.
func (s *scope) attribute(key string, place column.Place, anyPlace bool) *expr {
	var refs []column.Ref
	for _, r := range s.attrs[key] {
		if anyPlace || r.Place == place {
			refs = append(refs, r)
		}
	}
	c := inputCol{name: key, attr: true, loose: true}
	if !anyPlace {
		c.place = place
	}
	return s.useAttr(c, refs)
}

// useAttr is use for the attribute column c with the given refs.
func (s *scope) useAttr(c inputCol, refs []column.Ref) *expr {
	c.refs, c.typ = refs, typeNull
	for i, r := range refs {
		if c.typ = r.Type; i > 0 && r.Type != refs[0].Type {
			c.typ = typeAny
			break
		}
	}
	return s.use(c)
}

// object returns all attributes of a place as one JSON object.
func (s *scope) object(place column.Place) *expr {
	return s.use(inputCol{name: placeNames[place], typ: typeMap, object: true, place: place})
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
func (s *scope) narrow(e *expr, keep func(Type) bool) *expr {
	if !e.isCol() || !e.attr || !s.table {
		return e
	}
	c := s.cols[e.col]
	var refs []column.Ref
	for _, r := range c.refs {
		if keep(r.Type) {
			refs = append(refs, r)
		}
	}
	if len(refs) == 0 {
		return nullExpr()
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
	_, _, ok := fixedType(s.sig, name)
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
	_, _, fixed := fixedType(s.sig, a)
	return fixed && strings.EqualFold(a, b)
}

// resolve finds what a name means where it is no alias. Fixed columns come
// before attributes; a name of a table that is neither is an attribute that
// nobody has sent so far.
func (s *scope) resolve(n *identNode) (*expr, string) {
	name := s.local(n)
	switch {
	case !s.from:
		return nil, fmt.Sprintf("there is no column %s without FROM", clip(n.name))
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

func (s *scope) resolveSub(name string, quoted bool) (*expr, string) {
	switch list := s.names.find(name); len(list) {
	case 0:
		return nil, "unknown column " + clip(name) + s.suggest(name, quoted)
	case 1:
		return s.col(list[0]), ""
	default:
		return nil, fmt.Sprintf("%s is ambiguous: the subquery has it as column %d and as column %d", clip(name), list[0]+1, list[1]+1)
	}
}

// unsent reports whether e is an attribute that no row has.
func (s *scope) unsent(e *expr) bool {
	return s.table && e.isCol() && e.attr && len(s.cols[e.col].refs) == 0
}

// suggest tells which name was most likely meant. One in double quotes that
// resembles no column was most likely meant to be a string.
func (s *scope) suggest(name string, quoted bool) string {
	if slices.Contains(s.aliases, name) {
		return "; an alias cannot stand here"
	}
	var known []string
	for _, c := range fixedColumns[s.sig] {
		known = append(known, c.name)
	}
	for k := range s.attrs {
		known = append(known, k)
	}
	if !s.table {
		known = nil
		for _, c := range s.cols {
			known = append(known, c.name)
		}
	}
	known = append(known, s.aliases...)
	if near := nearest(name, sorted(known)); near != "" {
		return "; did you mean " + clip(near) + "?"
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
			return fmt.Sprintf("; %s[%s] has it", placeNames[r.Place], clip(quoteString(key)))
		}
	}
	return s.suggest(key, false)
}

// star lists what * stands for.
func (s *scope) star() (names []string, list []*expr) {
	if !s.table {
		for i, c := range s.cols {
			names, list = append(names, c.name), append(list, s.col(i))
		}
		return names, list
	}
	for _, c := range fixedColumns[s.sig] {
		e, _ := s.fixed(c.name)
		names, list = append(names, c.name), append(list, e)
	}
	return append(names, "attributes"), append(list, s.object(column.PlaceRecord))
}
