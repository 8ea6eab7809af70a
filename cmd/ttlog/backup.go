package main

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/ttlog/ttlog/internal/datadir"
	"github.com/ttlog/ttlog/internal/quantity"
	"github.com/ttlog/ttlog/storage"
)

func backupCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "backup DEST",
		Short: "Back up a data directory, also while a server runs on it",
		Long: "Make DEST hold all that a data directory holds, also while a server runs on it. Parts are linked where DEST is on\n" +
			"the same file system, and copied otherwise; each new one is verified. A second backup to the same place takes\n" +
			"what is new and removes what is gone. DEST is a data directory itself: ttlog query --data DEST reads it.",
		Example: "  ttlog backup /backup/ttlog\n  ttlog backup --data /var/lib/ttlog /mnt/nas/ttlog",
		Args:    args(1, 1, "where the backup goes"),
		RunE: func(cmd *cobra.Command, args []string) error {
			v, _, err := settings(cmd)
			if err != nil {
				return err
			}
			began := time.Now()
			r, err := datadir.Backup(cmd.Context(), v.GetString("data"), args[0])
			if err != nil {
				return aboutData(err)
			}
			printBackup(cmd.OutOrStdout(), r, time.Since(began))
			return nil
		},
	}
	cmd.Flags().String("data", "./ttlog-data", "data directory")
	return cmd
}

func restoreCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "restore BACKUP",
		Short: "Make a new data directory of a backup",
		Long: "Make a new data directory of a backup, and verify all of it. The backup stays as it is. The directory of --data\n" +
			"has to be empty, or not to be there.",
		Example: "  ttlog restore /backup/ttlog\n  ttlog restore --data /var/lib/ttlog /mnt/nas/ttlog",
		Args:    args(1, 1, "where the backup is"),
		RunE: func(cmd *cobra.Command, args []string) error {
			v, _, err := settings(cmd)
			if err != nil {
				return err
			}
			began, data := time.Now(), v.GetString("data")
			r, err := datadir.Restore(cmd.Context(), args[0], data)
			if err != nil {
				return aboutData(err)
			}
			report, err := checkUntil(cmd.Context(), data)
			if err != nil {
				return err
			}
			for _, d := range report.Damage {
				fmt.Fprintln(cmd.OutOrStdout(), d)
			}
			if len(report.Damage) > 0 {
				return errors.New("the backup is damaged; what is whole of it is restored")
			}
			printBackup(cmd.OutOrStdout(), r, time.Since(began))
			return nil
		},
	}
	cmd.Flags().String("data", "./ttlog-data", "data directory that is made")
	return cmd
}

func printBackup(out io.Writer, r storage.BackupResult, took time.Duration) {
	fmt.Fprintf(out, "%d parts, %s: %d linked, %d copied, %d there already, %d removed; %s\n",
		r.Parts, quantity.FormatBytes(r.Bytes), r.Linked, r.Copied, r.Kept, r.Removed, took.Round(time.Millisecond))
}
