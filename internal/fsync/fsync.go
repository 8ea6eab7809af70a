// Package fsync makes names durable: the entry point is [Dir].
package fsync

import (
	"errors"
	"os"
	"runtime"
)

// Dir makes the names in a directory durable. Windows has no such call and
// journals names by itself.
func Dir(path string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
