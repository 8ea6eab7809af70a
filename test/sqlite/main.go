// Command sqlite is for tests: it answers queries with SQLite, in a process of
// its own, so that the module that asks need not require SQLite. It reads one
// [Request] after the other from standard input and writes a [Response] for each.
package main

import (
	"context"
	"database/sql"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"os"

	_ "modernc.org/sqlite"
)

// Request is a statement and its arguments. NULL travels as false, in both
// directions: gob has no nil, and SQLite has no type for truth.
type Request struct {
	Query string
	Args  []any
}

// Response is the rows of a statement, or why there are none.
type Response struct {
	Rows [][]any
	Err  string
}

func main() {
	if err := serve(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "sqlite:", err)
		os.Exit(1)
	}
}

func serve(in io.Reader, out io.Writer) error {
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		return err
	}
	defer db.Close()
	db.SetMaxOpenConns(1) // every connection has a memory of its own
	requests, responses := gob.NewDecoder(in), gob.NewEncoder(out)
	for {
		var req Request
		if err := requests.Decode(&req); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		rows, err := answer(db, req)
		resp := Response{Rows: rows}
		if err != nil {
			resp = Response{Err: err.Error()}
		}
		if err := responses.Encode(resp); err != nil {
			return err
		}
	}
}

func answer(db *sql.DB, req Request) ([][]any, error) {
	for i, a := range req.Args {
		if a == false {
			req.Args[i] = nil
		}
	}
	res, err := db.QueryContext(context.Background(), req.Query, req.Args...)
	if err != nil {
		return nil, err
	}
	defer res.Close()
	cols, err := res.Columns()
	if err != nil {
		return nil, err
	}
	var rows [][]any
	for res.Next() {
		row, to := make([]any, len(cols)), make([]any, len(cols))
		for i := range row {
			to[i] = &row[i]
		}
		if err := res.Scan(to...); err != nil {
			return nil, err
		}
		for i, v := range row {
			if v == nil {
				row[i] = false
			}
		}
		rows = append(rows, row)
	}
	return rows, res.Err()
}
