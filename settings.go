package ttlog

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ttlog/ttlog/exporter/otlp"
	"github.com/ttlog/ttlog/internal/datadir"
	"github.com/ttlog/ttlog/internal/membudget"
	"github.com/ttlog/ttlog/internal/quantity"
	"github.com/ttlog/ttlog/internal/redact"
)

// fromEnvironment takes what the TTLOG_ variables say, which are those of the
// daemon's flags of the same names. Options come after it, and win. A value that
// cannot be read is left out, and kept for a warning.
func (c config) fromEnvironment() config {
	read := func(name string, parse func(string) error) {
		v := setting(name)
		if v == "" {
			return
		}
		if err := parse(v); err != nil {
			c.envErrors = append(c.envErrors, fmt.Errorf("%s: %w", name, err))
		}
	}
	read("TTLOG_DATA", func(v string) error { c.dir = v; return nil })
	read("TTLOG_RETENTION", into(&c.retention, datadir.ParseRetention))
	read("TTLOG_RING_SIZE", into(&c.ringBytes, atLeast(datadir.MinRing)))
	read("TTLOG_MEMORY", into(&c.memoryBytes, atLeast(membudget.Min)))
	read("TTLOG_MAX_DISK", into(&c.maxDisk, quantity.ParseSize))
	read("TTLOG_MIN_FREE", into(&c.minFree, quantity.ParseSize))
	read("TTLOG_SPILL_MAX", into(&c.spillMax, quantity.ParseSize))
	read("TTLOG_QUERY_SPILL_MAX", into(&c.querySpillMax, quantity.ParseBytes))
	read("TTLOG_FORWARD", into(&c.envForward, parseEndpoints))
	c.maxDiskSetting = "TTLOG_MAX_DISK"
	if c.maxDisk.Unsaid() {
		c.maxDiskSetting = "ttlog.WithMaxDisk or TTLOG_MAX_DISK"
	}
	return c
}

// into returns a function that parses a text and keeps what it is.
func into[T any](to *T, parse func(string) (T, error)) func(string) error {
	return func(s string) error {
		v, err := parse(s)
		if err == nil {
			*to = v
		}
		return err
	}
}

func atLeast(least int64) func(string) (int64, error) {
	return func(s string) (int64, error) { return quantity.ParseAtLeast(s, least) }
}

// parseEndpoints reads a list of OTLP endpoints. One that is none spoils it: to
// forward to some of the collectors would look as if it were all.
func parseEndpoints(list string) (endpoints []string, err error) {
	for endpoint := range strings.SplitSeq(list, ",") {
		endpoint = strings.TrimSpace(endpoint)
		if endpoint == "" || slices.Contains(endpoints, endpoint) {
			continue
		}
		client, err := otlp.New(otlp.Options{Target: otlp.Target{Endpoint: endpoint}})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", redact.URL(endpoint), err)
		}
		if err := client.Close(); err != nil {
			return nil, err
		}
		endpoints = append(endpoints, endpoint)
	}
	return endpoints, nil
}

// defaultMaxDisk and defaultRing are what an application's telemetry may take of
// the disk where nobody said: ttlog is a guest there. At 2,500 spans a second, some
// 0.6 MB, less than a third of such a ring is in use, and a disk that takes
// nothing for 20 seconds costs nothing. A smaller one does not write less.
const (
	defaultMaxDisk = 1 << 30
	defaultRing    = 16 << 20
)

// disk returns how the data directory is opened.
func (c config) disk() datadir.Options {
	o := datadir.Options{
		RingBytes: c.ringBytes, DefaultRingBytes: defaultRing,
		MaxDisk: c.maxDisk, MaxDiskSetting: c.maxDiskSetting,
		Reserve: c.minFree, SpillMax: c.spillMax,
	}
	if o.MaxDisk.Unsaid() {
		o.MaxDisk, o.MaxDiskDefault = quantity.OfBytes(defaultMaxDisk), true
	}
	return o
}
