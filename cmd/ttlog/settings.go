package main

import (
	"fmt"
	"log/slog"
	"os"
	"regexp"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/spf13/viper"

	"github.com/ttlog/ttlog/internal/spelling"
)

// envPrefix is that of the environment variables that stand for flags.
const envPrefix = "TTLOG_"

func envName(flag string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// settings returns the values of cmd's flags, where those not given on the
// command line come from the environment, else from the configuration file,
// else from the flag's default; and the logger that they ask for.
func settings(cmd *cobra.Command) (*viper.Viper, *slog.Logger, error) {
	v := viper.New()
	if err := v.BindPFlags(cmd.Flags()); err != nil {
		return nil, nil, err
	}
	for _, name := range flagNames(cmd) {
		if value := os.Getenv(envName(name)); fromKubernetes.MatchString(envName(name) + "=" + value) {
			continue
		}
		if err := v.BindEnv(name, envName(name)); err != nil {
			return nil, nil, err
		}
	}
	if path := v.GetString("config"); path != "" {
		v.SetConfigFile(path)
		v.SetConfigType("yaml")
		if err := v.ReadInConfig(); err != nil {
			return nil, nil, usageError{fmt.Errorf("--config %s: %w", path, err)}
		}
		if err := checkKeys(cmd.Root(), v, path); err != nil {
			return nil, nil, usageError{fmt.Errorf("--config %s: %w", path, err)}
		}
	}
	logger, err := newLogger(v.GetString("log-format"), v.GetString("log-level"), cmd.ErrOrStderr())
	if err != nil {
		return nil, nil, usageError{err}
	}
	warnOfVariables(logger, flagNames(cmd.Root()))
	return v, logger, nil
}

// checkKeys refuses a configuration file with a key that is no flag of any
// command: most likely it is misspelled. Nor does a flag that has one value
// take a list.
func checkKeys(root *cobra.Command, v *viper.Viper, path string) error {
	flags := make(map[string]*pflag.Flag)
	for _, c := range append(commandsBelow(root), root) {
		add := func(f *pflag.Flag) { flags[f.Name] = f }
		c.Flags().VisitAll(add)
		c.PersistentFlags().VisitAll(add)
	}
	file := viper.New()
	file.SetConfigFile(path)
	file.SetConfigType("yaml")
	if err := file.ReadInConfig(); err != nil {
		return err
	}
	for key, value := range file.AllSettings() {
		f := flags[key]
		if f == nil {
			return fmt.Errorf("unknown key %q%s", key, didYouMean(key, "", flagNames(root)))
		}
		switch value.(type) {
		case map[string]any:
			return fmt.Errorf("the key %q has keys of its own, it takes a value", key)
		case []any:
			if _, several := f.Value.(pflag.SliceValue); !several {
				return fmt.Errorf("the key %q has a list, it takes one value", key)
			}
		}
	}
	return nil
}

// fromKubernetes are the variables that a pod gets beside a service called
// ttlog. The first of them has the name of a flag.
var fromKubernetes = regexp.MustCompile(`^TTLOG_(PORT=(tcp|udp|sctp)://|PORT_[0-9]+_|SERVICE_(HOST|PORT))`)

// warnOfVariables tells of variables that stand for no flag of any command. It
// is no error: who sets them may mean another version.
func warnOfVariables(logger *slog.Logger, flags []string) {
	known := make([]string, len(flags))
	isKnown := make(map[string]bool)
	for i, name := range flags {
		known[i] = envName(name)
		isKnown[known[i]] = true
	}
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		if !strings.HasPrefix(name, envPrefix) || isKnown[name] || fromKubernetes.MatchString(variable) {
			continue
		}
		more := []any{"name", name}
		if near := spelling.Nearest(name, known); near != "" {
			more = append(more, "did_you_mean", near)
		}
		logger.Warn("an environment variable stands for no flag and is ignored", more...)
	}
}
