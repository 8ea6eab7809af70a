package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/ttlog/ttlog/internal/datadir"
)

func checkCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "check DIR",
		Short: "Verify every checksum and reference of a data directory",
		Long:  "Verify every checksum and reference of a data directory. It reads only, and may run beside a writer.",
		Args:  args(1, 1, "one directory"),
		RunE: func(cmd *cobra.Command, args []string) error {
			report, err := checkUntil(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			for _, d := range report.Damage {
				fmt.Fprintln(out, d)
			}
			fmt.Fprintf(out, "%d parts, %d rows, %d bytes checked; %d damaged\n",
				report.Parts, report.Rows, report.Bytes, len(report.Damage))
			if report.RingRecords > 0 || report.SpillRequests > 0 {
				fmt.Fprintf(out, "%d records whole in the ring, %d requests for collectors on disk\n", report.RingRecords, report.SpillRequests)
			}
			if len(report.Damage) > 0 {
				return errors.New("the data directory is damaged")
			}
			return nil
		},
	}
}

// checkUntil checks dir and gives up when ctx ends: reading a large store takes
// its time, and leaves nothing to be tidied up.
func checkUntil(ctx context.Context, dir string) (report datadir.Report, err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		report, err = datadir.Check(dir)
	}()
	select {
	case <-done:
		return report, err
	case <-ctx.Done():
		return datadir.Report{}, context.Cause(ctx)
	}
}
