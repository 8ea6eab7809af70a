package exec

import (
	"context"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/storage"
	"github.com/ttlog/ttlog/storage/column"
)

// Catalog tells languages what a source has.
type Catalog struct{ Source Source }

// Attributes returns the columns of a table. Where there are more attributes than
// a source lists, those of the names are asked for: whatever others send, a name
// means the same.
func (c Catalog) Attributes(ctx context.Context, sig otlpwire.Signal, names []string) ([]column.Ref, error) {
	refs, err := c.Source.Columns(ctx, sig)
	f, ok := c.Source.(Finder)
	if err != nil || !ok {
		return refs, err
	}
	known := map[column.Ref]bool{}
	for _, r := range refs {
		if r.Place != column.PlaceField {
			known[r] = true
		}
	}
	if len(known) < storage.MaxListed {
		return refs, nil
	}
	found, err := f.FindColumns(ctx, sig, names)
	for _, r := range found {
		if !known[r] {
			refs = append(refs, r)
		}
	}
	return refs, err
}
