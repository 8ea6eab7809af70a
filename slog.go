package ttlog

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"log/slog"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	otellog "go.opentelemetry.io/otel/log"

	ttlogslog "github.com/ttlog/ttlog/instrument/slog"
)

// setSlog makes slog's default logger and package log record what they write,
// and go on writing it where and how they did. It returns what undoes that,
// unless another logger was set since. A handler that is given takes the place of
// the default logger's.
//
// The two are entangled: slog's own default handler writes through package log,
// and slog.SetDefault makes package log write through slog. With the one inside
// of a handler and the other outside they wait for each other for ever, so that
// slog's handler is replaced by one that writes the same lines by itself, and the
// output of package log by one that leaves slog out.
func setSlog(p otellog.LoggerProvider, level slog.Leveler, also slog.Handler) (undo func()) {
	before, out, flags := slog.Default(), log.Writer(), log.Flags()
	shared := &lockedWriter{w: out}
	next := before.Handler()
	if also != nil {
		next = also
	} else if isType(next, "*slog.defaultHandler") {
		next = &lineHandler{stock: next, out: log.New(shared, log.Prefix(), flags&^(log.Lshortfile|log.Llongfile)), flags: flags}
	}
	opts := []ttlogslog.Option{ttlogslog.WithLoggerProvider(p), ttlogslog.WithLevel(level)}
	l := slog.New(ttlogslog.NewHandler(next, append(opts, ttlogslog.WithScope("log/slog"))...))
	slog.SetDefault(l)

	var lines io.Writer // nil: package log goes through the handler, as it did before
	if !isType(out, "*slog.handlerWriter") {
		lines = &lineRecorder{out: shared, record: ttlogslog.NewHandler(nil, append(opts, ttlogslog.WithScope("log"))...)}
		log.SetFlags(flags)
		log.SetOutput(lines)
	}
	return func() {
		ours := slog.Default() == l
		if ours {
			slog.SetDefault(before)
		}
		if ours && lines == nil || lines != nil && log.Writer() == lines {
			log.SetOutput(out)
			log.SetFlags(flags)
		}
	}
}

// isType tells whether v is of a type of another package's that has no name
// outside of it.
func isType(v any, name string) bool { return fmt.Sprintf("%T", v) == name }

// lockedWriter is for two loggers that write to one file.
type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

// lineHandler writes the lines of slog's own default handler, without its way
// through the default logger of package log.
type lineHandler struct {
	stock slog.Handler // knows the level, see [slog.SetLogLoggerLevel]
	out   *log.Logger
	flags int
	// with has what WithAttrs and WithGroup were called with.
	with []func(slog.Handler) slog.Handler
}

func (h *lineHandler) Enabled(ctx context.Context, l slog.Level) bool { return h.stock.Enabled(ctx, l) }

func (h *lineHandler) Handle(ctx context.Context, r slog.Record) error {
	// slog's text handler writes the attributes in the same form, behind a
	// level and a message that are cut off.
	var attrs bytes.Buffer
	text := slog.Handler(slog.NewTextHandler(&attrs, nil))
	for _, derive := range h.with {
		text = derive(text)
	}
	bare := slog.NewRecord(time.Time{}, slog.LevelInfo, "", 0)
	r.Attrs(func(a slog.Attr) bool { bare.AddAttrs(a); return true })
	if err := text.Handle(ctx, bare); err != nil {
		return err
	}
	rest := strings.TrimPrefix(attrs.String(), `level=INFO msg=""`)
	return h.out.Output(0, h.source(r.PC)+r.Level.String()+" "+r.Message+rest)
}

// source returns where the record was made, if package log's flags ask for it.
func (h *lineHandler) source(pc uintptr) string {
	if h.flags&(log.Lshortfile|log.Llongfile) == 0 || pc == 0 {
		return ""
	}
	f, _ := runtime.CallersFrames([]uintptr{pc}).Next()
	if h.flags&log.Lshortfile != 0 {
		f.File = filepath.Base(f.File)
	}
	return fmt.Sprintf("%s:%d: ", f.File, f.Line)
}

func (h *lineHandler) derived(derive func(slog.Handler) slog.Handler) slog.Handler {
	h2 := *h
	h2.with = append(slices.Clip(h.with), derive)
	return &h2
}

func (h *lineHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return h.derived(func(t slog.Handler) slog.Handler { return t.WithAttrs(attrs) })
}

func (h *lineHandler) WithGroup(name string) slog.Handler {
	return h.derived(func(t slog.Handler) slog.Handler { return t.WithGroup(name) })
}

// lineRecorder is the output of package log: it records each line, without its
// date and its file, and writes it as it is.
type lineRecorder struct {
	out    io.Writer
	record slog.Handler
}

// Write is given whole lines. It records first: after log.Fatal's line the process ends.
func (w *lineRecorder) Write(line []byte) (int, error) {
	ctx := context.Background()
	if w.record.Enabled(ctx, slog.LevelInfo) {
		r := slog.NewRecord(time.Now(), slog.LevelInfo, message(string(line), log.Prefix(), log.Flags()), 0)
		_ = w.record.Handle(ctx, r) // it has no next handler that could fail
	}
	return w.out.Write(line)
}

// message returns what package log's line says, without what its flags have put
// before it.
func message(line, prefix string, flags int) string {
	line = strings.TrimSuffix(line, "\n")
	if flags&log.Lmsgprefix == 0 {
		line = strings.TrimPrefix(line, prefix)
	}
	cut := func(n int) { line = line[min(n, len(line)):] }
	if flags&log.Ldate != 0 {
		cut(len("2009/01/23 "))
	}
	switch {
	case flags&log.Lmicroseconds != 0:
		cut(len("01:23:23.123123 "))
	case flags&log.Ltime != 0:
		cut(len("01:23:23 "))
	}
	if flags&(log.Lshortfile|log.Llongfile) != 0 {
		if _, rest, ok := strings.Cut(line, ": "); ok {
			line = rest
		}
	}
	if flags&log.Lmsgprefix != 0 {
		line = strings.TrimPrefix(line, prefix)
	}
	return line
}
