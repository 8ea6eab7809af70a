package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ttlog/ttlog/cmd/ttlog/internal/render"
	"github.com/ttlog/ttlog/internal/datadir"
	"github.com/ttlog/ttlog/internal/redact"
	"github.com/ttlog/ttlog/query"
	"github.com/ttlog/ttlog/queryapi"
	"github.com/ttlog/ttlog/queryapi/arrow"
)

// accepts is the Accept header of each --format.
var accepts = map[string]string{
	"table":  "application/json",
	"json":   "application/json",
	"ndjson": "application/x-ndjson",
	"csv":    "text/csv",
	"arrow":  "application/vnd.apache.arrow.stream",
}

func queryCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   `query "SQL"`,
		Short: "Run SQL against a server or a data directory",
		Long: "Run SQL against a server, or with --data against a directory, which is opened for reading only and may be\n" +
			"in use by a writer. --format json prints the document of POST /api/v1/query.",
		Args: args(1, 1, "the SQL as one argument in quotes"),
		RunE: func(cmd *cobra.Command, args []string) error {
			v, _, err := settings(cmd)
			if err != nil {
				return err
			}
			format := v.GetString("format")
			if accepts[format] == "" {
				return usageError{fmt.Errorf("--format %q is not one of table, json, ndjson, csv and arrow", format)}
			}
			if zone := v.GetString("tz"); zone != "" {
				if _, err := query.LoadZone(zone); err != nil {
					return usageError{fmt.Errorf("--tz: %w", err)}
				}
			}
			server, data, err := onlyOne(cmd, v.GetString("server"), v.GetString("data"))
			if err != nil {
				return err
			}
			client, base, closeClient, err := queryClient(server, data, cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			ask := question{sql: args[0], format: format, zone: v.GetString("tz")}
			return errors.Join(runQuery(cmd.Context(), client, base, ask, cmd.OutOrStdout(), cmd.ErrOrStderr()), closeClient())
		},
	}
	f := cmd.Flags()
	f.String("server", "http://127.0.0.1:3000", "server to ask")
	f.String("data", "", "data directory to read instead of asking a server")
	f.String("format", "table", "table, json, ndjson, csv or arrow")
	f.String("tz", "", "time zone of times without one, of days and months, and of what is printed, such as Europe/Berlin (default UTC)")
	return cmd
}

// question is what the command line asks.
type question struct{ sql, format, zone string }

// formats are those that the API offers beside its own.
var formats = []queryapi.Format{arrow.Format{}}

// queryClient returns a client for a server's API, or for the API over a data
// directory inside this process: one way to answer, whoever is asked. What of
// a directory cannot be read is left out, and said on warnings.
func queryClient(server, data string, warnings io.Writer) (client *http.Client, base string, closeClient func() error, err error) {
	if data != "" {
		d, err := datadir.OpenReadOnly(data)
		if err != nil {
			return nil, "", nil, aboutData(err)
		}
		for _, damage := range d.Damage() {
			fmt.Fprintf(warnings, "ttlog: left out: %v\n", damage)
		}
		api := queryapi.New(queryapi.Options{Source: query.FromStore(d.Store), Traces: d.Store, Formats: formats})
		return &http.Client{Transport: inProcess{api}}, "http://localhost", d.Close, nil
	}
	if base, err = serverURL(server); err != nil {
		return nil, "", nil, err
	}
	return http.DefaultClient, base, func() error { return nil }, nil
}

// serverURL checks the URL of a server.
func serverURL(server string) (base string, err error) {
	u, err := redact.Parse(server)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return "", usageError{fmt.Errorf("--server %q is no URL such as http://127.0.0.1:3000", redact.URL(server))}
	}
	return strings.TrimSuffix(server, "/"), nil
}

// unreachable adds to the error of a request that got no answer what may be
// wrong, and what the command can do about it.
func unreachable(err error, otherwise string) error {
	hint := ""
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
		hint = " (is ttlog serve running there? " + otherwise + ")"
	} else if strings.Contains(err.Error(), "malformed HTTP") {
		// A server of HTTP/2 alone, as that of OTLP over gRPC is.
		hint = " (that is no port of the HTTP API; it is 3000 unless --port said another one)"
	}
	return fmt.Errorf("%s%s", redact.Text(err.Error()), hint)
}

func runQuery(ctx context.Context, client *http.Client, base string, ask question, out, errs io.Writer) error {
	u := base + "/api/v1/query"
	if ask.zone != "" {
		u += "?tz=" + url.QueryEscape(ask.zone)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u, strings.NewReader(ask.sql))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "text/plain; charset=utf-8")
	req.Header.Set("Accept", accepts[ask.format])
	resp, err := client.Do(req)
	if err != nil {
		return unreachable(err, "--data reads a directory without a server")
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return notAnAPI(resp, queryapi.ReadProblem(resp))
	}
	warnings, err := queryapi.ReadWarnings(resp)
	if err != nil {
		return err
	}
	for _, w := range warnings {
		fmt.Fprintf(errs, "ttlog: warning: %s\n", render.Printable(w.String()))
	}
	if ask.format != "table" {
		return copyAnswer(out, resp.Body)
	}
	doc, err := render.Read(resp.Body)
	if err != nil {
		return err
	}
	return render.Table(out, doc)
}

// copyAnswer copies an answer as it is, but to a terminal, which must not get
// the escape sequences that telemetry may hold.
func copyAnswer(out io.Writer, answer io.Reader) error {
	if f, ok := out.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
			w := render.Terminal(out)
			_, err := io.Copy(w, answer)
			return errors.Join(err, w.Close())
		}
	}
	_, err := io.Copy(out, answer)
	return err
}

// inProcess answers requests by calling the handler, without a socket. The
// body of the answer is streamed.
type inProcess struct{ handler http.Handler }

// RoundTrip runs the handler until the caller closes the body of the answer.
func (t inProcess) RoundTrip(req *http.Request) (*http.Response, error) {
	body, w := io.Pipe()
	answer := &pipeWriter{
		body: w, header: make(http.Header), started: make(chan struct{}),
	}
	go func() {
		defer func() {
			// net/http gives this meaning to the panic: cut the answer off.
			if v := recover(); v != nil {
				answer.WriteHeader(http.StatusInternalServerError)
				_ = w.CloseWithError(fmt.Errorf("the answer was cut off: %v", v))
				return
			}
			answer.WriteHeader(http.StatusOK)
			_ = w.Close()
		}()
		t.handler.ServeHTTP(answer, req)
	}()
	<-answer.started
	return &http.Response{
		Status: http.StatusText(answer.status), StatusCode: answer.status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: answer.header, Body: body, ContentLength: -1, Request: req,
	}, nil
}

// pipeWriter is the handler's side of an answer. One goroutine uses it.
type pipeWriter struct {
	body    *io.PipeWriter
	header  http.Header
	status  int
	started chan struct{} // closed when status and header are fixed
}

func (w *pipeWriter) Header() http.Header { return w.header }

func (w *pipeWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
		close(w.started)
	}
}

func (w *pipeWriter) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(b)
}
