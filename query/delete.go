package query

import (
	"context"
	"errors"
	"fmt"

	"github.com/ttlog/ttlog/query/eval"
	"github.com/ttlog/ttlog/query/exec"
	"github.com/ttlog/ttlog/query/optimize"
	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/sql"
	"github.com/ttlog/ttlog/storage"
)

// Deleter deletes rows for good. *storage.Store is one.
type Deleter interface {
	Delete(ctx context.Context, d storage.Deletion) (storage.Deleted, error)
}

// ErrNotStored is the error of a deletion that would miss rows: they are
// acknowledged, and not in the store yet.
var ErrNotStored = errors.New("query: what was acknowledged is not all in the store yet; try again in a moment")

// Delete runs a DELETE: the rows of the engine's source that it names are deleted
// from the store behind it, for good. The parameters are those of Query. It has no
// timeout but that of ctx. An error in the text is an [*Error], and nothing is
// deleted then.
func (e *Engine) Delete(ctx context.Context, from Deleter, text string, args []any) (done storage.Deleted, warnings []plan.Warning, err error) {
	defer exec.Recovered(&err)
	stmt, err := sql.Parse(text)
	if err != nil {
		return done, nil, err
	}
	if !stmt.Delete {
		return done, nil, &plan.Error{Line: 1, Column: 1, Message: "this is no DELETE"}
	}
	if !e.CatchUp(ctx) {
		return done, nil, ErrNotStored
	}
	held, err := e.o.Memory.Reserve(ctx, "queries", e.o.ReserveBytes)
	if err != nil {
		return done, nil, fmt.Errorf("query: %w", err)
	}
	defer held.Close()
	tree, warnings, err := sql.Bind(ctx, exec.Catalog{Source: e.src}, stmt, sql.Options{Text: text, Params: args, Now: e.o.Now(), Zone: e.zone})
	if err != nil {
		return done, nil, err
	}
	scan, conds, err := sql.Doomed(optimize.Plan(tree, e.skip))
	if err != nil {
		return done, nil, err
	}
	x := exec.New(e.src, eval.NewBudget(e.o.MaxMemoryBytes, e.o.frameBytes(), held), 1)
	d := storage.Deletion{
		ScanRequest: storeRequest(exec.ScanRequest{Signal: scan.Signal, From: scan.From, To: scan.To, Where: scan.Where}),
		Match:       x.Matcher(ctx, scan, conds),
		Statement:   stmt.String(),
	}
	done, err = from.Delete(ctx, d)
	return done, warnings, err
}
