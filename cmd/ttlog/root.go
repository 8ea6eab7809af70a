package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/ttlog/ttlog/internal/spelling"
)

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "ttlog",
		Short: "Telemetry on one machine: receive, store and query OpenTelemetry data",
		Long: "ttlog receives OpenTelemetry data, keeps it in a compact columnar store, and answers SQL.\n" +
			"Every flag is also an environment variable (--otlp-grpc is TTLOG_OTLP_GRPC) and a key of the\n" +
			"YAML file that --config names. A flag wins over the environment, which wins over the file.\n" +
			"Exit codes: 0 done, 1 failed, 64 wrong usage.",
		Version:       version(),
		SilenceErrors: true,
		SilenceUsage:  true,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usageError{fmt.Errorf("unknown command %q%s", args[0], didYouMean(args[0], "", commandNames(cmd)))}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetVersionTemplate("ttlog {{.Version}}\n")
	root.SetFlagErrorFunc(flagError)
	f := root.PersistentFlags()
	f.String("config", "", "YAML file with a key for each flag")
	f.String("log-level", "info", "what to log on standard error: debug, info, warn or error, and what is worse")
	f.String("log-format", "text", "form of the log: text or json")
	root.AddCommand(serveCommand(), queryCommand(), importCommand(), deleteCommand(), backupCommand(), restoreCommand(), checkCommand(), spillCommand(), healthCommand(), versionCommand())
	root.CompletionOptions.HiddenDefaultCmd = true
	f.VisitAll(sayOnce)
	for _, cmd := range commandsBelow(root) {
		cmd.Flags().VisitAll(sayOnce)
	}
	return root
}

// commandsBelow returns the commands of a command, and theirs.
func commandsBelow(cmd *cobra.Command) (all []*cobra.Command) {
	for _, c := range cmd.Commands() {
		all = append(append(all, c), commandsBelow(c)...)
	}
	return all
}

func commandNames(root *cobra.Command) (names []string) {
	for _, c := range root.Commands() {
		names = append(names, c.Name())
	}
	return names
}

// flagNames returns the flags of a command, or of all where it is the root.
func flagNames(cmd *cobra.Command) (names []string) {
	add := func(f *pflag.Flag) { names = append(names, f.Name) }
	cmd.Flags().VisitAll(add)
	cmd.InheritedFlags().VisitAll(add)
	for _, c := range commandsBelow(cmd) {
		c.Flags().VisitAll(add)
	}
	return names
}

// didYouMean is the end of an error about a name that is none of the known.
func didYouMean(name, prefix string, known []string) string {
	if near := spelling.Nearest(name, known); near != "" {
		return "; did you mean " + prefix + near + "?"
	}
	return ""
}

// flagError says of a flag that is not understood what was meant.
func flagError(cmd *cobra.Command, err error) error {
	if unknown, ok := errors.AsType[*pflag.NotExistError](err); ok && len(unknown.GetSpecifiedName()) > 1 {
		name := unknown.GetSpecifiedName()
		return usageError{fmt.Errorf("unknown flag: --%s%s", name, didYouMean(name, "--", flagNames(cmd)))}
	}
	if invalid, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		return usageError{fmt.Errorf("--%s: %w", invalid.GetFlag().Name, invalid.Unwrap())}
	}
	return usageError{err}
}

// once is the value of a flag that has one. Said a second time it has to be the
// same: which of the two was meant is not ours to guess.
type once struct {
	pflag.Value
	said bool
}

// Set takes the value from the command line.
func (o *once) Set(value string) error {
	before := o.String()
	if err := o.Value.Set(value); err != nil {
		return fmt.Errorf("%q is no whole number", value) // texts are all taken
	}
	if o.said && o.String() != before {
		return fmt.Errorf("said twice, as %q and as %q", before, o.String())
	}
	o.said = true
	return nil
}

// sayOnce makes a flag complain about a second value, unless it has several.
func sayOnce(f *pflag.Flag) {
	if _, several := f.Value.(pflag.SliceValue); !several {
		f.Value = &once{Value: f.Value}
	}
}

// args checks the number of the positional arguments. A wrong one is an error
// of usage, which says what the command takes.
func args(least, most int, takes string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < least:
			return usageError{fmt.Errorf("%s takes %s", cmd.Name(), takes)}
		case len(args) > most:
			return usageError{fmt.Errorf("%s takes %s, got %s", cmd.Name(), takes, strings.Join(args, " "))}
		}
		return nil
	}
}

// onlyOne refuses a command line that names both a server and a directory, and
// returns the one that counts. What the command line names wins over what the
// environment or the configuration file does.
func onlyOne(cmd *cobra.Command, server, data string) (string, string, error) {
	s, d := cmd.Flags().Changed("server") && server != "", cmd.Flags().Changed("data") && data != ""
	switch {
	case s && d:
		return "", "", usageError{errors.New("--server and --data exclude each other")}
	case s:
		return server, "", nil
	case d:
		return "", data, nil
	}
	return server, data, nil
}
