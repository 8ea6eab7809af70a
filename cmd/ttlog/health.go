package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ttlog/ttlog/queryapi"
)

// healthTimeout is how long a server may take to say how it is.
const healthTimeout = 5 * time.Second

func healthCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "health",
		Short: "Ask a server whether it is ready; exit 1 where it is not",
		Long: "Ask a server whether it is ready: what its /readyz says is printed, and the exit code is 1 where it is not.\n" +
			"It is for the health check of a container, which has no other program to ask with.",
		Args: args(0, 0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			v, _, err := settings(cmd)
			if err != nil {
				return err
			}
			base, err := serverURL(v.GetString("server"))
			if err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), healthTimeout)
			defer cancel()
			if err := health(ctx, base); err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), "ready")
			return err
		},
	}
	cmd.Flags().String("server", "http://127.0.0.1:3000", "server to ask")
	return cmd
}

func health(ctx context.Context, base string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/readyz", http.NoBody)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return unreachable(err, "--server says where to ask")
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return notAnAPI(resp, queryapi.ReadProblem(resp))
	}
	return nil
}

// notAnAPI adds to what a server answered, where that is no answer of the API,
// what may be wrong.
func notAnAPI(resp *http.Response, err error) error {
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "application/problem+json") {
		return err
	}
	return fmt.Errorf("%w (no HTTP API of ttlog answers there; its port is 3000 unless --port said another one)", err)
}
