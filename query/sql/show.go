package sql

import (
	"cmp"
	"slices"
	"strings"

	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/types"
	"github.com/ttlog/ttlog/storage/column"
)

// SHOW and DESCRIBE are short for a SELECT: of the tables of information_schema,
// which tell what there is, and of the values of a column.

const (
	schemaTables  = "information_schema.tables"
	schemaColumns = "information_schema.columns"
	shownValues   = 100
)

// show reads what stands behind SHOW.
func (p *parser) show() *selectStmt {
	switch {
	case p.accept("tables"):
		return p.shown(&selectStmt{
			items: []selectItem{{expr: name("table_name"), alias: "name"}, {expr: name("description")}}, from: []*tableRef{{name: schemaTables}},
		}, "table_name")
	case p.accept("columns"):
		if p.accept("from") {
			return p.describe()
		}
		return p.shown(columnsOf(nil, name("table_name")), "column_name")
	case p.accept("values"):
		if !p.accept("of") {
			p.expect("FROM")
		}
		x := p.primary()
		p.expect("FROM")
		s := &selectStmt{
			items: []selectItem{{expr: x, alias: "value"}, {expr: &callNode{name: "count", star: true}, alias: "count"}},
			from:  []*tableRef{p.tableRef()}, where: &isNode{x: x, what: "NULL", not: true}, group: []node{x},
			order: []orderItem{{expr: &callNode{name: "count", star: true}, desc: true}, {expr: x}},
		}
		if p.accept("like") {
			s.where = both(s.where, &binaryNode{op: "LIKE", l: &castNode{x: x, to: "string"}, r: p.primary()})
		}
		if p.limitOffset(s); s.limit == nil {
			s.limit = &litNode{val: types.NewInt(types.Int, shownValues)}
		}
		return s
	}
	p.unexpected("TABLES, COLUMNS or VALUES OF")
	return &selectStmt{}
}

// describe reads a table and [LIKE pattern].
func (p *parser) describe() *selectStmt {
	t := p.peek(0)
	if t.kind != tokIdent && t.kind != tokQuoted {
		p.unexpected("spans, traces, logs or metrics")
		return &selectStmt{}
	}
	p.take()
	if _, ok := plan.Tables[strings.ToLower(t.text)]; !ok {
		p.fail(t.pos, "unknown table %s, expected spans, traces, logs or metrics", types.Clip(t.text))
	}
	table := &litNode{val: types.NewString(types.String, strings.ToLower(t.text))}
	return p.shown(columnsOf(&binaryNode{op: "=", l: name("table_name"), r: table}), "column_name")
}

func columnsOf(where node, before ...node) *selectStmt {
	s := &selectStmt{from: []*tableRef{{name: schemaColumns}}, where: where}
	for _, x := range before {
		s.items = append(s.items, selectItem{expr: x})
	}
	s.items = append(s.items, selectItem{expr: name("column_name"), alias: "name"}, selectItem{expr: name("data_type"), alias: "type"}, selectItem{expr: name("place")})
	return s
}

// shown reads [LIKE pattern], which is about a column.
func (p *parser) shown(s *selectStmt, column string) *selectStmt {
	if p.accept("like") {
		s.where = both(s.where, &binaryNode{op: "LIKE", l: name(column), r: p.primary()})
	}
	p.limitOffset(s)
	return s
}

func both(x, y node) node {
	if x == nil {
		return y
	}
	return &binaryNode{op: "AND", l: x, r: y}
}

func name(s string) node { return &identNode{name: s} }

// schemaTable returns a table of information_schema, nil for another name.
func (p *planner) schemaTable(name string) *plan.Values {
	v := &plan.Values{Name: strings.ToLower(name)}
	add := func(cells ...string) {
		row := make([]types.Value, len(cells))
		for i, c := range cells {
			row[i] = types.NewString(types.String, c)
		}
		v.Rows = append(v.Rows, row)
	}
	var columns []string
	switch v.Name {
	case schemaTables:
		columns = []string{"table_name", "description"}
		add("spans", "spans of traces")
		add("logs", "log records")
		add("metrics", "data points of metrics")
		add("traces", "another name of spans")
	case schemaColumns:
		columns = []string{"table_name", "column_name", "data_type", "place"}
		for _, table := range []string{"spans", "logs", "metrics", "traces"} {
			sig := plan.Tables[table]
			for _, c := range plan.FixedColumns[sig] {
				add(table, c.Name, types.Name(c.Type), "column")
			}
			refs, err := p.catalog.Attributes(p.ctx, sig, nil)
			if err != nil {
				p.Err = err
				return v
			}
			slices.SortFunc(refs, func(a, b column.Ref) int {
				return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Place, b.Place), cmp.Compare(a.Type, b.Type))
			})
			for _, r := range refs {
				if r.Place != column.PlaceField && r.Type != types.Null {
					add(table, r.Name, types.Name(r.Type), placeNames[r.Place])
				}
			}
		}
	default:
		return nil
	}
	for _, c := range columns {
		v.Fields = append(v.Fields, plan.Field{Name: c, Type: types.String})
	}
	return v
}

// valuesRelation is rows that are known.
func valuesRelation(v *plan.Values, alias string) *relation {
	r := &relation{alias: alias, sub: v, index: map[string]int{}}
	for i, f := range v.Fields {
		r.cols = append(r.cols, plan.ScanColumn{Name: f.Name, Type: f.Type})
		r.names.add(f.Name, i, func(a, b int) bool { return a == b })
	}
	return r
}
