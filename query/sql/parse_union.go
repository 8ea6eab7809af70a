package sql

// What stands between SELECTs whose rows are put together, as it is printed.
const (
	unionAll  = "UNION ALL"
	union     = "UNION"
	intersect = "INTERSECT"
	except    = "EXCEPT"
)

// setOperations reads a SELECT, or several with a word between them: from left to
// right, INTERSECT first.
func (p *parser) setOperations() *selectStmt {
	s := p.intersections()
	for p.err == nil {
		op := ""
		switch {
		case p.accept("union"):
			if op = union; p.accept("all") {
				op = unionAll
			} else {
				p.accept("distinct")
			}
		case p.accept("except"):
			op = p.distinctOnly(except)
		default:
			return s
		}
		s = together(s, op, p.intersections())
	}
	return s
}

func (p *parser) intersections() *selectStmt {
	s := p.selectCore()
	for p.err == nil && p.accept("intersect") {
		s = together(s, p.distinctOnly(intersect), p.selectCore())
	}
	return s
}

// distinctOnly refuses the ALL of an operation that is of distinct rows.
func (p *parser) distinctOnly(op string) string {
	if t := p.peek(0); p.accept("all") {
		p.fail(t.pos, "%s ALL is not supported: %s gives each row once", op, op)
	}
	p.accept("distinct")
	return op
}

// together is s op next. Those that UNION ALL joins are one list.
func together(s *selectStmt, op string, next *selectStmt) *selectStmt {
	if op == unionAll && s.setOp == unionAll {
		s.union = append(s.union, next)
		return s
	}
	return &selectStmt{pos: s.pos, setOp: op, union: []*selectStmt{s, next}}
}
