package ttlog_test

import (
	"bytes"
	"context"
	"io/fs"
	"log"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/ttlog/ttlog"
)

// terminal makes what slog and log write by default go into a buffer, with
// flags and prefix of package log, and gives everything back after the test.
func terminal(t *testing.T, flags int, prefix string) *bytes.Buffer {
	t.Helper()
	before, out, oldFlags, oldPrefix := slog.Default(), log.Writer(), log.Flags(), log.Prefix()
	t.Cleanup(func() {
		slog.SetDefault(before)
		log.SetOutput(out)
		log.SetFlags(oldFlags)
		log.SetPrefix(oldPrefix)
	})
	b := new(bytes.Buffer)
	log.SetOutput(b)
	log.SetFlags(flags)
	log.SetPrefix(prefix)
	return b
}

// stored returns the rows of logs once there are so many.
func stored(t *testing.T, n float64, columns string) [][]any {
	t.Helper()
	eventually(t, "SELECT count(*) FROM logs", [][]any{{n}})
	return ask(t, "SELECT "+columns+" FROM logs ORDER BY timestamp")
}

// say logs in each way there is; what it writes is the same without ttlog.
func say() {
	slog.Debug("filtered")
	slog.Info("hello", "n", 3, "text", "two words")
	slog.With("a", 1).WithGroup("g").Warn("grouped", "b", 2, slog.Group("h", "c", "="))
	slog.Error("no database", "err", fs.ErrNotExist)
	var missing *os.PathError
	slog.Info("done", "err", missing)
	log.Print("by log: ", 7)
	log.Println("two\nlines")
}

// TestWithSlog_WritesWhatWasWritten: line by line, however package log is set up.
func TestWithSlog_WritesWhatWasWritten(t *testing.T) {
	clock := regexp.MustCompile(`\d\d:\d\d:\d\d(\.\d+)?`)
	for _, flags := range []int{0, log.LstdFlags, log.LstdFlags | log.Lmicroseconds | log.LUTC, log.Lshortfile, log.Ltime | log.Llongfile, log.LstdFlags | log.Lmsgprefix} {
		out := terminal(t, flags, "app: ")
		say()
		want := clock.ReplaceAllString(out.String(), "")
		out.Reset()
		stop := start(t, ttlog.WithDataDir(t.TempDir()), ttlog.WithSlog())
		say()
		if got := clock.ReplaceAllString(out.String(), ""); got != want {
			t.Errorf("flags %b: got\n%s\nwant\n%s", flags, got, want)
		}
		if got := stored(t, 6, "level, body, err"); !reflect.DeepEqual(got, [][]any{
			{"INFO", "hello", nil},
			{"WARN", "grouped", nil},
			{"ERROR", "no database", "file does not exist"},
			{"INFO", "done", "<nil>"},
			{"INFO", "by log: 7", nil},
			{"INFO", "two\nlines", nil},
		}) {
			t.Errorf("flags %b: the store has %v", flags, got)
		}
		if got := ask(t, `SELECT "exception.message" FROM logs WHERE level = 'ERROR'`); !reflect.DeepEqual(got, [][]any{{"file does not exist"}}) {
			t.Errorf("exception.message is %v", got)
		}
		stop()
		out.Reset()
		say()
		if got := clock.ReplaceAllString(out.String(), ""); got != want {
			t.Errorf("flags %b: after shutdown: got\n%s\nwant\n%s", flags, got, want)
		}
	}
}

// TestWithSlog_BeforeAHandler: the application's own handler goes on, decides by
// its level, and gets what log writes, as it did before.
func TestWithSlog_BeforeAHandler(t *testing.T) {
	terminal(t, log.LstdFlags, "")
	var out bytes.Buffer
	slog.SetDefault(slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: slog.LevelWarn})))
	stop := start(t, ttlog.WithDataDir(t.TempDir()), ttlog.WithSlog())
	slog.Info("filtered")
	slog.Error("broken", "err", fs.ErrNotExist)
	log.Print("at the level of log, which is filtered")
	if got := stored(t, 1, "body"); !reflect.DeepEqual(got, [][]any{{"broken"}}) {
		t.Errorf("the store has %v", got)
	}
	if strings.Count(out.String(), "\n") != 1 || !strings.Contains(out.String(), `"msg":"broken","err":"file does not exist"`) {
		t.Errorf("the handler wrote %s", &out)
	}
	stop()

	stop = start(t, ttlog.WithDataDir(t.TempDir()), ttlog.WithSlogLevel(slog.LevelDebug))
	out.Reset()
	slog.Debug("stored only")
	log.Print("stored as well")
	if got := stored(t, 2, "body"); out.Len() != 0 || !reflect.DeepEqual(got, [][]any{{"stored only"}, {"stored as well"}}) {
		t.Errorf("the store has %v, the handler wrote %s", got, &out)
	}
	stop()
	slog.Warn("by the application's handler")
	log.Print("filtered")
	if strings.Count(out.String(), "\n") != 1 {
		t.Errorf("after shutdown the handler wrote %s", &out)
	}
}

// TestWithSlog_LogApart: where package log writes elsewhere than slog does, it
// goes on there.
func TestWithSlog_LogApart(t *testing.T) {
	out := terminal(t, 0, "")
	var other bytes.Buffer
	slog.SetDefault(slog.New(slog.NewTextHandler(&other, &slog.HandlerOptions{Level: slog.LevelError})))
	log.SetOutput(out)
	stop := start(t, ttlog.WithDataDir(t.TempDir()), ttlog.WithSlog())
	log.Print("by log")
	if got := stored(t, 1, "body"); out.String() != "by log\n" || other.Len() != 0 || len(got) != 1 {
		t.Errorf("log wrote %q, slog %q, and the store has %v", out, &other, got)
	}
	stop()
}

// TestWithSlog_DefaultAfterStart: a default logger that is derived from ours is
// what applications set, and log then writes through it.
func TestWithSlog_DefaultAfterStart(t *testing.T) {
	out := terminal(t, 0, "")
	stop := start(t, ttlog.WithDataDir(t.TempDir()), ttlog.WithSlog())
	slog.SetDefault(slog.Default().With("app", "shop"))
	slog.Info("by slog")
	log.Print("by log")
	if want := "INFO by slog app=shop\nINFO by log app=shop\n"; out.String() != want {
		t.Errorf("wrote %q, want %q", out, want)
	}
	if got := stored(t, 2, "body, app"); !reflect.DeepEqual(got, [][]any{{"by slog", "shop"}, {"by log", "shop"}}) {
		t.Errorf("the store has %v", got)
	}
	stop()
	slog.Info("after shutdown")
	if !strings.Contains(out.String(), "after shutdown") {
		t.Errorf("wrote %q after shutdown", out)
	}
}

// TestWithSlog_Fatal: the last line of a process is on its terminal, and in the
// ring for the next one.
func TestWithSlog_Fatal(t *testing.T) {
	const variable = "TTLOG_TEST_FATAL"
	if dir := os.Getenv(variable); dir != "" {
		if _, err := ttlog.Start(context.Background(), ttlog.WithDataDir(dir), ttlog.WithSlog()); err != nil {
			t.Fatal(err)
		}
		log.Fatal("cannot go on")
	}
	dir := filepath.Join(t.TempDir(), "data")
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestWithSlog_Fatal$")
	cmd.Env = append(os.Environ(), variable+"="+dir)
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "cannot go on") {
		t.Errorf("%v, the terminal has %q", err, out)
	}
	stop := start(t, ttlog.WithDataDir(dir))
	if got := stored(t, 1, "body"); !reflect.DeepEqual(got, [][]any{{"cannot go on"}}) {
		t.Errorf("the store has %v", got)
	}
	stop()
}

// TestWithSlog_AlsoTo: the given handler writes what the default one wrote, and
// package log stays on the terminal, until shutdown.
func TestWithSlog_AlsoTo(t *testing.T) {
	out := terminal(t, 0, "")
	var lines bytes.Buffer
	stop := start(t, ttlog.WithDataDir(t.TempDir()), ttlog.WithSlog(ttlog.AlsoTo(slog.NewTextHandler(&lines, nil)), nil))
	slog.Info("hello", "n", 3)
	log.Print("by log")
	if got := stored(t, 2, "body, n"); !reflect.DeepEqual(got, [][]any{{"hello", 3.0}, {"by log", nil}}) {
		t.Errorf("the store has %v", got)
	}
	stop()
	slog.Info("later")
	if got := lines.String(); !strings.Contains(got, "msg=hello n=3\n") || strings.Contains(got, "later") || strings.Count(got, "\n") != 1 {
		t.Errorf("the handler wrote %q", got)
	}
	if got := out.String(); got != "by log\nINFO later\n" {
		t.Errorf("the terminal has %q", got)
	}
}
