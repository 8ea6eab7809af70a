package storage

import (
	"errors"
	"fmt"

	"github.com/ttlog/ttlog/storage/internal/part"
)

// partError makes an error of package part about a file one of this package.
// What is not the file system's is the file's fault.
func partError(path string, err error) error {
	if err == nil {
		return nil
	}
	if path != "" {
		err = fmt.Errorf("%s: %w", path, err)
	}
	if errors.Is(err, part.ErrCorrupt) && !errors.Is(err, ErrCorrupt) {
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return err
}
