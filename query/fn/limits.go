package fn

// Limits on arguments.
const (
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

// Sizes of aggregates.
const (
	// ExactQuantile is how many values a group keeps before a quantile turns
	// from exact to a sketch (80 KiB a group).
	ExactQuantile = 10_000
	// exactHashes is how many hashes a group keeps before
	// approx_count_distinct turns into a HyperLogLog of 16 KiB.
	exactHashes = 1024
)
