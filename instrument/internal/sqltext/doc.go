// Package sqltext reads SQL as far as telemetry needs it: what a statement does
// to which tables, and its text without the values in it.
//
// The entry point is [Analyze]; [Cache] remembers its answers. Both are safe for
// concurrent use, and take any bytes: a text that is not SQL gives an empty
// summary, never an error, and every value that might be a literal is hidden.
//
// It is a scanner and a small state machine, not a parser: dialects differ too
// much for a grammar, and a driver is sent text that only its server
// understands. Where a text is ambiguous the reading that hides more is taken.
package sqltext
