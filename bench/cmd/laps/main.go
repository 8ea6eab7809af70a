// Command laps writes the captured HotROD spans several times, each time with
// other ids and later, for `ttlog import --signal traces -`.
package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"

	"github.com/ttlog/ttlog/bench"
)

func main() {
	n := flag.Int("n", 10, "how often")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	w := bufio.NewWriterSize(os.Stdout, 1<<20)
	err := bench.WriteLaps(ctx, w, *n)
	if err == nil {
		err = w.Flush()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "laps:", err)
		os.Exit(1)
	}
}
