// Package query is the SQL engine of ttlog: a lexer and parser, a planner, and
// a vectorised executor over the column blocks that a scan of the store hands
// out.
//
// The entry point is [New]: it makes an [Engine] over a [Source], whose
// [Engine.Query] returns a whole [Result] and whose [Engine.Stream] hands the
// rows to a [Sink] as they come. An Engine holds no state between queries and
// may be shared by goroutines. The language is described in docs/query.md.
//
// A query goes through these stages:
//
//	text -> lex.go, parse*.go -> Statement   syntax only, positions kept
//	     -> plan.go, bind*.go -> plan        names, types, constants folded,
//	                                         what the scan may prune by
//	     -> exec.go, op_*.go  -> rows        frames of rows through workers
//
// The executor works on chunks of a few thousand rows. A column of a block
// stays in its stored form, entries and how rows map to them, as long as that
// is cheaper: an expression of a single dictionary or run-length column is
// computed once per entry, filters keep or drop whole runs, and grouping maps
// dictionary codes to groups. Columns are decoded when an expression first
// asks for them, so those of the SELECT list are decoded only for blocks in
// which a row survived the filter.
//
// Workers have their own partial aggregates and heaps, merged at the end.
// What a query holds is accounted against a budget; see [Options].
package query
