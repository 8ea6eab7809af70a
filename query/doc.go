// Package query is the query engine of ttlog.
//
// The entry point is [New]: it makes an [Engine] over a [Source], whose
// [Engine.Query] returns a whole [Result] and whose [Engine.Stream] hands the
// rows to a [Sink] as they come. An Engine holds no state between queries and
// may be shared by goroutines. The language is described in docs/query.md.
//
// A query goes through packages that know only those below them:
//
//	query      the engine: limits, results, EXPLAIN
//	sql        text to a logical plan
//	optimize   rules that rewrite the plan
//	exec       physical operators: rows of the source through workers
//	fn         functions and aggregates
//	eval       expressions over vectors, memory
//	plan       logical operators and expressions
//	types      types and values
//
// The reasons are in docs/rfcs/008-query-engine.md.
package query
