// Package plan is the logical plan of a query: a tree of relational operators, a
// [Node] each, and their expressions. It knows names and types, and neither a
// language nor a store.
//
// A language makes a plan (see the package sql), rules rewrite it (optimize),
// and physical operators run it (exec). An operator is a file here with a type
// that implements [Node], and one in exec.
//
// Expressions number the columns of their operator's input from 0, in the order
// of its [Node.Schema]. A computed one holds its function's name, its arguments
// and its implementation; package eval makes them.
package plan
