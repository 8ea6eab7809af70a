package storage

import (
	"fmt"

	"github.com/ttlog/ttlog/storage/column"
	"github.com/ttlog/ttlog/storage/internal/table"
)

// Blocks decodes one Export…ServiceRequest into blocks in memory, without a
// store: for those who look at telemetry on its way. The blocks do not alias
// the request.
func Blocks(signal Signal, request []byte) ([]column.Block, error) {
	batch, err := table.Decode(signal, request)
	if err != nil {
		return nil, fmt.Errorf("storage: decode %s: %w", signal, err)
	}
	t := table.New(signal)
	for _, day := range batch.Days() {
		t.Append(batch, day)
	}
	return t.Blocks(), nil
}
