// Command writes shows what `ttlog serve` writes to disk at a steady load: see
// docs/rfcs/007-write-amplification.md.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"

	"github.com/ttlog/ttlog/bench"
)

func main() {
	var o bench.WritesOptions
	flag.StringVar(&o.Binary, "ttlog", "", "the `program` to measure; by default the one of this repository is built")
	flag.StringVar(&o.Dir, "dir", "", "the `directory` in which to make the data directory")
	flag.StringVar(&o.Device, "device", "", "the block `device`, such as vda, whose writes to show as well")
	flag.IntVar(&o.Rate, "rate", 1000, "spans per second")
	flag.DurationVar(&o.For, "for", 2*time.Minute, "how long to send")
	flag.BoolVar(&o.Gzip, "gzip", false, "compress the requests")
	merges := flag.Bool("merges", false, "store what comes in that time as fast as can be, to see what merges cost in the long run")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	measure := bench.Writes
	if *merges {
		measure = bench.Merges
	}
	r, err := measure(ctx, o)
	if err != nil {
		fmt.Fprintln(os.Stderr, "writes:", err)
		os.Exit(1)
	}
	fmt.Printf("%.0f spans in %.0f s, gzip %t; bytes a span:\n", r.Spans, r.Seconds, o.Gzip)
	for _, row := range []struct {
		name  string
		bytes float64
	}{
		{"received", r.Received},
		{"written", r.Process},
		{"  parts, by flushes", r.Flushed},
		{"  parts, by merges", r.Merged},
		{"  ring, manifests", r.Process - r.Flushed - r.Merged},
		{"on the device", r.Device},
		{"kept", r.Kept},
	} {
		fmt.Printf("%-20s %8.1f\n", row.name, row.bytes/r.Spans)
	}
	fmt.Printf("%.1f bytes written for each kept, %.1f us of processor time a span\n", r.Amplification(), r.CPU/r.Spans*1e6)
}
