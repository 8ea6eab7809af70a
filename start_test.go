package ttlog_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"go.opentelemetry.io/otel"

	"github.com/ttlog/ttlog"
	"github.com/ttlog/ttlog/internal/datadir"
)

// TestStart_OncePerProcess: a second Start says what to do and leaves the first
// as it is, wherever it would store; after shutdown there is room for another.
func TestStart_OncePerProcess(t *testing.T) {
	ctx, dir := t.Context(), t.TempDir()
	shutdown, err := ttlog.Start(ctx, ttlog.WithDataDir(dir))
	if err != nil {
		t.Fatal(err)
	}
	for _, other := range []string{dir, t.TempDir()} {
		_, err := ttlog.Start(ctx, ttlog.WithDataDir(other), ttlog.WithSlog())
		if !errors.Is(err, ttlog.ErrStarted) || !strings.Contains(err.Error(), dir) || !strings.Contains(err.Error(), "call the function that it returned") {
			t.Errorf("a second start: got %v, want ErrStarted, the directory, and what to do", err)
		}
	}
	_, span := otel.Tracer("test").Start(ctx, "work")
	span.End()
	eventually(t, "SELECT name FROM spans", [][]any{{"work"}})

	var wg sync.WaitGroup
	for range 4 { // all at once, and each returns when it is done
		wg.Go(func() {
			if err := shutdown(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	shutdownOther, err := ttlog.Start(ctx, ttlog.WithDataDir(t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	if err := shutdown(ctx); err != nil { // the first one's, which must not touch the other
		t.Error(err)
	}
	_, span = otel.Tracer("test").Start(ctx, "other work")
	span.End()
	eventually(t, "SELECT name FROM spans", [][]any{{"other work"}})
	if err := shutdownOther(ctx); err != nil {
		t.Error(err)
	}
}

func TestStart_AtTheSameTime(t *testing.T) {
	var mu sync.Mutex
	var shutdowns []func(context.Context) error
	var wg sync.WaitGroup
	for range 8 {
		dir := t.TempDir()
		wg.Go(func() {
			shutdown, err := ttlog.Start(t.Context(), ttlog.WithDataDir(dir))
			switch {
			case err == nil:
				mu.Lock()
				defer mu.Unlock()
				shutdowns = append(shutdowns, shutdown)
			case !errors.Is(err, ttlog.ErrStarted):
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if len(shutdowns) != 1 {
		t.Errorf("%d of 8 have started, want 1", len(shutdowns))
	}
	for _, shutdown := range shutdowns {
		if err := shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	}
}

// TestStart_AfterAFailure: a directory that another writer has is none for Start,
// which may be called again.
func TestStart_AfterAFailure(t *testing.T) {
	dir := t.TempDir()
	writer, err := datadir.Open(dir, datadir.Options{})
	if err != nil {
		t.Fatal(err)
	}
	before := otel.GetTracerProvider()
	if _, err := ttlog.Start(t.Context(), ttlog.WithDataDir(dir)); err == nil || errors.Is(err, ttlog.ErrStarted) || !strings.Contains(err.Error(), dir) {
		t.Errorf("got %v, want an error that names the directory", err)
	}
	if otel.GetTracerProvider() != before {
		t.Error("a start that failed has changed the globals")
	}
	if err := writer.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	shutdown, err := ttlog.Start(t.Context(), ttlog.WithDataDir(dir))
	if err != nil {
		t.Fatal(err)
	}
	if err := shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}
