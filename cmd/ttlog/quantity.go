package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/prometheus/common/model"

	"github.com/ttlog/ttlog/internal/membudget"
)

// parseAge reads a duration with units up to years, such as 36h, 7d or 1d12h.
// "0" is zero.
func parseAge(s string) (time.Duration, error) {
	d, err := model.ParseDuration(s)
	if err != nil {
		return 0, fmt.Errorf("%q is no duration such as 12h or 7d", s)
	}
	return time.Duration(d), nil
}

// minRing is the smallest ring of a daemon: a request may take a quarter of it.
const minRing = 1 << 20

// parseRingSize reads 64MiB or 256MB or a number of bytes.
func parseRingSize(s string) (int64, error) {
	n, err := parseBytes(s)
	if err != nil {
		return 0, fmt.Errorf("%q is no size such as 64MiB or 256MB", s)
	}
	if n < minRing {
		return 0, fmt.Errorf("%q is less than %s", s, humanize.IBytes(minRing))
	}
	return n, nil
}

// parseMemory reads 256MiB or 2GB or a number of bytes; without any, it is what
// the surroundings say.
func parseMemory(s string) (int64, error) {
	if s == "" {
		return membudget.ForDaemon(), nil
	}
	n, err := parseBytes(s)
	if err != nil {
		return 0, fmt.Errorf("%q is no size such as 256MiB or 2GB", s)
	}
	if n < membudget.Min {
		return 0, fmt.Errorf("%q is less than %s", s, humanize.IBytes(membudget.Min))
	}
	return n, nil
}

// parseBytes reads a number of bytes, with a unit or without.
func parseBytes(s string) (int64, error) {
	n, err := humanize.ParseBytes(s)
	if err == nil && n > 1<<62 {
		err = strconv.ErrRange
	}
	return int64(n), err
}

// diskLimit is a size on disk: bytes, or a share of the file system.
type diskLimit struct {
	bytes   int64
	percent float64 // zero where bytes is set
}

// parseDiskLimit reads 80% or 10GB or 10GiB or a number of bytes. "0" is none.
func parseDiskLimit(s string) (diskLimit, error) {
	if number, ok := strings.CutSuffix(s, "%"); ok {
		p, err := strconv.ParseFloat(number, 64)
		if err != nil || !(p > 0 && p <= 100) {
			return diskLimit{}, fmt.Errorf("%q is no percentage above 0 and up to 100", s)
		}
		return diskLimit{percent: p}, nil
	}
	n, err := parseBytes(s)
	if err != nil {
		return diskLimit{}, fmt.Errorf("%q is no size such as 500MB, 10GiB or 80%%", s)
	}
	return diskLimit{bytes: n}, nil
}
