package sql

import (
	"github.com/ttlog/ttlog/query/fn"
	"github.com/ttlog/ttlog/query/types"
)

// Statement is a parsed query. Its String is a query that parses to an equal
// Statement.
type Statement struct {
	// Explain asks for the plan instead of the rows, Analyze to run it first.
	Explain, Analyze bool
	// Delete asks for the rows to be deleted; Select finds them.
	Delete bool
	Select *selectStmt
	reads  bool // a table stands behind a FROM
}

// Reads reports whether running the statement looks at a table.
func (s *Statement) Reads() bool { return s.reads && (!s.Explain || s.Analyze) }

// selectStmt is one SELECT, or several with UNION ALL or another word between them, of
// which it has the ORDER BY and what follows.
type selectStmt struct {
	with     []withItem
	union    []*selectStmt
	setOp    string // between those of union
	distinct bool
	items    []selectItem
	from     []*tableRef // none: SELECT without FROM, one row
	where    node
	group    []node
	groupAll bool      // GROUP BY ALL
	fill     *fillSpec // behind GROUP BY, nil for none
	having   node
	qualify  node
	order    []orderItem
	limit    node // a literal or parameter
	offset   node
	pos      int
}

// withItem is a name that WITH gives to a SELECT.
type withItem struct {
	name string
	sub  *selectStmt
	pos  int
}

// selectItem is one expression of the list, or * where star is set; of is the
// relation whose * it is, "" for all.
type selectItem struct {
	star  bool
	of    string
	expr  node
	alias string // "" where none was given
	pos   int
}

// tableRef is one of the relations behind FROM: a table, a subquery or
// UNNEST(array), with an alias. join is how it is joined with those before it, ""
// for the first; on is the condition, or using what has to be equal.
type tableRef struct {
	name  string
	sub   *selectStmt
	array node
	alias string
	join  string
	on    node
	using []usingName
	pos   int
}

// usingName is a column that USING names.
type usingName struct {
	name string
	pos  int
}

// orderItem is one key of ORDER BY. nulls is 0 where the query did not say,
// else 'f' or 'l'.
type orderItem struct {
	expr  node
	desc  bool
	nulls byte
}

// node is an expression as it was written.
type node interface {
	fn.Syntax
}

type (
	// litNode is a constant.
	litNode struct {
		val types.Value
		pos int
	}
	// paramNode is $1 or :name; name is what follows the sign.
	paramNode struct {
		name string
		pos  int
	}
	// identNode is a name. qual is the part before a quoted part, as in
	// t."http.route".
	identNode struct {
		qual   string
		name   string
		quoted bool
		pos    int
	}
	// indexNode is attributes['key'], resource['key'] or scope['key']; qual is
	// the relation in front, as in s.attributes['key'].
	indexNode struct {
		qual string
		base string
		key  string
		pos  int
	}
	// unaryNode is - or NOT.
	unaryNode struct {
		op  string
		x   node
		pos int
	}
	// binaryNode is an operator between two expressions. op is upper case and
	// normalised: "=", "!=", "<", "AND", "LIKE", "NOT LIKE", "~", "||", …
	binaryNode struct {
		op   string
		l, r node
		// escape is what stands behind LIKE … ESCAPE, nil for nothing.
		escape node
		pos    int // of the operator
	}
	// inNode is x [NOT] IN (list), or where sub is set x [NOT] IN (SELECT …).
	inNode struct {
		x    node
		list []node
		sub  *selectStmt
		not  bool
		pos  int
	}
	// subNode is a SELECT in an expression: its only value, or with exists
	// whether it has a row.
	subNode struct {
		sub    *selectStmt
		exists bool
		pos    int
	}
	// betweenNode is x [NOT] BETWEEN lo AND hi.
	betweenNode struct {
		x, lo, hi node
		not       bool
		pos       int
	}
	// isNode is x IS [NOT] NULL, TRUE or FALSE; what is the upper-case word.
	isNode struct {
		x    node
		what string
		not  bool
		pos  int
	}
	// caseNode is CASE [operand] WHEN … THEN … ELSE … END.
	caseNode struct {
		operand node
		whens   []whenNode
		other   node
		pos     int
	}
	whenNode struct{ cond, then node }
	// timeNode is TIMESTAMP '…' or DATE '…': which instant that is may depend on
	// the time zone.
	timeNode struct {
		text string
		pos  int
	}
	// intervalNode is INTERVAL '…'.
	intervalNode struct {
		text string
		val  types.Interval
		pos  int
	}
	// zoneNode is x AT TIME ZONE zone, a string or parameter.
	zoneNode struct {
		x, zone node
		pos     int
	}
	// castNode is CAST(x AS type) and x::type; to is the normalised name.
	castNode struct {
		x   node
		to  string
		pos int
	}
	// callNode is a function call; name is lower case. star is count(*).
	callNode struct {
		name     string
		args     []node
		distinct bool
		star     bool
		filter   node // FILTER (WHERE …), aggregates only
		over     *windowSpec
		pos      int
	}
	// windowSpec is what stands in OVER (…). frame is nil where none was written.
	windowSpec struct {
		partition []node
		order     []orderItem
		frame     *frameSpec
	}
	// frameSpec is ROWS or RANGE BETWEEN from AND to.
	frameSpec struct {
		unit     string
		from, to frameBound
		pos      int
	}
	// frameBound is UNBOUNDED, CURRENT ROW where by is nil, or so far before or
	// behind it.
	frameBound struct {
		unbounded, following bool
		by                   node
	}
)

func (n *litNode) At() int     { return n.pos }
func (n *paramNode) At() int   { return n.pos }
func (n *identNode) At() int   { return n.pos }
func (n *indexNode) At() int   { return n.pos }
func (n *unaryNode) At() int   { return n.pos }
func (n *binaryNode) At() int  { return n.pos }
func (n *inNode) At() int      { return n.pos }
func (n *subNode) At() int     { return n.pos }
func (n *betweenNode) At() int { return n.pos }
func (n *isNode) At() int      { return n.pos }
func (n *caseNode) At() int    { return n.pos }
func (n *castNode) At() int    { return n.pos }
func (n *callNode) At() int    { return n.pos }
func (n *timeNode) At() int    { return n.pos }
func (n *zoneNode) At() int    { return n.pos }

func (n *intervalNode) At() int { return n.pos }

func (n *litNode) String() string      { return nodeString(n) }
func (n *paramNode) String() string    { return nodeString(n) }
func (n *identNode) String() string    { return nodeString(n) }
func (n *indexNode) String() string    { return nodeString(n) }
func (n *unaryNode) String() string    { return nodeString(n) }
func (n *binaryNode) String() string   { return nodeString(n) }
func (n *inNode) String() string       { return nodeString(n) }
func (n *subNode) String() string      { return nodeString(n) }
func (n *betweenNode) String() string  { return nodeString(n) }
func (n *isNode) String() string       { return nodeString(n) }
func (n *caseNode) String() string     { return nodeString(n) }
func (n *castNode) String() string     { return nodeString(n) }
func (n *callNode) String() string     { return nodeString(n) }
func (n *timeNode) String() string     { return nodeString(n) }
func (n *zoneNode) String() string     { return nodeString(n) }
func (n *intervalNode) String() string { return nodeString(n) }

// sides returns the operator as messages are about it.
func (n *binaryNode) sides() *fn.Sides { return &fn.Sides{Op: n.op, L: n.l, R: n.r, Pos: n.pos} }

// call returns the call as messages are about it.
func (n *callNode) call() *fn.Call {
	c := &fn.Call{Name: n.name, Star: n.star, Distinct: n.distinct, Pos: n.pos}
	for _, a := range n.args {
		c.Args = append(c.Args, a)
	}
	return c
}
