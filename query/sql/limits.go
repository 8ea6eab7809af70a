package sql

// Limits on the text of a query. They keep a hostile text from growing the
// stack or the heap; no sensible query comes near them.
const (
	// maxQueryBytes is the longest text that is looked at.
	maxQueryBytes = 1 << 20
	// maxNesting is how deep parentheses, calls, CASEs, unary operators and
	// subqueries may stand inside each other.
	maxNesting = 200
	// maxChain is how many binary operators may follow each other on one
	// level: a chain is a left-deep tree, and trees are walked recursively.
	maxChain = 5000
	// MaxExprs is how many expressions a query may hold, the elements of IN
	// lists included.
	MaxExprs = 100_000
	// maxRelations is how many tables and subqueries a query may hold, and
	// maxBound how many once the names of WITH stand for what they mean.
	maxRelations = 200
	maxBound     = 500
	// maxAggregates is how many different aggregates a SELECT may hold: every
	// one is compared with all others.
	maxAggregates = 1000
	// maxWindows is how many different window functions: each sorts all rows.
	maxWindows = 100
)
