// Package sql is the query language: [Parse] turns text into a [Statement], and
// [Bind] a statement into a logical plan. It computes nothing but constants, and
// reads no store. The language is described in docs/query.md.
//
//	text -> lex.go, parse*.go -> Statement   syntax only, positions kept
//	     -> bind*.go, scope.go -> plan.Node  names, types, constants folded
package sql
