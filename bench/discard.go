package bench

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
)

// discardArg makes the bench binary a server that discards what it gets.
const discardArg = "discard-otlp"

// Discarding reports whether this process was started as the discarding
// server, after having served until its standard input ended.
func Discarding() (bool, error) {
	if len(os.Args) != 2 || os.Args[1] != discardArg {
		return false, nil
	}
	ln, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return true, err
	}
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/x-protobuf")
	})}
	fmt.Println(ln.Addr())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		_ = srv.Close()
	}()
	if err := srv.Serve(ln); err != http.ErrServerClosed {
		return true, err
	}
	return true, nil
}

// startDiscard starts the discarding OTLP/HTTP server as a process of its own,
// so that its work does not count as the peer's, and returns its address.
func startDiscard(ctx context.Context) (addr string, stop func(), err error) {
	self, err := os.Executable()
	if err != nil {
		return "", nil, err
	}
	cmd := exec.CommandContext(ctx, self, discardArg)
	in, err := cmd.StdinPipe()
	if err != nil {
		return "", nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	line := bufio.NewScanner(out)
	line.Scan()
	return line.Text(), func() { _ = in.Close(); _ = cmd.Wait() }, line.Err()
}
