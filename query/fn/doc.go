// Package fn is the functions, aggregates and operators of expressions: what
// types they take and give, and how they compute. Languages build expressions by
// a [Typer].
//
// A function is an entry of one of the maps that [Functions] is made of: its
// number of arguments and bind, which gives the arguments their types and returns
// the expression of a call with its kernel. An aggregate is the same in
// [Aggregates]; its kernel is an [Accumulator].
package fn
