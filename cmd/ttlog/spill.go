package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/ttlog/ttlog/cmd/ttlog/internal/render"
	"github.com/ttlog/ttlog/internal/datadir"
	"github.com/ttlog/ttlog/internal/pipeline"
	"github.com/ttlog/ttlog/internal/quantity"
)

// spillCommand is about the queues that a directory keeps for collectors.
func spillCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "spill",
		Short: "List or drop what is kept on disk for collectors",
		Long: "List or drop what a data directory keeps on disk for collectors that do not keep up, or that are not forwarded\n" +
			"to any more. Both may run beside a server.",
		Args: args(0, 0, "list or drop"),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	list := &cobra.Command{
		Use: "list", Short: "List what is kept for collectors",
		Args: args(0, 0, "no arguments (--data names the directory)"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			v, _, err := settings(cmd)
			if err != nil {
				return err
			}
			return listSpills(cmd, v.GetString("data"))
		},
	}
	drop := &cobra.Command{
		Use: "drop [NAME...]", Short: "Give up what is kept for collectors, by the names that list shows",
		Long: "Give up what is kept for collectors, by the names that list shows. A collector that a running server forwards to\n" +
			"has to be taken from its --forward first.",
		RunE: func(cmd *cobra.Command, names []string) error {
			v, _, err := settings(cmd)
			if err != nil {
				return err
			}
			return dropSpills(cmd, v.GetString("data"), names, v.GetBool("unused"))
		},
	}
	drop.Flags().Bool("unused", false, "all that no forwarder sends from")
	for _, c := range []*cobra.Command{list, drop} {
		c.Flags().String("data", "./ttlog-data", "data directory")
		cmd.AddCommand(c)
	}
	return cmd
}

func listSpills(cmd *cobra.Command, data string) error {
	queues, err := datadir.Spills(data)
	if err != nil {
		return aboutData(err)
	}
	w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NAME\tCOLLECTOR\tSIZE\tSINCE\tUSE")
	for _, q := range queues {
		since, use := "-", "unused"
		if !q.Since.IsZero() {
			since = q.Since.UTC().Format(time.DateTime)
		}
		if q.Served {
			use = "forwarded"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", q.Name, render.Printable(cmp.Or(q.Title, "-")), quantity.FormatBytes(q.Bytes), since, use)
	}
	return w.Flush()
}

func dropSpills(cmd *cobra.Command, data string, names []string, unused bool) error {
	if (len(names) == 0) != unused {
		return usageError{errors.New("drop takes names, or --unused")}
	}
	queues, err := datadir.Spills(data)
	if err != nil {
		return aboutData(err)
	}
	for _, name := range names {
		if !slices.ContainsFunc(queues, func(q pipeline.SpillQueue) bool { return q.Name == name }) {
			return fmt.Errorf("nothing is kept under the name %q; ttlog spill list shows the names", name)
		}
	}
	for _, q := range queues {
		if unused && q.Served || !unused && !slices.Contains(names, q.Name) {
			continue
		}
		if err := datadir.DropSpill(data, q); err != nil {
			return aboutData(err)
		}
		fmt.Fprintf(cmd.OutOrStdout(), "dropped %s (%s, %s)\n", q.Name, render.Printable(cmp.Or(q.Title, "-")), quantity.FormatBytes(q.Bytes))
	}
	return nil
}
