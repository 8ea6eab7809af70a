package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"

	"google.golang.org/grpc/grpclog"
)

// newLogger returns the logger that --log-format and --log-level ask for.
func newLogger(format, level string, w io.Writer) (*slog.Logger, error) {
	var o slog.HandlerOptions
	var least slog.Level
	if err := least.UnmarshalText([]byte(level)); err != nil {
		return nil, fmt.Errorf("--log-level %q is not one of debug, info, warn and error", level)
	}
	o.Level = least
	switch format {
	case "text":
		return slog.New(slog.NewTextHandler(w, &o)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(w, &o)), nil
	}
	return nil, fmt.Errorf("--log-format %q is neither text nor json", format)
}

// logEverything has what others print in this process go through the logger as
// well: package log, slog's default, and gRPC, which has a logger of its own.
func logEverything(logger *slog.Logger) {
	slog.SetDefault(logger)
	errs := slog.NewLogLogger(logger.Handler(), slog.LevelError).Writer()
	warnings := slog.NewLogLogger(logger.Handler(), slog.LevelWarn).Writer()
	grpclog.SetLoggerV2(grpclog.NewLoggerV2(io.Discard, warnings, errs))
}

// loggedError is an error that the log has already.
type loggedError struct{ err error }

func (e loggedError) Error() string { return e.err.Error() }
func (e loggedError) Unwrap() error { return e.err }

// logged writes an error to the log, where a daemon's errors belong.
func logged(logger *slog.Logger, message string, err error) error {
	if err == nil {
		return nil
	}
	if _, usage := errors.AsType[usageError](err); usage {
		return err // whoever types it reads it
	}
	logger.Error(message, "error", err)
	return loggedError{err}
}
