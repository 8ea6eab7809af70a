package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ttlog/ttlog/cmd/ttlog/internal/render"
	"github.com/ttlog/ttlog/internal/datadir"
	"github.com/ttlog/ttlog/internal/quantity"
	"github.com/ttlog/ttlog/query"
	"github.com/ttlog/ttlog/queryapi"
)

// deletable are the tables that DELETE may be from.
var deletable = []string{"spans", "logs", "metrics"}

const deletePath = "/api/v1/delete"

func deleteCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   `delete "CONDITION"`,
		Short: "Delete the records that meet a condition, for good",
		Long: "Delete the records that meet a condition of SQL, such as \"user.id = '4711'\", for good: parts are written again\n" +
			"without them, and the ring is overwritten. What is deleted, and when, is in audit.ndjson of the data directory.\n" +
			"A server has to allow it (ttlog serve --allow-delete); with --data none may run on the directory. What waits for collectors is not searched (ttlog spill list).",
		Example: "  ttlog delete \"user.id = '4711'\"\n" +
			"  ttlog delete --from logs --yes \"service = 'debug' AND timestamp < now() - 7d\"",
		Args: args(1, 1, "the condition as one argument in quotes"),
		RunE: func(cmd *cobra.Command, args []string) error {
			v, logger, err := settings(cmd)
			if err != nil {
				return err
			}
			from := split(v.GetStringSlice("from"))
			for _, table := range from {
				if !slices.Contains(deletable, table) {
					return usageError{fmt.Errorf("--from %q: records are in %s", table, strings.Join(deletable, ", "))}
				}
			}
			server, data, err := onlyOne(cmd, v.GetString("server"), v.GetString("data"))
			if err != nil {
				return err
			}
			d := deletion{from: from, condition: args[0], yes: v.GetBool("yes"), in: cmd.InOrStdin(), out: cmd.OutOrStdout()}
			if data == "" {
				if d.base, err = serverURL(server); err != nil {
					return err
				}
				d.client = http.DefaultClient
				return d.run(cmd.Context())
			}
			// A directory that is not ours is not made one.
			before, err := datadir.OpenReadOnly(data)
			if err != nil {
				return aboutData(err)
			}
			if err := before.Close(); err != nil {
				return err
			}
			dir, err := datadir.Open(data, datadir.Options{Logger: logger})
			if err != nil {
				return aboutData(err)
			}
			d.base, d.client = "http://localhost", &http.Client{Transport: inProcess{queryapi.New(queryapi.Options{
				Source: query.FromStore(dir.Store), Traces: dir.Store, Delete: dir,
				Query: query.Options{CatchUp: dir.Pipeline.CatchUp},
			})}}
			return errors.Join(d.run(cmd.Context()), dir.Close(context.WithoutCancel(cmd.Context())))
		},
	}
	f := cmd.Flags()
	f.StringSlice("from", deletable, "tables to delete from")
	f.String("server", "http://127.0.0.1:3000", "server whose records are deleted")
	f.String("data", "", "data directory to delete from instead of asking a server")
	f.Bool("yes", false, "do not ask")
	return cmd
}

// deletion is what the command line asks.
type deletion struct {
	client    *http.Client
	base      string
	from      []string
	condition string
	yes       bool
	in        io.Reader
	out       io.Writer
}

// run counts the records, asks, and deletes.
func (d *deletion) run(ctx context.Context) error {
	if !d.yes {
		sure, err := d.ask(ctx)
		if err != nil || !sure {
			return err
		}
	}
	for _, table := range d.from {
		var done struct {
			Rows, Parts, Bytes int64
			PartsDamaged       int `json:"parts_damaged"`
		}
		if err := d.post(ctx, deletePath, "DELETE"+d.where(table), &done); err != nil {
			return fmt.Errorf("%s: %w", table, err)
		}
		fmt.Fprintf(d.out, "%s: %d records deleted from %d parts, which are %s smaller\n", table, done.Rows, done.Parts, quantity.FormatBytes(max(done.Bytes, 0)))
		if done.PartsDamaged > 0 {
			return fmt.Errorf("%s: %d parts are damaged and may still hold such records; ttlog check names them", table, done.PartsDamaged)
		}
	}
	return nil
}

// where is the statement from FROM on. The condition may end with a comment.
func (d *deletion) where(table string) string {
	return " FROM " + table + " WHERE (" + d.condition + "\n)"
}

// ask shows how many records it is about and waits for a yes.
func (d *deletion) ask(ctx context.Context) (sure bool, err error) {
	total := int64(0)
	for _, table := range d.from {
		var doc render.Document
		if err := d.post(ctx, "/api/v1/query", "SELECT count(*)"+d.where(table), &doc); err != nil {
			return false, fmt.Errorf("%s: %w", table, err)
		}
		n, err := doc.Rows[0][0].(json.Number).Int64()
		if err != nil {
			return false, err
		}
		fmt.Fprintf(d.out, "%s: %d records\n", table, n)
		total += n
	}
	if total == 0 {
		return false, nil
	}
	fmt.Fprint(d.out, "Delete them for good? (yes/no) ")
	line, err := bufio.NewReader(d.in).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	if strings.TrimSpace(line) != "yes" {
		return false, errors.New("nothing is deleted: that takes a yes, or --yes")
	}
	return true, nil
}

// post sends a statement and decodes the answer.
func (d *deletion) post(ctx context.Context, path, sql string, answer any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.base+path, strings.NewReader(sql))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "text/plain; charset=utf-8")
	req.Header.Set("Accept", "application/json")
	resp, err := d.client.Do(req)
	if err != nil {
		return unreachable(err, "--data deletes from a directory without a server")
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusNotFound && path == deletePath {
		return errors.New("the server deletes nothing: that takes ttlog serve --allow-delete")
	}
	if resp.StatusCode != http.StatusOK {
		return notAnAPI(resp, queryapi.ReadProblem(resp))
	}
	dec := json.NewDecoder(resp.Body)
	dec.UseNumber()
	return dec.Decode(answer)
}
