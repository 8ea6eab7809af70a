// Package otelsql is ttlog's instrumentation of database/sql with the API of
// XSAM's package of the same name, for programs that change one import path.
//
// The entry points are [Open], [OpenDB], [Register] and [WrapDriver]. What a
// program says to them means what it did; what is recorded is that of
// [ttlogsql], where new code goes. docs/compat-otelsql.md tells the differences.
//
// Everything here is safe for concurrent use as far as database/sql is.
package otelsql
