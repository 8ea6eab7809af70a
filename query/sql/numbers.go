package sql

// Columns that stand behind others get their numbers when it is known how many
// those are. Until then each kind counts in a range of its own, far behind what
// a relation can have.
const (
	// firstStructure is the first of what the structure of traces says of spans.
	firstStructure = (1 + iota) << 21
	// firstWindow is the first result of a window function.
	firstWindow
	// firstHidden is the first column that a subquery adds behind grouping.
	firstHidden
	// firstOuter is the first column of the outer scope.
	firstOuter
)
