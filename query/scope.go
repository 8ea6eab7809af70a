package query

import (
	"fmt"
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
	used  []bool                  // of a subquery: the columns in use

	aliases []string // of the SELECT list, to suggest
}

// inputCol is a column of the input. Of a table it is made of the stored
// columns refs: the first that has a value in a row gives the value.
type inputCol struct {
	name  string
	typ   Type
	refs  []column.Ref
	attr  bool
	level bool
	// object asks for all attributes of a place as one JSON object.
	object bool
	place  column.Place
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
func subScope(sub *plan, alias string) *scope {
	s := &scope{from: true, alias: alias, index: map[string]int{}, used: make([]bool, len(sub.out))}
	for i, e := range sub.out {
		s.cols = append(s.cols, inputCol{name: sub.names[i], typ: e.typ, level: e.level})
	}
	return s
}

// use returns column c as an expression, giving it a number when it is new.
func (s *scope) use(c inputCol) *expr {
	key := fmt.Sprintf("%d %v %v %d", c.typ, c.refs, c.object, c.place)
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
	if !s.table {
		s.used[i] = true
	}
	e := colExpr(i, c.typ)
	e.attr, e.level = c.attr, c.level
	return e
}

// fixed returns the fixed column of that name.
func (s *scope) fixed(name string) (*expr, bool) {
	name, typ, ok := fixedType(s.sig, name)
	if !ok {
		return nil, false
	}
	return s.use(inputCol{
		name: name, typ: typ, level: name == "level" && s.sig == otlpwire.Logs,
		refs: []column.Ref{{Place: column.PlaceField, Name: name, Type: typ}},
	}), true
}

// attribute returns the attribute key of the given place, or of the first
// place that has it where any is set; NULL where no row has it.
func (s *scope) attribute(key string, place column.Place, anyPlace bool) (*expr, bool) {
	var refs []column.Ref
	for _, r := range s.attrs[key] {
		if anyPlace || r.Place == place {
			refs = append(refs, r)
		}
	}
	if len(refs) == 0 {
		e := nullExpr()
		e.attr = true
		return e, false
	}
	return s.useAttr(key, refs), true
}

func (s *scope) useAttr(key string, refs []column.Ref) *expr {
	typ := refs[0].Type
	for _, r := range refs[1:] {
		if r.Type != typ {
			typ = typeAny
		}
	}
	return s.use(inputCol{name: key, typ: typ, refs: refs, attr: true})
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
		n := nullExpr()
		n.attr = true
		return n
	}
	return s.useAttr(c.name, refs)
}

// resolve finds what a name means.
func (s *scope) resolve(n *identNode) (*expr, string) {
	name := n.name
	if n.qual != "" {
		if !strings.EqualFold(n.qual, s.alias) {
			name = n.qual + "." + name
		}
	} else if !n.quoted {
		if pre, rest, ok := strings.Cut(name, "."); ok && strings.EqualFold(pre, s.alias) {
			name = rest
		}
	}
	if !s.from {
		return nil, fmt.Sprintf("there is no column %s without FROM", n.name)
	}
	if !s.table {
		return s.resolveSub(name, n.quoted)
	}
	if e, ok := s.fixed(name); ok {
		return e, ""
	}
	e, found := s.attribute(name, 0, true)
	if found || strings.Contains(name, ".") {
		return e, ""
	}
	if !n.quoted {
		for place, base := range placeNames {
			if strings.EqualFold(base, name) {
				return s.object(place), ""
			}
		}
	}
	return nil, s.unknown(name, n.quoted)
}

func (s *scope) resolveSub(name string, quoted bool) (*expr, string) {
	for _, same := range []func(a, b string) bool{func(a, b string) bool { return a == b }, strings.EqualFold} {
		for i, c := range s.cols {
			if same(c.name, name) {
				return s.col(i), ""
			}
		}
	}
	return nil, s.unknown(name, quoted)
}

// unknown is the message about a name that means nothing. One in double quotes
// that resembles no column was most likely meant to be a string.
func (s *scope) unknown(name string, quoted bool) string {
	var known []string
	for _, c := range fixedColumns[s.sig] {
		known = append(known, c.name)
	}
	for k := range s.attrs {
		known = append(known, k)
	}
	if !s.table {
		for _, c := range s.cols {
			known = append(known, c.name)
		}
	}
	known = append(known, s.aliases...)
	sort.Strings(known)
	if len(name) > 100 {
		name = strings.ToValidUTF8(name[:100], "") + "…"
	}
	msg := fmt.Sprintf("unknown column %s", name)
	if near := nearest(name, known); near != "" {
		msg += fmt.Sprintf("; did you mean %s?", near)
	} else if quoted {
		msg += "; a string stands in single quotes"
	}
	return msg
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
