// Command ttlog is the daemon and the command line of ttlog.
//
//	ttlog serve    receive OTLP, store it, answer queries
//	ttlog query    run SQL against a server or a data directory
//	ttlog import   store files of OTLP
//	ttlog check    verify every checksum and reference of a data directory
//	ttlog health   ask a server whether it is ready
//	ttlog version  print the version
//
// Each subcommand stands in a file of its own name. Exit codes: 0 done,
// 1 failed, 64 wrong usage.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // time zones for queries, wherever this runs

	"github.com/ttlog/ttlog/cmd/ttlog/internal/render"
)

// The exit codes. 2 is what the Go runtime's fatal errors end with, so wrong
// usage has the code that sysexits.h gives it.
const (
	exitFailed = 1
	exitUsage  = 64
)

func main() {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // as nohup has it
		signals = append(signals, syscall.SIGHUP) // the terminal is closed
	}
	ctx, stop := signal.NotifyContext(context.Background(), signals...)
	defer stop()
	// Whoever asks a second time does not want to wait: the signal then does
	// what it does where nobody listens. What was acknowledged is in the ring.
	context.AfterFunc(ctx, stop)
	if cmd, err := rootCommand().ExecuteContextC(ctx); err != nil {
		os.Exit(exitCode(cmd.CommandPath(), err))
	}
}

// exitCode prints the error of a command, where the log does not have it yet,
// and returns the exit code it asks for.
func exitCode(command string, err error) int {
	if _, ok := errors.AsType[loggedError](err); ok {
		return exitFailed
	}
	fmt.Fprintf(os.Stderr, "ttlog: %s\n", render.Printable(err.Error()))
	if _, ok := errors.AsType[usageError](err); ok {
		fmt.Fprintf(os.Stderr, "Run '%s --help' for usage.\n", command)
		return exitUsage
	}
	return exitFailed
}

// usageError is an error in how the command was called.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }
