package bench

import (
	"errors"
	"os"
	"path/filepath"
	"runtime/pprof"
	"time"
)

// profile repeats a call for two seconds and writes where its processor time goes,
// to a file of the folder for profiles, if there is one.
func (o Options) profile(id string, call func() error) (err error) {
	if o.Profiles == "" {
		return nil
	}
	f, err := os.Create(filepath.Join(o.Profiles, id+".pprof"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := pprof.StartCPUProfile(f); err != nil {
		return err
	}
	defer pprof.StopCPUProfile()
	for start := time.Now(); time.Since(start) < 2*time.Second; {
		if err := call(); err != nil {
			return err
		}
	}
	return nil
}
