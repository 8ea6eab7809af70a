// Package guard calls the methods of values that belong to the application.
//
// A nil pointer in an error interface, or a String method that counts on a field
// being set, panics when it is asked for its text. The application may never
// have asked; an instrumentation that does must not be what stops it. What is
// recorded then says what went wrong, in the words of log/slog's handlers. All
// functions are safe for concurrent use.
package guard

import (
	"errors"
	"fmt"
	"reflect"
)

// Nil is the text of a nil pointer whose method panics.
const Nil = "<nil>"

// Text returns what f returns, a method of v that gives its text. Where f
// panics, the text is that of [Panicked].
func Text(v any, f func() string) (text string) {
	defer func() {
		if p := recover(); p != nil {
			text = Panicked(v, p)
		}
	}()
	return f()
}

// Error returns the message of err.
func Error(err error) string {
	return Text(err, func() string { return err.Error() })
}

// Panicked is what stands for v, one of whose methods has panicked with p:
// [Nil] for a nil pointer, as that is all there is to say of it.
func Panicked(v, p any) (text string) {
	if r := reflect.ValueOf(v); r.Kind() == reflect.Pointer && r.IsNil() {
		return Nil
	}
	// The value that was panicked with has methods as well.
	defer func() {
		if recover() != nil {
			text = fmt.Sprintf("!PANIC: %T", p)
		}
	}()
	return fmt.Sprintf("!PANIC: %v", p)
}

// Try returns what f returns, and nothing where f panics.
func Try(f func() string) string {
	defer func() { _ = recover() }()
	return f()
}

// Is is [errors.Is], and false where a method of err panics.
func Is(err, target error) (is bool) {
	defer func() { _ = recover() }()
	return errors.Is(err, target)
}
