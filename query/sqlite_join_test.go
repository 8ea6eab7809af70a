package query

import "fmt"

// What the generator of sqlite_test.go puts together of several relations.

// join is a FROM over two or three relations. The names of the rest of the query
// are theirs.
func (g *sqlGen) join() sqlPair {
	from := same("FROM spans AS a")
	aliases := []string{"a"}
	for _, alias := range []string{"b", "c"}[:1+g.r.IntN(2)] {
		with, right := pick(g, aliases...), same("spans")
		if g.r.IntN(3) == 0 {
			right = g.derived()
		}
		on := g.equality(with, alias)
		if g.r.IntN(2) == 0 {
			on = pairOf("%s AND %s", on, g.crossing(with, alias))
		}
		if g.r.IntN(3) == 0 {
			g.num, g.text = []string{with + ".j", alias + ".j"}, []string{with + ".name", alias + ".name"}
			on = pairOf("%s AND %s", on, g.cond(1))
		}
		kind := pick(g, "JOIN", "LEFT JOIN", "LEFT OUTER JOIN", "INNER JOIN", "RIGHT JOIN", "FULL JOIN", "FULL OUTER JOIN")
		from = pairOf("%s %s %s AS %s ON %s", from, same(kind), right, same(alias), on)
		aliases = append(aliases, alias)
	}
	g.num, g.text = nil, nil
	for _, a := range aliases {
		g.num = append(g.num, a+".i", a+".j", a+".f")
		g.text = append(g.text, a+".service", a+".name")
	}
	return from
}

// derived is a subquery with the columns that joins are over.
func (g *sqlGen) derived() sqlPair {
	num, text := g.num, g.text
	defer func() { g.num, g.text = num, text }()
	g.num, g.text = []string{"i", "j", "f"}, []string{"service", "name"}
	if g.r.IntN(3) == 0 {
		return same("(SELECT max(i) AS i, min(j) AS j, max(f) AS f, service, name FROM spans GROUP BY service, name)")
	}
	return pairOf("(SELECT i, j, f, service, name FROM spans WHERE %s)", g.cond(1))
}

// equality is a condition by which rows can be looked up.
func (g *sqlGen) equality(l, r string) sqlPair {
	col := pick(g, "i", "j", "f", "service", "name")
	on := same(fmt.Sprintf("%s.%s = %s.%s", l, col, r, col))
	switch g.r.IntN(6) {
	case 0:
		return same(fmt.Sprintf("%s.i = %s.f", r, l))
	case 1:
		return same(fmt.Sprintf("%s.i + 1 = %s.j", l, r))
	case 2:
		return pairOf("%s AND %s", on, same(fmt.Sprintf("%s.service = %s.name", l, r)))
	}
	return on
}

// crossing is a condition on both sides.
func (g *sqlGen) crossing(l, r string) sqlPair {
	return same(fmt.Sprintf("%s.%s %s %s.%s", l, pick(g, "i", "j", "f"), pick(g, "<", "<=", "!=", ">"), r, pick(g, "i", "j", "f")))
}

// membership is a condition with a subquery.
func (g *sqlGen) membership() sqlPair {
	num, text := g.num, g.text
	defer func() { g.num, g.text = num, text }()
	n := same(pick(g, num...))
	x, y := g.number(1), g.str(1)
	g.num, g.text = []string{"z.i", "z.j", "z.f", "z.m"}, []string{"z.service", "z.name"}
	not := same(pick(g, "", "NOT "))
	where := g.cond(1)
	switch g.r.IntN(8) {
	case 6:
		if len(num) == 0 || len(n.ours) < 3 || n.ours[1] != '.' {
			break
		}
		return pairOf("%s %s (SELECT %s(%s) FROM spans z WHERE z.%s = %s AND %s)", n, same(pick(g, "=", "<", ">=")), same(pick(g, "min", "max", "count", "sum")), g.number(0), same(pick(g, "i", "j", "f")), n, where)
	case 0:
		return pairOf("%s %sIN (SELECT %s FROM spans z WHERE %s)", x, not, g.number(1), where)
	case 1:
		return pairOf("%s %sIN (SELECT %s FROM spans z WHERE %s)", y, not, g.str(1), where)
	case 2:
		return pairOf("%s %sIN (SELECT %s FROM spans z WHERE %s AND %s IS NOT NULL)", n, not, same("z.i"), where, same("z.i"))
	case 3:
		return pairOf("%sEXISTS (SELECT 1 FROM spans z WHERE %s)", not, where)
	case 4:
		return pairOf("%s > (SELECT %s(%s) FROM spans z WHERE %s)", n, same(pick(g, "min", "max", "avg", "count")), g.number(0), where)
	case 5:
		return pairOf("%s %s (SELECT DISTINCT z.j FROM spans z ORDER BY 1 NULLS FIRST LIMIT 1 OFFSET 1)", n, same(pick(g, "=", "<", "!=")))
	}
	if n.ours[0] != 'a' && n.ours[0] != 'b' || len(n.ours) < 3 || n.ours[1] != '.' {
		return pairOf("%s IN (SELECT z.j FROM spans z)", n)
	}
	return pairOf("%sEXISTS (SELECT z.i FROM spans z WHERE z.%s = %s AND %s AND z.j %s %s)", not, same(pick(g, "i", "j", "f")), n, where, same(pick(g, "<", "<=", "!=")), n)
}

// with is a FROM over a name of WITH. It goes before the SELECT, which tail sees to.
func (g *sqlGen) with() sqlPair {
	body := g.derived()
	g.num, g.text = []string{"w.i", "v.j", "v.f"}, []string{"w.service", "v.name"}
	return pairOf("FROM (WITH t AS %s SELECT i, j, f, service, name FROM t) AS w JOIN (WITH t AS %s, k AS (SELECT j AS i, i AS j, f, name FROM t) SELECT * FROM k) AS v ON %s", body, body, same("w.i = v.i"))
}

// union is SELECTs with UNION ALL and its like between them.
func (g *sqlGen) union() sqlQuery {
	n := 1 + g.r.IntN(3)
	kinds := make([]int, n)
	for i := range kinds {
		kinds[i] = g.r.IntN(2)
	}
	var list []sqlPair
	for range 2 + g.r.IntN(2) {
		items := make([]sqlPair, n)
		for i, k := range kinds {
			if items[i] = g.number(1); k == 1 {
				items[i] = g.str(1)
			}
			if g.r.IntN(8) == 0 {
				items[i] = same("NULL")
			}
		}
		list = append(list, pairOf("SELECT %s FROM spans WHERE %s", named(items), g.cond(1)))
	}
	all := joinPairs(list, " "+pick(g, "UNION ALL", "UNION ALL", "UNION", "EXCEPT", "INTERSECT")+" ")
	if g.r.IntN(3) == 0 {
		return g.tail(pairOf("SELECT * FROM (%s) AS q", all), n)
	}
	return g.tail(all, n)
}
