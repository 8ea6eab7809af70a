package conformance

// Faulty is an error that panics when it is asked for a text. Its methods are
// those that instrumentations look for, without Is, As and Unwrap, which
// database/sql calls itself. A nil *Faulty is an error as it comes of returning
// a nil pointer of an own type.
type Faulty struct{ Says string }

func (f *Faulty) Error() string     { panic(f.Says) }
func (f *Faulty) ErrorType() string { panic(f.Says) }
func (f *Faulty) SQLState() string  { panic(f.Says) }
func (f *Faulty) RedisError()       { panic(f.Says) }

// FaultyErrors has errors that panic, by what is recorded as their text.
func FaultyErrors() map[string]error {
	return map[string]error{"<nil>": (*Faulty)(nil), "!PANIC: boom": &Faulty{"boom"}}
}
