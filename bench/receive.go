package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"

	"github.com/ttlog/ttlog/exporter/otlp"
	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/receiver"
	"github.com/ttlog/ttlog/ringbuffer"
)

// receiveArg makes the bench binary a receiver into a ring, which nobody reads but
// to make room.
const receiveArg = "receive-otlp"

// Receiving reports whether this process was started as the receiver, after having
// served until its standard input ended. It then says how much processor time
// that took.
func Receiving() (bool, error) {
	if len(os.Args) != 3 || os.Args[1] != receiveArg {
		return false, nil
	}
	return true, receive(os.Args[2])
}

func receive(dir string) (err error) {
	ring, err := ringbuffer.Open(filepath.Join(dir, "ring"), ringbuffer.Options{Size: 64 << 20})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ring.Close()) }()
	reader, err := ring.Reader("bench")
	if err != nil {
		return err
	}
	defer reader.Close()
	recv := receiver.New(ring, receiver.Options{})
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	for _, srv := range []*http.Server{{Handler: recv.HTTPHandler()}, {Handler: recv.GRPCHandler(), Protocols: &protocols}} {
		ln, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		fmt.Println(ln.Addr())
		go func() { _ = srv.Serve(ln) }()
		defer func() { err = errors.Join(err, srv.Close()) }()
	}
	ctx, stop := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	start := cpuTime()
	for reader.Wait(ctx) == nil {
		for r, ok := reader.Next(); ok; r, ok = reader.Next() {
			reader.Release(r.End)
		}
	}
	_, err = fmt.Println((cpuTime() - start).Seconds())
	return err
}

// receiveCPU measures what receiving captured spans costs: over OTLP/HTTP and
// OTLP/gRPC, uncompressed, checked, and committed to a ring file.
func receiveCPU(ctx context.Context, log io.Writer) ([]Figure, error) {
	spans, err := lappedSpans(ctx, ingestLaps)
	if err != nil {
		fmt.Fprintf(log, "store.receive_cpu: skipped, %v\n", err)
		return nil, nil
	}
	rows := 0
	for _, msg := range spans {
		n, err := otlpwire.Validate(otlpwire.Traces, msg)
		if err != nil {
			return nil, err
		}
		rows += n.Records
	}
	var figures []Figure
	for i, protocol := range []otlp.Protocol{otlp.ProtocolHTTP, otlp.ProtocolGRPC} {
		name := []string{"http", "grpc"}[i]
		var samples []float64
		for range ingestRounds {
			seconds, err := receiveOnce(ctx, i, protocol, spans)
			if err != nil {
				return nil, err
			}
			samples = append(samples, seconds/float64(rows)*1e6)
		}
		fmt.Fprintf(log, "store.receive_cpu.%s: %.2f s\n", name, samples)
		figures = append(figures, Figure{ID: "store.receive_cpu." + name, Unit: "CPU s/million spans", TTLog: median(samples)}.atMost(0.6, "<= 0.6 s"))
	}
	return figures, nil
}

// receiveOnce sends requests to a receiver in a process of its own, at the address
// that it says as number i, and returns its processor time in seconds.
func receiveOnce(ctx context.Context, i int, protocol otlp.Protocol, requests [][]byte) (seconds float64, err error) {
	dir, err := os.MkdirTemp("", "ttlog-bench")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	receiver, err := startChild(ctx, receiveArg, dir)
	if err != nil {
		return 0, err
	}
	addr := [...]string{receiver.read(), receiver.read()}[i]
	err = sendAll(ctx, otlp.Target{Endpoint: "http://" + addr, Protocol: protocol, Compression: otlp.CompressionNone}, requests)
	err = errors.Join(err, receiver.hangUp())
	if used := receiver.read(); err == nil {
		seconds, err = strconv.ParseFloat(used, 64)
	}
	return seconds, errors.Join(err, receiver.wait())
}

func sendAll(ctx context.Context, to otlp.Target, requests [][]byte) (err error) {
	client, err := otlp.New(otlp.Options{Target: to})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, client.Close()) }()
	for _, msg := range requests {
		if err := client.Forward(ctx, otlpwire.Traces, msg); err != nil {
			return err
		}
	}
	return nil
}
