// Package conformance is the kit of tests that every instrumentation passes.
//
// The entry point is [Run]: it is given a [Subject], which opens the
// instrumented thing and performs one operation that succeeds and one that
// fails, and checks what all of them must have in common. [Recorder] is an SDK
// in memory for the tests beside it.
package conformance
