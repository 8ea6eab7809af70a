// Package aside moves out of the way what cannot be read, so that something
// sound can take its place: the entry point is [Move].
package aside

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// Move renames path to path.damaged-1, or the first number that is free, and
// returns the new name. Nothing is ever deleted.
func Move(path string) (to string, err error) {
	for i := 1; ; i++ {
		to = fmt.Sprintf("%s.damaged-%d", path, i)
		if _, err := os.Lstat(to); errors.Is(err, fs.ErrNotExist) {
			return to, os.Rename(path, to)
		} else if err != nil {
			return "", err
		}
	}
}
