// Command bench measures ttlog beside its peers, prints the table, and writes
// bench/results.json and docs/benchmarks.md. With the beginning of an id
// ("adopt") it measures what begins so, and only prints; with -merge it writes
// that among the results of earlier runs.
//
// -data names a directory in which the data of query.* stays for the next run,
// -scale measures with ten times the spans as well, and -profiles names a directory
// for a profile of each query.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"

	"github.com/ttlog/ttlog/bench"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run() error {
	if served, err := bench.Discarding(); served || err != nil {
		return err
	}
	if served, err := bench.Serving(); served || err != nil {
		return err
	}
	if served, err := bench.Receiving(); served || err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var o bench.Options
	flag.StringVar(&o.Data, "data", "", "the `directory` in which the data of query.* stays for the next run")
	flag.BoolVar(&o.Answers, "answers", false, "compare the answers to queries and measure nothing")
	flag.BoolVar(&o.Scale, "scale", false, "measure query.scale.* too, with ten times the spans")
	flag.StringVar(&o.Profiles, "profiles", "", "a `directory` for profiles of ttlog's side of each query")
	merge := flag.Bool("merge", false, "write what was measured among the results of earlier runs")
	flag.Parse()
	o.Only = strings.Join(flag.Args(), "")
	// Answers that differ are an error, and there are figures none the less.
	figures, err := bench.Run(ctx, os.Stderr, o)
	if o.Answers {
		return err
	}
	if *merge {
		earlier, e := bench.ReadResults("results.json")
		if e != nil {
			return errors.Join(err, e)
		}
		figures = bench.Merge(earlier, figures)
	} else if o.Only != "" {
		return errors.Join(bench.WriteTable(os.Stdout, figures), err)
	}
	if len(figures) == 0 {
		return err
	}
	// The command runs in bench/, the module's root.
	return errors.Join(
		err,
		bench.WriteTable(os.Stdout, figures),
		bench.WriteResults("results.json", figures),
		writeDoc(filepath.Join("..", "docs", "benchmarks.md"), figures),
	)
}

// writeDoc writes the page that shows the figures to a reader.
func writeDoc(path string, figures []bench.Figure) error {
	var table strings.Builder
	if err := bench.WriteTable(&table, figures); err != nil {
		return err
	}
	page := fmt.Sprintf(`# Benchmarks

This page is written by %[1]s, which measures ttlog and its peers in one run, in turn, %[2]d times each, and reports medians.
What matters is the ratio: it holds when the machine is slower or busier. A ratio below 1 is less time or fewer bytes
than the peer.

Machine: %[3]s.

%[4]s
| id | what is measured |
| --- | --- |
%[5]s`, "`make bench`", bench.Rounds, bench.Machine(), table.String(), descriptions())
	return os.WriteFile(path, []byte(page), 0o644)
}

func descriptions() string {
	var out strings.Builder
	for _, d := range bench.Descriptions() {
		fmt.Fprintf(&out, "| %s | %s |\n", d.ID, d.Text)
	}
	return out.String()
}
