package bench

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"
)

// discardArg makes the bench binary a server of OTLP/HTTP that discards what it
// gets, discardGRPCArg one of OTLP/gRPC.
const (
	discardArg     = "discard-otlp"
	discardGRPCArg = "discard-otlp-grpc"
)

// Discarding reports whether this process was started as the discarding
// server, after having served until its standard input ended.
func Discarding() (bool, error) {
	if len(os.Args) != 2 || os.Args[1] != discardArg && os.Args[1] != discardGRPCArg {
		return false, nil
	}
	ln, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return true, err
	}
	if os.Args[1] == discardGRPCArg {
		return true, discardGRPC(ln)
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

// discardGRPC answers every call with an empty message, which is one of OTLP's.
func discardGRPC(ln net.Listener) error {
	srv := grpc.NewServer(grpc.MaxRecvMsgSize(64<<20), grpc.UnknownServiceHandler(func(_ any, s grpc.ServerStream) error {
		var m emptypb.Empty
		if err := s.RecvMsg(&m); err != nil {
			return err
		}
		return s.SendMsg(&emptypb.Empty{})
	}))
	fmt.Println(ln.Addr())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		srv.Stop()
	}()
	return srv.Serve(ln)
}

// startDiscard starts the discarding server of an argument as a process of its own,
// so that its work does not count as the peer's, and returns its address.
func startDiscard(ctx context.Context, arg string) (addr string, stop func(), err error) {
	server, err := startChild(ctx, arg)
	if err != nil {
		return "", nil, err
	}
	return server.read(), func() { _ = server.hangUp(); _ = server.wait() }, server.lines.Err()
}
