package sql

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/types"
	"github.com/ttlog/ttlog/storage/column"
)

// scope is what names mean in one SELECT: the columns of its relations. Columns
// are numbered as they are met, over all relations; where there are several, the
// numbers change when all is bound and it is known how many columns each has.
type scope struct {
	rels  []*relation
	cols  []scopeColumn
	outer *scope // of the SELECT that this one is an expression of
	// correlated says that a name was one of outer's.
	correlated bool

	aliases []string // of the SELECT list, to suggest
}

// scopeColumn is a column in use: the relation's column at.
type scopeColumn struct {
	rel *relation
	at  int
}

// add makes a relation the last of the scope. It returns false where another has
// its alias.
func (s *scope) add(r *relation) bool {
	if r.alias != "" && s.named(r.alias) != nil {
		return false
	}
	s.rels = append(s.rels, r)
	if !r.open() {
		for i := range r.cols {
			s.number(r, i)
		}
	}
	return true
}

// number returns the number of column at of r, giving it the next when it is new.
func (s *scope) number(r *relation, at int) int {
	for len(r.numbers) <= at {
		r.numbers = append(r.numbers, -1)
	}
	if r.numbers[at] < 0 {
		r.numbers[at] = len(s.cols)
		s.cols = append(s.cols, scopeColumn{r, at})
	}
	return r.numbers[at]
}

// column returns column at of r as an expression.
func (s *scope) column(r *relation, at int) *plan.Expr {
	c := r.cols[at]
	e := plan.Column(s.number(r, at), c.Type)
	e.Attribute, e.Loose, e.Zone = c.Attribute, c.Loose, c.Zone
	return e
}

// use returns column c of r as an expression.
func (s *scope) use(r *relation, c plan.ScanColumn) *plan.Expr { return s.column(r, r.use(c)) }

// tableColumn returns the column of a table that e is, or nil.
func (s *scope) tableColumn(e *plan.Expr) (*relation, *plan.ScanColumn) {
	if !e.IsCol() || e.Column >= len(s.cols) {
		return nil, nil
	}
	c := s.cols[e.Column]
	if !c.rel.table {
		return nil, nil
	}
	return c.rel, &c.rel.cols[c.at]
}

// visible returns the relations whose columns names may mean.
func (s *scope) visible() (list []*relation) {
	for _, r := range s.rels {
		if !r.hidden {
			list = append(list, r)
		}
	}
	return list
}

// only returns the relation that is alone in the scope, or nil.
func (s *scope) only() *relation {
	if list := s.visible(); len(list) == 1 {
		return list[0]
	}
	return nil
}

// tableOnly returns the table of a signal that is alone in the scope, or nil.
func (s *scope) tableOnly(sig otlpwire.Signal) *relation {
	if r := s.only(); r != nil && r.table && r.sig == sig {
		return r
	}
	return nil
}

// fixed returns a column that r has whatever was sent.
func (s *scope) fixed(r *relation, name string) (*plan.Expr, bool) {
	name, typ, ok := r.fixedType(name)
	if !ok {
		return nil, false
	}
	return s.use(r, r.fixed(name, typ)), true
}

// named returns the relation of an alias.
func (s *scope) named(alias string) *relation {
	for _, r := range s.rels {
		if !r.hidden && r.alias != "" && strings.EqualFold(r.alias, alias) {
			return r
		}
	}
	return nil
}

// asked reports whether the alias is that of a relation that was joined by SEMI or
// ANTI.
func (s *scope) asked(alias string) bool {
	return slices.ContainsFunc(s.rels, func(r *relation) bool { return r.hidden && r.alias != "" && strings.EqualFold(r.alias, alias) })
}

// qualified splits a name at the relation in front, nil for none.
func (s *scope) qualified(n *identNode) (*relation, string) {
	if n.qual != "" {
		if r := s.named(n.qual); r != nil {
			return r, n.name
		}
		return nil, n.qual + "." + n.name
	}
	if pre, rest, ok := strings.Cut(n.name, "."); ok && !n.quoted {
		if r := s.named(pre); r != nil {
			return r, rest
		}
	}
	return nil, n.name
}

// local returns the name without the relation in front.
func (s *scope) local(n *identNode) string {
	_, name := s.qualified(n)
	return name
}

// relationOf returns the relation that a name is of, or nil and why there is
// none. A column that just one relation declares is that one's; what no relation
// declares is an attribute of the only one that has any.
func (s *scope) relationOf(n *identNode) (r *relation, name, msg string) {
	r, name = s.qualified(n)
	if r != nil {
		return r, name, ""
	}
	list := s.visible()
	if pre, _, ok := strings.Cut(n.name, "."); ok && !n.quoted && s.asked(pre) {
		return nil, name, fmt.Sprintf("%s is only asked for a match: it has no columns here", types.Clip(pre))
	}
	switch len(list) {
	case 0:
		return nil, name, fmt.Sprintf("there is no column %s without FROM", types.Clip(n.name))
	case 1:
		return list[0], name, ""
	}
	var declares, open []*relation
	for _, r := range list {
		if r.declares(name, n.quoted) {
			declares = append(declares, r)
		}
		if r.open() {
			open = append(open, r)
		}
	}
	if declares = merged(declares, name); len(declares) == 0 {
		declares = merged(open, name)
	}
	switch len(declares) {
	case 0:
		return nil, name, "unknown column " + types.Clip(name) + s.suggest(list, name, n.quoted)
	case 1:
		return declares[0], name, ""
	}
	what := "%s is ambiguous: %s and %s have it; write %s"
	if len(open) == len(declares) && !declares[0].declares(name, n.quoted) {
		what = "%s may be an attribute of %s or of %s; write %s"
	}
	write := types.Clip(declares[0].alias + "." + name)
	return nil, name, fmt.Sprintf(what, types.Clip(name), types.Clip(declares[0].called()), types.Clip(declares[1].called()), write)
}

// declares reports whether the name means a column whatever was sent: a fixed
// column or all attributes of a place, or a column of a subquery.
func (s *scope) declares(n *identNode) bool {
	r, name := s.qualified(n)
	if r != nil {
		return r.declares(name, n.quoted)
	}
	return slices.ContainsFunc(s.visible(), func(r *relation) bool { return r.declares(name, n.quoted) })
}

// isObject reports whether a name means all attributes of a place.
func isObject(name string, quoted bool) bool {
	return !quoted && placeNames[placeOf(strings.ToLower(name))] == strings.ToLower(name)
}

// sameColumn reports whether two names mean one column.
func (s *scope) sameColumn(l, r *identNode) bool {
	x, a, _ := s.relationOf(l)
	y, b, _ := s.relationOf(r)
	switch {
	case x == nil || x != y:
		return false
	case !x.open():
		m, n := x.names.find(a), x.names.find(b)
		return len(m) == 1 && len(n) == 1 && m[0] == n[0]
	case isObject(a, l.quoted) || isObject(b, r.quoted):
		return strings.EqualFold(a, b) && l.quoted == r.quoted
	case a == b:
		return true
	}
	_, _, fixed := x.fixedType(a)
	return fixed && strings.EqualFold(a, b)
}

// resolve finds what a name means where it is no alias. Fixed columns come
// before attributes; a name of a table that is neither is an attribute that
// nobody has sent so far.
func (s *scope) resolve(n *identNode) (*plan.Expr, string) {
	if r, _ := s.qualified(n); r == nil && s.outer != nil {
		if r, _ := s.outer.qualified(n); r != nil {
			return s.resolveOuter(n)
		}
	}
	r, name, msg := s.relationOf(n)
	switch {
	case msg != "":
		return nil, msg
	case !r.open():
		return s.resolveSub(r, name, n.quoted)
	}
	if e, ok := s.fixed(r, name); ok {
		return e, ""
	}
	if r.table && isObject(name, n.quoted) {
		return s.use(r, objectColumn(placeOf(strings.ToLower(name)))), ""
	}
	return s.use(r, r.attribute(name, 0, true)), ""
}

// resolveOuter finds what a name of the outer SELECT means.
func (s *scope) resolveOuter(n *identNode) (*plan.Expr, string) {
	e, msg := s.outer.resolve(n)
	if msg != "" {
		return nil, msg
	}
	s.correlated = true
	return s.fromOuter(e), ""
}

// fromOuter returns a column of the outer scope as one of this scope.
func (s *scope) fromOuter(e *plan.Expr) *plan.Expr {
	return plan.Numbered(func(i int) int { return i + firstOuter }).Expr(e)
}

func (s *scope) resolveSub(r *relation, name string, quoted bool) (*plan.Expr, string) {
	switch list := r.names.find(name); len(list) {
	case 0:
		return nil, "unknown column " + types.Clip(name) + s.suggest([]*relation{r}, name, quoted)
	case 1:
		return s.column(r, list[0]), ""
	default:
		return nil, fmt.Sprintf("%s is ambiguous: %s has it as column %d and as column %d", types.Clip(name), r.called(), list[0]+1, list[1]+1)
	}
}

// tableOf returns the table whose attributes n reads, or why there is none.
func (s *scope) tableOf(n *indexNode) (*relation, string) {
	if n.qual != "" {
		switch r := s.named(n.qual); {
		case r == nil:
			return nil, "there is no " + types.Clip(n.qual) + " behind FROM"
		case r.table:
			return r, ""
		}
	}
	var found *relation
	for _, r := range s.visible() {
		switch {
		case !r.table || n.qual != "":
		case found != nil:
			return nil, fmt.Sprintf("%s[…] is ambiguous: %s and %s have attributes; write %s.%s[…]", n.base, found.called(), r.called(), found.called(), n.base)
		default:
			found = r
		}
	}
	if found == nil {
		return nil, n.base + "[…] reads attributes of a table; the query reads a subquery"
	}
	return found, ""
}

// narrow restricts a mixed attribute column to the types that keep accepts.
func (s *scope) narrow(e *plan.Expr, keep func(types.Type) bool) *plan.Expr {
	if s.outer != nil && e.IsCol() && e.Column >= firstOuter {
		inner := *e
		inner.Column -= firstOuter
		inner.Single = inner.Column
		return s.fromOuter(s.outer.narrow(&inner, keep))
	}
	r, c := s.tableColumn(e)
	if r == nil || !e.Attribute {
		return e
	}
	var refs []column.Ref
	for _, ref := range c.Refs {
		if keep(ref.Type) {
			refs = append(refs, ref)
		}
	}
	if len(refs) == 0 {
		return plan.Null()
	}
	return s.use(r, typed(*c, refs))
}

// unsent reports whether e is an attribute that no row has.
func (s *scope) unsent(e *plan.Expr) bool {
	r, c := s.tableColumn(e)
	return r != nil && e.Attribute && len(c.Refs) == 0
}

// suggest tells which name was most likely meant. One in double quotes that
// resembles no column was most likely meant to be a string.
func (s *scope) suggest(rels []*relation, name string, quoted bool) string {
	if slices.Contains(s.aliases, name) {
		return "; an alias cannot stand here"
	}
	known := slices.Clone(s.aliases)
	for _, r := range rels {
		known = append(known, r.known()...)
	}
	if near := types.Nearest(name, sorted(known)); near != "" {
		return "; did you mean " + types.Clip(near) + "?"
	}
	if quoted {
		return "; a string stands in single quotes"
	}
	return ""
}

// suggestFor is suggest for a name as it was written.
func (s *scope) suggestFor(n *identNode) string {
	r, name, _ := s.relationOf(n)
	if r == nil {
		return ""
	}
	return s.suggest([]*relation{r}, name, n.quoted)
}

// star lists what * stands for, or the * of one relation.
func (s *scope) star(of *relation) (names []string, list []*plan.Expr) {
	for _, r := range s.visible() {
		if of != nil && r != of {
			continue
		}
		for _, i := range r.star() {
			if of == nil && r.repeats(r.cols[i].Name) {
				continue
			}
			names, list = append(names, r.cols[i].Name), append(list, s.column(r, i))
		}
	}
	return names, list
}

// starNodes lists what * stands for as expressions that can be bound.
func (s *scope) starNodes(of *relation, f func(string, node)) {
	for _, r := range s.visible() {
		if of != nil && r != of {
			continue
		}
		for _, i := range r.star() {
			c := r.cols[i]
			if of == nil && r.repeats(c.Name) {
				continue
			}
			n := &identNode{name: c.Name, quoted: !r.table}
			if s.only() == nil && r.alias != "" {
				n = &identNode{qual: r.alias, name: c.Name, quoted: !c.Object}
			}
			f(c.Name, n)
		}
	}
}
