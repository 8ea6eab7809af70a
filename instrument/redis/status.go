package ttlogredis

import (
	"errors"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/ttlog/ttlog/instrument/internal/attrtext"
	"github.com/ttlog/ttlog/instrument/internal/errtype"
	"github.com/ttlog/ttlog/internal/guard"
)

// maxStatusBytes bounds an error prefix; the longest in use is UNKILLABLE.
const maxStatusBytes = 32

// failure returns err unless it only says that there is no such key.
func failure(err error) error {
	if err == nil || guard.Is(err, redis.Nil) {
		return nil
	}
	return err
}

// pipelineFailure returns the first error of a pipeline that is a failure. The
// error that go-redis gives for the whole may be a nil reply that hides a real
// error behind it.
func pipelineFailure(err error, cmds []redis.Cmder) error {
	if err = failure(err); err != nil {
		return err
	}
	for _, cmd := range cmds {
		if err = failure(cmd.Err()); err != nil {
			return err
		}
	}
	return nil
}

// statusOf returns the prefix of a Redis error: "WRONGTYPE" of "WRONGTYPE
// Operation against a key ...". It is "" for any other error.
func statusOf(err error) string {
	prefix := guard.Try(func() string {
		var reply redis.Error
		if !errors.As(err, &reply) {
			return ""
		}
		prefix, _, _ := strings.Cut(reply.Error(), " ")
		return prefix
	})
	if prefix == "" || len(prefix) > maxStatusBytes {
		return ""
	}
	for i := range len(prefix) {
		if c := prefix[i]; !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') && c != '_' {
			return ""
		}
	}
	return prefix
}

// description returns the text of err for a status. Redis repeats the arguments
// of a command that it does not know; they are cut off.
func description(err error) string {
	text, _, _ := strings.Cut(guard.Error(err), ", with args beginning with:")
	return attrtext.Clean(text, maxDescriptionBytes)
}

// errorType returns error.type: the prefix of a Redis error where there is one.
func errorType(err error, status string) string {
	switch {
	case status != "":
		return status
	case guard.Is(err, redis.TxFailedErr):
		return "redis.TxFailedErr"
	case guard.Is(err, redis.ErrClosed):
		return "redis.ErrClosed"
	}
	return errtype.Name(err)
}
