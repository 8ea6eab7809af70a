package ttlogsqlx_test

import (
	"context"
	"fmt"
	"log"

	ttlogsqlx "github.com/ttlog/ttlog/instrument/sqlx"
)

// The driver is imported by the application, under the name that it registers.
func ExampleConnect() {
	ctx := context.Background()
	db, err := ttlogsqlx.Connect(ctx, "pgx", "postgres://shop@db.test/shop")
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	var name string
	if err := db.GetContext(ctx, &name, db.Rebind("SELECT name FROM users WHERE id = ?"), 7); err != nil {
		log.Fatal(err)
	}
	fmt.Println(name)
}
