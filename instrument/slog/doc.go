// Package ttlogslog makes OpenTelemetry log records of what is logged with
// log/slog, tied to the span in the context.
//
// The entry point is [NewHandler]. It stands before the handler that an
// application has, which goes on writing what it wrote:
//
//	slog.SetDefault(slog.New(ttlogslog.NewHandler(slog.NewJSONHandler(os.Stdout, nil))))
//
// The message is the body; attributes keep their types, and groups are maps. An
// error has its message under its own key, and the last one of a record is also
// described by exception.type and exception.message, where the conventions of
// OpenTelemetry look for it. A duration is its nanoseconds, a time its text
// (RFC 3339). Of other types it is the text that their Error, MarshalText, String
// or MarshalJSON method gives, in this order; else a slice is a list, a map a
// map, and a struct its text as %+v.
//
// No value stops the application: one whose method panics is recorded as <nil>
// where it is a nil pointer, or as !PANIC and what it said, and one that is too
// deep, too large or refers to itself is cut.
//
// It needs the OpenTelemetry API only: with no SDK installed it records nothing
// and costs little. Handlers are immutable and safe for concurrent use.
package ttlogslog
