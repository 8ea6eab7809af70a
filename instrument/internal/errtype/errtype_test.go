package errtype

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"syscall"
	"testing"
)

type typed struct{ name string }

func (typed) Error() string       { return "typed" }
func (t typed) ErrorType() string { return t.name }

func TestName(t *testing.T) {
	f := func(err error, want string) {
		t.Helper()
		if got := Name(err); got != want {
			t.Errorf("Name(%v) = %q, want %q", err, got, want)
		}
	}
	f(nil, "_OTHER")
	f(fmt.Errorf("a: %w", typed{"payment.declined"}), "payment.declined")
	f(fmt.Errorf("a: %w", context.DeadlineExceeded), "context.DeadlineExceeded")
	f(&url.Error{Op: "Get", Err: &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}}, "syscall.ECONNREFUSED")
	f(&net.OpError{Op: "dial", Err: &net.DNSError{Name: "x"}}, "net.DNSError")
	f(io.ErrUnexpectedEOF, "io.ErrUnexpectedEOF")
	f(errors.New("x"), "*errors.errorString")
	f(&net.AddrError{}, "*net.AddrError")
	f(typed{}, "github.com/ttlog/ttlog/instrument/internal/errtype.typed")
}
