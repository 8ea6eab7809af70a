package sql

// groupNodes returns what GROUP BY says; of ALL that is the items without an
// aggregate.
func (p *planner) groupNodes(s *selectStmt, items []item) []node {
	if !s.groupAll {
		return s.group
	}
	var list []node
	for _, it := range items {
		if it.node != nil && !containsAggregate(it.node) {
			list = append(list, it.node)
		}
	}
	return list
}

// qualify binds QUALIFY: what HAVING is of groups it is of window functions.
func (p *planner) qualify(out *selectParts, s *selectStmt) {
	if s.qualify == nil || p.Err != nil {
		return
	}
	before := len(p.windows.list)
	out.qualify = p.Condition(p.expr(s.qualify), s.qualify)
	if p.Err == nil && before == 0 && len(p.windows.list) == 0 {
		p.Fail(s.qualify.At(), "QUALIFY is a condition on window functions; without any it belongs to WHERE or HAVING")
	}
	if p.agg != nil {
		out.group.Aggs = p.agg.aggs
	}
}
