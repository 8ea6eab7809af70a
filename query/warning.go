package query

import (
	"cmp"
	"slices"

	"github.com/ttlog/ttlog/query/plan"
)

// Incomplete is the warning of an answer whose Stats.Complete is false.
var Incomplete = plan.Warning{Line: 1, Column: 1, Message: "what was received last may be missing: it is not in the store yet"}

// Warner is a [Sink] that takes warnings. The method is called once at most,
// before Columns, and only where there are any. An error ends the query.
type Warner interface {
	Warnings(list []plan.Warning) error
}

// tell gives warnings to a sink that takes them, in the order of the text.
func tell(sink Sink, list []plan.Warning) error {
	w, ok := sink.(Warner)
	if !ok || len(list) == 0 {
		return nil
	}
	slices.SortStableFunc(list, func(x, y plan.Warning) int {
		return cmp.Or(cmp.Compare(x.Line, y.Line), cmp.Compare(x.Column, y.Column))
	})
	return w.Warnings(list)
}
