// Package redisotel is ttlog's instrumentation of go-redis with the API of
// go-redis' package of the same name, for programs that change one import path.
//
// The entry points are [InstrumentTracing] and [InstrumentMetrics]. What a program
// says to them means what it did; what is recorded is that of [ttlogredis], where
// new code goes. docs/compat-redisotel.md tells the differences.
//
// Everything here is safe for concurrent use.
package redisotel
