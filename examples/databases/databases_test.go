package databases_test

import (
	"context"
	"os"
	"slices"
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.opentelemetry.io/otel"

	"github.com/ttlog/ttlog/examples/databases"
	"github.com/ttlog/ttlog/internal/conformance"
	"github.com/ttlog/ttlog/internal/testservers"
)

func TestMain(m *testing.M) { os.Exit(testservers.Run(m)) }

// record makes what follows record its spans.
func record(t *testing.T) *conformance.Recorder {
	t.Helper()
	rec := conformance.NewRecorder(t)
	before := otel.GetTracerProvider()
	otel.SetTracerProvider(rec.Tracers)
	t.Cleanup(func() { otel.SetTracerProvider(before) })
	return rec
}

// below runs f without a span and with one, and expects the children of the one.
func below(t *testing.T, rec *conformance.Recorder, f func(ctx context.Context), names ...string) {
	t.Helper()
	rec.Reset()
	f(t.Context())
	if got := conformance.Names(rec.Spans()); len(got) != 0 {
		t.Errorf("without a parent: spans %q", got)
	}
	ctx, parent := conformance.Parent(t.Context())
	f(ctx)
	if got := conformance.Names(rec.Spans()); !slices.Equal(got, names) {
		t.Errorf("spans %q, want %q", got, names)
	}
	for _, s := range rec.Spans() {
		if s.Parent().SpanID() != parent.SpanContext().SpanID() {
			t.Errorf("%s is not a child of the caller's span", s.Name())
		}
	}
}

func TestGORM(t *testing.T) {
	rec := record(t)
	db, err := databases.OpenGORM("file:" + t.TempDir() + "/users.db")
	if err != nil {
		t.Fatal(err)
	}
	if err := db.AutoMigrate(&databases.User{}); err != nil {
		t.Fatal(err)
	}
	if err := db.Create(&databases.User{ID: 7, Name: "Ada"}).Error; err != nil {
		t.Fatal(err)
	}
	below(t, rec, func(ctx context.Context) {
		if u, err := databases.Find(ctx, db, 7); err != nil || u.Name != "Ada" {
			t.Errorf("got %+v, %v", u, err)
		}
	}, "SELECT users")
	raw, err := db.DB()
	if err != nil {
		t.Fatal(err)
	}
	if err := raw.Close(); err != nil {
		t.Error(err)
	}
}

func TestPgxPool(t *testing.T) {
	rec := record(t)
	pool, err := pgxpool.New(t.Context(), testservers.PostgreSQL(t))
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	for _, q := range []string{"CREATE TABLE users (id INTEGER, name TEXT)", "INSERT INTO users VALUES (7, 'Ada')"} {
		if _, err := pool.Exec(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}
	ctx, parent := conformance.Parent(t.Context())
	if name, err := databases.FindPooled(ctx, pool, 7); err != nil || name != "Ada" {
		t.Errorf("got %q, %v", name, err)
	}
	span := rec.One(t)
	conformance.Want(t, span, map[string]string{"db.system.name": "postgresql", "db.query.summary": "SELECT users", "server.address": "*"})
	if span.Parent().SpanID() != parent.SpanContext().SpanID() {
		t.Error("the query is not a child of the caller's span")
	}
	if err := pool.Ping(t.Context()); err != nil {
		t.Errorf("the pool was closed: %v", err)
	}
}

func TestRedis(t *testing.T) {
	rec := record(t)
	rdb, err := databases.NewRedis(miniredis.RunT(t).Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer rdb.Close()
	below(t, rec, func(ctx context.Context) {
		if err := rdb.Set(ctx, "k", "v", 0).Err(); err != nil {
			t.Error(err)
		}
	}, "SET")
}
