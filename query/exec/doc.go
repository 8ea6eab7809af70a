// Package exec runs plans on vectors. A physical operator is a file with a type
// that implements [Operator], and a case in [Builder].
//
// Operators yield morsels: parts of their rows, in order, that have yet to be
// computed. Those that look at one row at a time (filter, project) wrap the
// morsels of their input, so that a whole pipeline runs in the worker that has
// the morsel. Those that need all rows (aggregate, sort) hand the morsels of
// their input to all workers, each with a state of its own, and merge the states.
// Columns are decoded late: those of a result only for blocks in which a row
// survived the filters.
//
// The entry points are [New], [Builder] and [Exec.Ordered].
package exec
