package receiver

import (
	"net/http"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
)

// answers says how each reason is told to a client. With later, the client may
// send the request again and is told when.
var answers = [reasons]struct {
	http  int
	grpc  codes.Code
	later bool
}{
	malformed:   {http.StatusBadRequest, codes.InvalidArgument, false},
	tooLarge:    {http.StatusRequestEntityTooLarge, codes.ResourceExhausted, false},
	unsupported: {http.StatusUnsupportedMediaType, codes.Unimplemented, false},
	full:        {http.StatusTooManyRequests, codes.ResourceExhausted, true},
	busy:        {http.StatusTooManyRequests, codes.Unavailable, true},
	tooSlow:     {http.StatusServiceUnavailable, codes.Unavailable, true},
	aborted:     {http.StatusBadRequest, codes.Canceled, false},
	closing:     {http.StatusServiceUnavailable, codes.Unavailable, true},
	notSynced:   {http.StatusServiceUnavailable, codes.Unavailable, true},
	diskFull:    {http.StatusTooManyRequests, codes.ResourceExhausted, true},
	forbidden:   {http.StatusForbidden, codes.PermissionDenied, false},
	// Of the codes that are final, this one has nobody send the request in parts.
	circle: {http.StatusLoopDetected, codes.Unimplemented, false},
}

// status returns the google.rpc.Status of a refusal.
func (r *Receiver) status(f *refusal) *status.Status {
	a := answers[f.reason]
	st := status.New(a.grpc, f.text)
	if !a.later {
		return st
	}
	with, err := st.WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(r.opts.RetryAfter)})
	if err != nil {
		return st
	}
	return with
}

// retryAfterSeconds is the delay in the form of the HTTP header, rounded up.
func (r *Receiver) retryAfterSeconds() int64 {
	return int64((r.opts.RetryAfter + time.Second - 1) / time.Second)
}
