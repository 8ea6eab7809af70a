package sdkguard_test

import (
	"context"
	"io/fs"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/log"
	sdklog "go.opentelemetry.io/otel/sdk/log"

	"github.com/ttlog/ttlog/internal/sdkguard"
)

// faulty panics whatever it is asked.
type faulty struct{}

func (faulty) Error() string     { panic("boom") }
func (faulty) ErrorType() string { panic("boom") }

// texts are errors with what is recorded of them.
var texts = []struct {
	err        error
	kind, text string
}{
	{(*fs.PathError)(nil), "*fs.PathError", "<nil>"},
	{faulty{}, "sdkguard_test.faulty", "!PANIC: boom"},
	{&fs.PathError{Op: "open", Path: "/x", Err: fs.ErrNotExist}, "*fs.PathError", "open /x: file does not exist"},
}

// emitted keeps the attributes of each record.
type emitted []map[string]string

func (e *emitted) OnEmit(_ context.Context, r *sdklog.Record) error {
	m := map[string]string{}
	r.WalkAttributes(func(kv attribute.KeyValue) bool { m[string(kv.Key)] = kv.Value.String(); return true })
	*e = append(*e, m)
	return nil
}

func (*emitted) Enabled(context.Context, sdklog.EnabledParameters) bool { return true }
func (*emitted) Shutdown(context.Context) error                         { return nil }
func (*emitted) ForceFlush(context.Context) error                       { return nil }

func TestLoggers_Emit(t *testing.T) {
	for _, c := range texts {
		var got emitted
		l := sdkguard.Loggers(sdklog.NewLoggerProvider(sdklog.WithProcessor(&got))).Logger("test")
		var r log.Record
		r.SetErr(c.err)
		l.Emit(t.Context(), r)
		l.Emit(t.Context(), log.Record{})
		if len(got) != 2 || got[0]["exception.type"] != c.kind || got[0]["exception.message"] != c.text || len(got[1]) != 0 {
			t.Errorf("got %v, want %s %q, and a record without", got, c.kind, c.text)
		}
	}
}
