// Package optimize rewrites logical plans. A rule is a file with a function from
// tree to tree, and a line in [Rules]; it keeps the rows of the plan and their
// order, which tests see to by running queries without it.
package optimize
