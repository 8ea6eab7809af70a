package guard_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"testing"

	"github.com/ttlog/ttlog/internal/guard"
)

// failing panics with v whenever it is asked for anything.
type failing struct{ v any }

func (f failing) Error() string { panic(f.v) }
func (f failing) Unwrap() error { panic(f.v) }

func TestError(t *testing.T) {
	var nilPath *fs.PathError
	var empty struct{ error }
	for _, c := range []struct {
		err  error
		want string
	}{
		{io.EOF, "EOF"},
		{nilPath, "<nil>"},
		{failing{"why not"}, "!PANIC: why not"},
		{failing{io.EOF}, "!PANIC: EOF"},
		{failing{failing{failing{"deep"}}}, "!PANIC: guard_test.failing"},
		{empty, "!PANIC: runtime error: invalid memory address or nil pointer dereference"},
	} {
		if got := guard.Error(c.err); got != c.want {
			t.Errorf("%T: got %q, want %q", c.err, got, c.want)
		}
	}
}

func TestIs(t *testing.T) {
	if guard.Is(failing{"x"}, io.EOF) {
		t.Error("an error that panics is io.EOF")
	}
	if !guard.Is(errors.Join(context.Canceled, io.EOF), io.EOF) {
		t.Error("a joined io.EOF is not found")
	}
}
