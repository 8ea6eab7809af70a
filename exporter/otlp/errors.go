package otlp

import (
	"errors"
	"fmt"
	"time"
)

var (
	// ErrPermanent is wrapped by the errors of requests that the collector
	// will never take: sending the same bytes again is of no use.
	ErrPermanent = errors.New("the collector refused the request for good")
	// ErrClosed is returned by Forward after Close.
	ErrClosed = errors.New("otlp: client is closed")
)

// Error is a failed attempt.
type Error struct {
	// Status tells what the collector answered: "503 Service Unavailable" or
	// "Unavailable"; empty when it did not answer.
	Status string
	// Message is the collector's own text, or what went wrong on the way.
	Message string
	// RetryAfter is how long the collector asked to wait; 0 when it did not.
	RetryAfter time.Duration

	verdict
	endpoint string
	cause    error
}

// verdict is what follows from an answer, or from there being none.
type verdict struct {
	reason    string
	permanent bool // sending the same bytes again is of no use
	divisible bool // of a permanent one: a part of them may be taken
}

// The verdicts, by their reasons. What a collector says of us (a token that has
// expired, a redirect to where one logs in) is no fault of the data: the
// request is kept and sent again, although OTLP would give it up.
var (
	unreachable  = verdict{reason: "unreachable"}
	unavailable  = verdict{reason: "unavailable"}
	throttled    = verdict{reason: "throttled"}
	unauthorized = verdict{reason: "unauthorized"}
	redirected   = verdict{reason: "redirected"}
	unsupported  = verdict{reason: "unsupported", permanent: true}
	tooLarge     = verdict{reason: "too_large", permanent: true, divisible: true}
	rejected     = verdict{reason: "rejected", permanent: true, divisible: true}
)

// Error implements error.
func (e *Error) Error() string {
	s := "otlp: send to " + e.endpoint
	if e.Status != "" {
		s += ": " + e.Status
	}
	if e.Message != "" {
		s += ": " + e.Message
	}
	return s
}

// Permanent tells whether sending the same bytes again is of no use.
func (e *Error) Permanent() bool { return e.permanent }

// Divisible tells of a permanent error whether it is about the size of the
// request or what stands in it, so that a part of it may be taken.
func (e *Error) Divisible() bool { return e.divisible }

// Reason is a word for the kind of the failure, for figures and logs:
// unreachable, unavailable, throttled, unauthorized and redirected may pass;
// unsupported (the collector does not take the signal, or no OTLP), too_large
// and rejected are permanent.
func (e *Error) Reason() string { return e.reason }

// RetryDelay returns RetryAfter.
func (e *Error) RetryDelay() time.Duration { return e.RetryAfter }

// Unwrap returns what lies below: [ErrPermanent], the cause, or both.
func (e *Error) Unwrap() []error {
	var errs []error
	if e.permanent {
		errs = append(errs, ErrPermanent)
	}
	if e.cause != nil {
		errs = append(errs, e.cause)
	}
	return errs
}

// gaveUp is the error of a call whose time for retries is over.
func gaveUp(tries int, elapsed time.Duration, last error) error {
	return fmt.Errorf("otlp: no success after %d attempts in %s: %w", tries, elapsed.Round(time.Millisecond), last)
}
