// Package eval computes expressions over columns of rows, and accounts for the
// memory that it takes.
//
// The entry point is [New]: an [Evaluator] stands on a [Frame], which is a run of
// rows with columns, and there on a [Chunk] of a few thousand rows. A column
// stays in its stored form, entries and how rows map to them, as long as that is
// cheaper: an expression of a single dictionary or run-length column is computed
// once per entry, filters keep or drop whole runs. It is decoded when an
// expression first asks for it. An Evaluator belongs to one goroutine; a [Budget]
// is shared.
package eval
