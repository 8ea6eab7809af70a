package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/viper"

	"github.com/ttlog/ttlog/exporter/otlp"
)

// drainTimeout bounds how long a stopping daemon waits for what it accepted to
// become durable. What is left then stays in the ring, for the next start.
const drainTimeout = 30 * time.Second

// requestGrace and forwardGrace are the parts of drainTimeout that clients get
// for requests under way, and collectors for what they have not been sent yet.
const (
	requestGrace = 3 * time.Second
	forwardGrace = 3 * time.Second
)

func serveCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Receive OTLP, store it, and answer queries",
		Args:  args(0, 0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := serveConfig(cmd)
			if err != nil {
				return err
			}
			return serve(cmd, c)
		},
	}
	f := cmd.Flags()
	f.String("data", "./ttlog-data", "data directory")
	f.String("host", "127.0.0.1", "address to serve HTTP on")
	f.Int("port", 3000, "port of the HTTP API; 0 takes a free one")
	f.String("otlp-grpc", "127.0.0.1:4317", "address of OTLP over gRPC; empty turns it off")
	f.String("otlp-http", "127.0.0.1:4318", "address of OTLP over HTTP; empty turns it off")
	f.StringSlice("cors-origin", nil, "origin whose pages may call the HTTP ports from a browser, such as https://app.example.com, or * for all; repeatable")
	f.StringSlice("forward", nil, "OTLP endpoint that gets everything as well, such as http://collector:4318; repeatable")
	f.String("retention", "0", "remove telemetry older than this, such as 7d; 0 keeps it for ever")
	f.String("max-disk", "80%", "remove what was received first beyond this size: bytes, 10GiB, or a share of the file system; 0 is no limit")
	f.String("ring-size", "64MiB", "size of the ring, which holds what is not in the store yet: bytes or 256MiB; a data directory keeps the one it was made with")
	f.String("memory", "", "memory of the process, at least 32MiB: bytes or 2GiB; without it GOMEMLIMIT, three quarters of the control group's limit, or a quarter of the machine's")
	f.String("durability", "process", "what an acknowledgement survives: process (its death; power loss may cost a second) or disk (power loss too)")
	return cmd
}

// config is what serve was told.
type config struct {
	data               string
	addr               string
	otlpGRPC, otlpHTTP string
	corsOrigins        []string
	forward            []string
	retention          time.Duration
	maxDisk            diskLimit
	ringBytes          int64 // 0 where nobody asked for a size
	memoryBytes        int64
	syncBeforeAck      bool
}

func serveConfig(cmd *cobra.Command) (config, error) {
	v, err := settings(cmd)
	if err != nil {
		return config{}, err
	}
	c, err := configOf(v)
	if err != nil {
		return config{}, usageError{err}
	}
	return c, nil
}

func configOf(v *viper.Viper) (c config, err error) {
	c = config{
		data:     v.GetString("data"),
		otlpGRPC: v.GetString("otlp-grpc"),
		otlpHTTP: v.GetString("otlp-http"),
	}
	if c.forward, err = endpoints(v.GetStringSlice("forward")); err != nil {
		return c, fmt.Errorf("--forward: %w", err)
	}
	if c.corsOrigins, err = parseOrigins(v.GetStringSlice("cors-origin")); err != nil {
		return c, fmt.Errorf("--cors-origin: %w", err)
	}
	port, err := strconv.ParseUint(v.GetString("port"), 10, 16)
	if err != nil {
		return c, fmt.Errorf("--port %q is no port", v.GetString("port"))
	}
	c.addr = net.JoinHostPort(v.GetString("host"), strconv.FormatUint(port, 10))
	if c.retention, err = parseAge(v.GetString("retention")); err != nil {
		return c, fmt.Errorf("--retention: %w", err)
	}
	if c.maxDisk, err = parseDiskLimit(v.GetString("max-disk")); err != nil {
		return c, fmt.Errorf("--max-disk: %w", err)
	}
	if v.IsSet("ring-size") {
		if c.ringBytes, err = parseRingSize(v.GetString("ring-size")); err != nil {
			return c, fmt.Errorf("--ring-size: %w", err)
		}
	}
	if c.memoryBytes, err = parseMemory(v.GetString("memory")); err != nil {
		return c, fmt.Errorf("--memory: %w", err)
	}
	switch d := v.GetString("durability"); d {
	case "process":
	case "disk":
		c.syncBeforeAck = true
	default:
		return c, fmt.Errorf("--durability %q is neither process nor disk", d)
	}
	return c, nil
}

// endpoints checks OTLP endpoints. Lists with commas, as the environment has
// them, are taken apart.
func endpoints(lists []string) ([]string, error) {
	var all []string
	for _, list := range lists {
		for endpoint := range strings.SplitSeq(list, ",") {
			client, err := otlp.New(otlp.Options{Target: otlp.Target{Endpoint: endpoint}})
			if err != nil {
				return nil, err
			}
			if err := client.Close(); err != nil {
				return nil, err
			}
			if slices.Contains(all, endpoint) {
				return nil, fmt.Errorf("%s is named twice", endpoint)
			}
			all = append(all, endpoint)
		}
	}
	return all, nil
}

// serve runs the daemon until the command's context ends, then drains it.
func serve(cmd *cobra.Command, c config) error {
	logger := slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), nil))
	d, err := startDaemon(c, logger)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(cmd.OutOrStdout(), d.ready()); err != nil {
		logger.Warn("cannot print the ready line", "error", err)
	}
	var failed error
	select {
	case <-cmd.Context().Done():
	case failed = <-d.failed:
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(cmd.Context()), drainTimeout)
	defer cancel()
	if err := d.close(ctx); err != nil {
		return err
	}
	return failed
}
