package query

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
	// maxExprs is how many expressions a query may hold, the elements of IN
	// lists included.
	maxExprs = 100_000
	// maxAggregates is how many different aggregates a SELECT may hold: every
	// one is compared with all others.
	maxAggregates = 1000
	// maxPatternBytes and maxPatternSize bound a regular expression: its
	// text, and the size of the program it becomes. The pattern of LIKE is as
	// long at most.
	maxPatternBytes = 8192
	maxPatternSize  = 50_000
	// maxWarnings is how many warnings a query gets. They travel in a header.
	maxWarnings = 10
	// maxTopK is the largest k of topk(k, x).
	maxTopK = 10_000
)

// Sizes of the executor.
const (
	// chunkRows is how many rows expressions work on at once: few enough for
	// the vectors to stay in the L2 cache, and the grain in which memory is
	// accounted and cancellation noticed.
	chunkRows = 8192
	// exactQuantile is how many values a group keeps before a quantile turns
	// from exact to a sketch (80 KiB a group).
	exactQuantile = 10_000
	// exactHashes is how many hashes a group keeps before
	// approx_count_distinct turns into a HyperLogLog of 16 KiB.
	exactHashes = 1024
)
