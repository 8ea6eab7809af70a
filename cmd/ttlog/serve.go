package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/viper"

	"github.com/ttlog/ttlog/exporter/otlp"
	"github.com/ttlog/ttlog/internal/datadir"
	"github.com/ttlog/ttlog/internal/quantity"
	"github.com/ttlog/ttlog/internal/redact"
	"github.com/ttlog/ttlog/queryapi"
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
		Args:  args(0, 0, "no arguments (--data names the directory)"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, logger, err := serveConfig(cmd)
			if err != nil {
				return err
			}
			logEverything(logger)
			return logged(logger, "ttlog serve failed", serve(cmd, c, logger))
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
	f.StringSlice("allowed-hosts", nil, "name that the server answers to beside its own, such as ttlog.example.com or *.example.com; * allows any; repeatable")
	f.Bool("allow-delete", false, "answer POST /api/v1/delete: whoever may query may delete then (ttlog delete)")
	f.String("retention", "0", "remove telemetry older than this, such as 7d, counted from the end of its day (UTC); 0 keeps it for ever. Signals and services may have their own: 30d,logs=7d,spans/checkout=90d,*/noise=1d")
	f.String("max-disk", "80%", "remove what was received first beyond this size of the whole data directory: bytes, 10GiB, or a share of the file system that may be used, by whomever; 0 is no limit")
	f.String("min-free", "256MiB", "refuse new telemetry while less of the file system is free, so that what was taken can be stored: bytes, 1GiB, or a share; no more than 5% of it unless it is given; 0 is no reserve")
	f.String("spill-max", "1GiB", "what may be kept on disk for collectors that do not keep up, all of --forward together: bytes, 10GiB, or a share of the file system; no more than a quarter of --max-disk unless it is given; beyond it the oldest requests are dropped and counted")
	f.String("query-spill-max", "4GiB", "what queries that exceed their memory may put on disk, all together, beside what --max-disk is about: bytes or 10GiB; 0 lets them fail")
	f.String("ring-size", "64MiB", "size of the ring, which holds what is not in the store yet: bytes or 256MiB; no more than a quarter of --max-disk unless it is given; a data directory keeps the one it was made with")
	f.String("dedup-window", "10m", "how long a request is remembered, so that one that is sent again after a lost acknowledgement is stored once; 0 turns it off")
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
	guard              *queryapi.Guard
	retention          datadir.Retention
	allowDelete        bool
	maxDisk            quantity.Size
	maxDiskDefault     bool          // nobody asked for maxDisk
	minFree, spillMax  quantity.Size // zero where nobody asked for a size
	querySpillMax      int64
	ringBytes          int64 // 0 where nobody asked for a size
	memoryBytes        int64
	dedupWindow        time.Duration // below 0 for none
	syncBeforeAck      bool
}

func serveConfig(cmd *cobra.Command) (config, *slog.Logger, error) {
	v, logger, err := settings(cmd)
	if err != nil {
		return config{}, nil, err
	}
	c, err := configOf(cmd.Context(), v)
	if err != nil {
		return config{}, nil, usageError{err}
	}
	return c, logger, nil
}

func configOf(ctx context.Context, v *viper.Viper) (c config, err error) {
	c = config{
		data:     v.GetString("data"),
		otlpGRPC: v.GetString("otlp-grpc"),
		otlpHTTP: v.GetString("otlp-http"),

		allowDelete: v.GetBool("allow-delete"),
	}
	if c.data == "" {
		return c, errors.New("--data names no directory")
	}
	if c.corsOrigins, err = parseOrigins(split(v.GetStringSlice("cors-origin"))); err != nil {
		return c, fmt.Errorf("--cors-origin: %w", err)
	}
	if c.guard, err = guard(v, c); err != nil {
		return c, fmt.Errorf("--allowed-hosts: %w", err)
	}
	if c.forward, err = endpoints(v.GetStringSlice("forward")); err != nil {
		return c, fmt.Errorf("--forward: %w", err)
	}
	port, err := strconv.ParseUint(v.GetString("port"), 10, 16)
	if err != nil {
		return c, fmt.Errorf("--port %q is no port", v.GetString("port"))
	}
	c.addr = net.JoinHostPort(v.GetString("host"), strconv.FormatUint(port, 10))
	for flag, addr := range map[string]string{"otlp-grpc": c.otlpGRPC, "otlp-http": c.otlpHTTP} {
		if _, _, err := net.SplitHostPort(addr); addr != "" && err != nil {
			return c, fmt.Errorf("--%s %q is no address such as 127.0.0.1:4317", flag, addr)
		}
	}
	if c.retention, err = datadir.ParseRetention(v.GetString("retention")); err != nil {
		return c, fmt.Errorf("--retention: %w", err)
	}
	if c.dedupWindow, err = quantity.ParseAge(v.GetString("dedup-window")); err != nil {
		return c, fmt.Errorf("--dedup-window: %w", err)
	}
	if c.dedupWindow == 0 {
		c.dedupWindow = -1
	}
	if c.maxDisk, err = quantity.ParseSize(v.GetString("max-disk")); err != nil {
		return c, fmt.Errorf("--max-disk: %w", err)
	}
	c.maxDiskDefault = !v.IsSet("max-disk")
	for flag, size := range map[string]*quantity.Size{"min-free": &c.minFree, "spill-max": &c.spillMax} {
		if v.IsSet(flag) {
			if *size, err = quantity.ParseSize(v.GetString(flag)); err != nil {
				return c, fmt.Errorf("--%s: %w", flag, err)
			}
		}
	}
	if c.querySpillMax, err = quantity.ParseBytes(v.GetString("query-spill-max")); err != nil {
		return c, fmt.Errorf("--query-spill-max: %w", err)
	}
	if err := notToSelf(ctx, c); err != nil {
		return c, fmt.Errorf("--forward: %w", err)
	}
	if v.IsSet("ring-size") {
		if c.ringBytes, err = quantity.ParseAtLeast(v.GetString("ring-size"), datadir.MinRing); err != nil {
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

// guard lets in requests for the names that the server was told to listen on,
// and for those that are allowed.
func guard(v *viper.Viper, c config) (*queryapi.Guard, error) {
	hosts := split(v.GetStringSlice("allowed-hosts"))
	for _, addr := range []string{net.JoinHostPort(v.GetString("host"), "0"), c.otlpGRPC, c.otlpHTTP} {
		if host, _, err := net.SplitHostPort(addr); err == nil && host != "" {
			hosts = append(hosts, host)
		}
	}
	return queryapi.NewGuard(queryapi.GuardOptions{
		Hosts: hosts, HostFlag: "--allowed-hosts",
		Origins: c.corsOrigins, OriginFlag: "--cors-origin",
	})
}

// split takes lists with commas apart, as the environment has them.
func split(lists []string) (items []string) {
	for _, list := range lists {
		items = append(items, strings.Split(list, ",")...)
	}
	return items
}

// endpoints checks OTLP endpoints.
func endpoints(lists []string) ([]string, error) {
	var all []string
	for _, endpoint := range split(lists) {
		client, err := otlp.New(otlp.Options{Target: otlp.Target{Endpoint: endpoint}})
		if err != nil {
			return nil, err
		}
		if err := client.Close(); err != nil {
			return nil, err
		}
		if slices.Contains(all, endpoint) {
			return nil, fmt.Errorf("%s is named twice", redact.URL(endpoint))
		}
		all = append(all, endpoint)
	}
	return all, nil
}

// serve runs the daemon until the command's context ends, then drains it.
func serve(cmd *cobra.Command, c config, logger *slog.Logger) error {
	d, err := startDaemon(c, logger)
	if limit, ok := errors.AsType[*datadir.LimitError](err); ok {
		return usageError{limit}
	}
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(cmd.OutOrStdout(), d.ready()); err != nil {
		logger.Warn("cannot print the ready line", "error", err)
	}
	notifyReady(logger, d.ready())
	stopFeeding := inBackground(func(ctx context.Context) { feedWatchdog(ctx, logger, func() { d.dir.Status() }) })
	var failed error
	select {
	case <-cmd.Context().Done():
	case failed = <-d.failed:
	}
	stopFeeding()
	notifyStopping(logger)
	defer inBackground(func(ctx context.Context) { feedWatchdog(ctx, logger, func() {}) })()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(cmd.Context()), drainTimeout)
	defer cancel()
	if err := d.close(ctx); err != nil {
		return err
	}
	return failed
}

// inBackground runs f until stop is called, which waits for its end.
func inBackground(f func(context.Context)) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { f(ctx) })
	return func() {
		cancel()
		running.Wait()
	}
}
