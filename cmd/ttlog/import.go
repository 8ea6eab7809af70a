package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/ttlog/ttlog/exporter/otlp"
	"github.com/ttlog/ttlog/internal/datadir"
	"github.com/ttlog/ttlog/internal/otlpfile"
	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/storage"
)

func importCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "import FILE...",
		Short: "Store files of OTLP",
		Long: "Store files of OTLP: protobuf as the Collector's file exporter writes it, or OTLP JSON lines, either\n" +
			"compressed with zstd or gzip. - is standard input. Without --server the files go straight into the data\n" +
			"directory, which no other process may be writing to; a server that does not take them is tried for a minute.",
		Args: args(1, math.MaxInt, "one file or more"),
		RunE: func(cmd *cobra.Command, files []string) error {
			v, logger, err := settings(cmd)
			if err != nil {
				return err
			}
			server, data, err := onlyOne(cmd, v.GetString("server"), v.GetString("data"))
			if err != nil {
				return err
			}
			var signal otlpwire.Signal
			if word := v.GetString("signal"); word != "" {
				if signal, err = otlpfile.ParseSignal(word); err != nil {
					return usageError{fmt.Errorf("--signal: %w", err)}
				}
			}
			if err := checkFiles(files, signal); err != nil {
				return err
			}
			sink, err := openSink(server, data, logger)
			if err != nil {
				return err
			}
			return importAll(cmd.Context(), sink, files, signal, cmd.OutOrStdout())
		},
	}
	f := cmd.Flags()
	f.String("data", "./ttlog-data", "data directory")
	f.String("server", "", "send to the OTLP/HTTP endpoint of a server, such as http://127.0.0.1:4318, instead of writing to a directory")
	f.String("signal", "", "traces, logs or metrics, where the file name does not tell")
	return cmd
}

// checkFiles finds what is wrong with the names of the files before a data
// directory is made or a file is stored.
func checkFiles(files []string, signal otlpwire.Signal) error {
	for _, name := range files {
		if signal == 0 && otlpfile.SignalOfName(name) == 0 {
			return usageError{fmt.Errorf("%s: %w with --signal", name, otlpfile.ErrSignal)}
		}
		if name == "-" {
			continue
		}
		if _, err := os.Stat(name); err != nil {
			return err
		}
	}
	return nil
}

// openFile opens a file, or standard input, whose end nobody may be there to
// send: reading it ends with ctx.
func openFile(ctx context.Context, name string, signal otlpwire.Signal) (*otlpfile.Reader, error) {
	if name != "-" {
		return otlpfile.Open(name, signal)
	}
	r, w := io.Pipe()
	go func() {
		_, err := io.Copy(w, os.Stdin)
		_ = w.CloseWithError(err)
	}()
	context.AfterFunc(ctx, func() { _ = w.CloseWithError(context.Cause(ctx)) })
	return otlpfile.New("standard input", r, signal)
}

// sink takes whole requests. finish makes what it took durable.
type sink interface {
	take(ctx context.Context, signal otlpwire.Signal, request []byte) error
	finish(ctx context.Context) error
}

func openSink(server, data string, logger *slog.Logger) (sink, error) {
	if server != "" {
		client, err := otlp.New(otlp.Options{Target: otlp.Target{Endpoint: server}})
		if err != nil {
			return nil, usageError{fmt.Errorf("--server: %w", err)}
		}
		return serverSink{client, logger}, nil
	}
	if err := datadir.Make(data); err != nil {
		return nil, aboutData(err)
	}
	s, err := storage.Open(data, storage.Options{Logger: logger})
	if err != nil {
		return nil, aboutData(err)
	}
	return storeSink{s}, nil
}

type storeSink struct{ store *storage.Store }

func (s storeSink) take(ctx context.Context, signal otlpwire.Signal, request []byte) error {
	_, err := s.store.Append(ctx, signal, request, 0)
	return err
}

func (s storeSink) finish(ctx context.Context) error {
	return errors.Join(s.store.Flush(ctx), s.store.Close())
}

type serverSink struct {
	client *otlp.Client
	logger *slog.Logger
}

// patience is how long a server may leave a request unanswered before that is
// said: it is tried for longer, and whoever waits wants to know for what.
const patience = 2 * time.Second

func (s serverSink) take(ctx context.Context, signal otlpwire.Signal, request []byte) error {
	waiting := time.AfterFunc(patience, func() {
		s.logger.Warn("the server has not taken the request yet; it is tried for a minute", "error", s.client.Stats().LastError)
	})
	defer waiting.Stop()
	return s.client.Forward(ctx, signal, request)
}

func (s serverSink) finish(context.Context) error { return s.client.Close() }

// importAll puts every message of the files into the sink and prints a line a
// file, and one when everything is durable. What was taken before an error
// stays.
func importAll(ctx context.Context, s sink, files []string, signal otlpwire.Signal, out io.Writer) error {
	start := time.Now()
	err := takeAll(ctx, s, files, signal, out)
	if err := errors.Join(err, s.finish(context.WithoutCancel(ctx))); err != nil {
		return err
	}
	fmt.Fprintf(out, "stored in %s\n", time.Since(start).Round(time.Millisecond))
	return nil
}

func takeAll(ctx context.Context, s sink, files []string, signal otlpwire.Signal, out io.Writer) error {
	for _, name := range files {
		n, bytes, refused, err := importFile(ctx, s, name, signal)
		if errors.Is(err, context.Canceled) {
			err = context.Cause(ctx) // wherever that was noticed, it says which signal came
		}
		if err != nil {
			return fmt.Errorf("%w (%d records before it were stored)", err, n)
		}
		if bytes == 0 {
			fmt.Fprintf(out, "%s: 0 records: it is empty\n", name)
			continue
		}
		fmt.Fprintf(out, "%s: %d records, %d bytes of OTLP\n", name, n, bytes)
		if refused.Total() > 0 {
			fmt.Fprintf(out, "%s: %d records cannot be kept: %s\n", name, refused.Total(), &refused)
		}
	}
	return nil
}

// importFile takes the requests of a file through the door that those from the
// network come through: what cannot be kept is told by the record.
func importFile(ctx context.Context, s sink, name string, signal otlpwire.Signal) (records int, bytes int64, refused otlpwire.Refused, err error) {
	r, err := openFile(ctx, name, signal)
	if err != nil {
		return 0, 0, refused, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	for {
		if err := ctx.Err(); err != nil {
			return records, r.Offset(), refused, err
		}
		request, err := r.Next()
		if errors.Is(err, io.EOF) {
			return records, r.Offset(), refused, nil
		}
		if err != nil {
			return records, r.Offset(), refused, err
		}
		a, err := otlpwire.Admit(r.Signal(), request, otlpwire.Limits{Received: time.Now()}, nil)
		if err == nil && a.Records > 0 {
			err = s.take(ctx, r.Signal(), a.Request)
		}
		if errors.Is(err, otlpwire.ErrMalformed) {
			err = cmp.Or(otlpfile.OtherSignal(r.Signal(), request), err)
		}
		if err != nil {
			return records, r.Offset(), refused, fmt.Errorf("%s: message ending at byte %d: %w", name, r.Offset(), err)
		}
		records += a.Records
		refused.Add(&a.Refused)
	}
}
