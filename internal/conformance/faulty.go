package conformance

// FaultyError is an error that panics when it is asked for a text. Its methods are
// those that instrumentations look for, without Is, As and Unwrap, which
// database/sql calls itself. A nil *FaultyError is an error as it comes of returning
// a nil pointer of an own type.
type FaultyError struct{ Says string }

func (f *FaultyError) Error() string     { panic(f.Says) }
func (f *FaultyError) ErrorType() string { panic(f.Says) }
func (f *FaultyError) SQLState() string  { panic(f.Says) }
func (f *FaultyError) RedisError()       { panic(f.Says) }

// FaultyErrors has errors that panic, by what is recorded as their text.
func FaultyErrors() map[string]error {
	return map[string]error{"<nil>": (*FaultyError)(nil), "!PANIC: boom": &FaultyError{"boom"}}
}
