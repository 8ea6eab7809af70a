package ttlogsql_test

import (
	"context"
	"fmt"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	_ "modernc.org/sqlite"

	ttlogsql "github.com/ttlog/ttlog/instrument/sql"
)

func ExampleConnect() {
	// Any SDK will do; without the option the global provider is used.
	spans := tracetest.NewSpanRecorder()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans))

	ctx := context.Background()
	db, err := ttlogsql.Connect(ctx, "sqlite", ":memory:", ttlogsql.WithTracerProvider(provider))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()
	db.SetMaxOpenConns(1) // a memory database belongs to its connection

	db.MustExecContext(ctx, "CREATE TABLE users (id INTEGER, name TEXT)")
	db.MustExecContext(ctx, "INSERT INTO users VALUES (?, ?)", 7, "Ada")
	var name string
	if err := db.GetContext(ctx, &name, "SELECT name FROM users WHERE id = ?", 7); err != nil {
		fmt.Println(err)
	}
	fmt.Println(name)
	for _, s := range spans.Ended() {
		fmt.Println(s.Name())
	}
	// Output:
	// Ada
	// CREATE TABLE users
	// INSERT users
	// SELECT users
}
