package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/spf13/viper"
)

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "ttlog",
		Short: "Telemetry on one machine: receive, store and query OpenTelemetry data",
		Long: "ttlog receives OpenTelemetry data, keeps it in a compact columnar store, and answers SQL.\n" +
			"Every flag is also an environment variable (--otlp-grpc is TTLOG_OTLP_GRPC) and a key of the\n" +
			"YAML file that --config names. A flag wins over the environment, which wins over the file.",
		Version:       version(),
		SilenceErrors: true,
		SilenceUsage:  true,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usageError{fmt.Errorf("unknown command %q", args[0])}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetVersionTemplate("ttlog {{.Version}}\n")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.PersistentFlags().String("config", "", "YAML file with a key for each flag")
	root.AddCommand(serveCommand(), queryCommand(), importCommand(), checkCommand(), versionCommand())
	root.CompletionOptions.HiddenDefaultCmd = true
	return root
}

// settings returns the values of cmd's flags, where those not given on the
// command line come from the environment, else from the configuration file,
// else from the flag's default.
func settings(cmd *cobra.Command) (*viper.Viper, error) {
	v := viper.New()
	v.SetEnvPrefix("TTLOG")
	v.SetEnvKeyReplacer(strings.NewReplacer("-", "_"))
	v.AutomaticEnv()
	if err := v.BindPFlags(cmd.Flags()); err != nil {
		return nil, err
	}
	path := v.GetString("config")
	if path == "" {
		return v, nil
	}
	v.SetConfigFile(path)
	v.SetConfigType("yaml")
	if err := v.ReadInConfig(); err != nil {
		return nil, usageError{fmt.Errorf("--config %s: %w", path, err)}
	}
	return v, knownKeys(cmd, v, path)
}

// knownKeys refuses a configuration file with a key that is no flag of any
// command: most likely it is misspelled.
func knownKeys(cmd *cobra.Command, v *viper.Viper, path string) error {
	known := make(map[string]bool)
	for _, c := range cmd.Root().Commands() {
		c.Flags().VisitAll(func(f *pflag.Flag) { known[f.Name] = true })
	}
	for _, key := range v.AllKeys() {
		if !known[key] && v.InConfig(key) {
			return usageError{fmt.Errorf("--config %s: unknown key %q", path, key)}
		}
	}
	return nil
}

// args checks the number of the positional arguments. A wrong one is an error
// of usage, which says what the command takes.
func args(least, most int, takes string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < least || len(args) > most {
			return usageError{fmt.Errorf("%s takes %s, got %d", cmd.Name(), takes, len(args))}
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
