package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"go.opentelemetry.io/otel"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
)

// questions are what the demo asks of its own telemetry.
var questions = []struct{ title, sql string }{
	{
		"Traces: where does the time go?",
		`SELECT name, kind, db.system.name AS system, count(*) AS spans, p50(duration) AS p50, p99(duration) AS p99, sum(CASE WHEN error THEN 1 ELSE 0 END) AS errors
FROM spans GROUP BY name, kind, system ORDER BY spans DESC, name LIMIT 12`,
	},
	{
		"Logs: what went wrong?",
		`SELECT level, body, count(*) AS records FROM logs GROUP BY level, body ORDER BY records DESC`,
	},
	{
		"Metrics: what is measured?",
		`SELECT name, type, unit, count(*) AS points, max(value) AS max FROM metrics GROUP BY name, type, unit ORDER BY name`,
	},
}

// report waits until what was recorded can be queried, then prints the answers.
func report(ctx context.Context, url string) error {
	if mp, ok := otel.GetMeterProvider().(*sdkmetric.MeterProvider); ok {
		if err := mp.ForceFlush(ctx); err != nil {
			return err
		}
	}
	if err := waitForRows(ctx, url); err != nil {
		return err
	}
	for _, q := range questions {
		fmt.Printf("\n%s\n%s\n\n", q.title, q.sql)
		doc, err := ask(ctx, url, q.sql)
		if err != nil {
			return err
		}
		if err := printTable(doc); err != nil {
			return err
		}
	}
	return nil
}

// waitForRows waits until no more spans arrive: a span can be queried a few
// milliseconds after it ended.
func waitForRows(ctx context.Context, url string) error {
	var last string
	for range 100 {
		doc, err := ask(ctx, url, "SELECT count(*) FROM spans")
		if err != nil {
			return err
		}
		now := fmt.Sprint(doc.Rows)
		if now == last {
			return nil
		}
		last = now
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
	return nil
}

// ask runs a query over the HTTP API, as any client would.
func ask(ctx context.Context, url, sql string) (doc answer, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/api/v1/query", strings.NewReader(sql))
	if err != nil {
		return doc, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return doc, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return doc, err
	}
	if resp.StatusCode != http.StatusOK {
		return doc, fmt.Errorf("%s: %s", resp.Status, body)
	}
	return doc, json.Unmarshal(body, &doc)
}

// answer is the document of POST /api/v1/query, without its figures.
type answer struct {
	Columns []struct{ Name, Type string }
	Rows    [][]any
}

// printTable prints the rows below the names of their columns. A duration is a
// number of nanoseconds in JSON.
func printTable(doc answer) error {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	for _, c := range doc.Columns {
		fmt.Fprintf(w, "%s\t", c.Name)
	}
	fmt.Fprintln(w)
	for _, row := range doc.Rows {
		for i, v := range row {
			if ns, ok := v.(float64); ok && doc.Columns[i].Type == "duration" {
				v = time.Duration(ns)
			}
			fmt.Fprintf(w, "%v\t", v)
		}
		fmt.Fprintln(w)
	}
	return w.Flush()
}
