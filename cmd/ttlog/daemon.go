package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os/user"
	"strings"
	"sync"
	"time"

	_ "go.opentelemetry.io/proto/otlp/collector/logs/v1"    // what reflection
	_ "go.opentelemetry.io/proto/otlp/collector/metrics/v1" // tells of the
	_ "go.opentelemetry.io/proto/otlp/collector/trace/v1"   // Export calls

	"github.com/ttlog/ttlog/exporter/otlp"
	"github.com/ttlog/ttlog/internal/datadir"
	"github.com/ttlog/ttlog/internal/membudget"
	"github.com/ttlog/ttlog/query"
	"github.com/ttlog/ttlog/query/spill"
	"github.com/ttlog/ttlog/queryapi"
	"github.com/ttlog/ttlog/receiver"
	"github.com/ttlog/ttlog/storage"
	"github.com/ttlog/ttlog/web"
)

// daemon is a running ttlog serve: a data directory, the receivers in front of
// it and the query API behind it.
type daemon struct {
	config  config
	logger  *slog.Logger
	memory  *membudget.Budget
	dir     *datadir.DataDir
	servers []*http.Server
	// connections are those of all servers.
	connections *connections
	// addrs are the addresses that were bound, for the ready line.
	addrs []string
	// background is what goes on beside the servers until close.
	background     sync.WaitGroup
	stopBackground context.CancelFunc
	// failed gets the first error of a server that stopped by itself.
	failed chan error
}

// startDaemon opens the data directory and binds every address before it
// serves on any. On an error nothing is left open.
func startDaemon(c config, logger *slog.Logger) (d *daemon, err error) {
	d = &daemon{
		config: c, logger: logger, memory: membudget.New(c.memoryBytes),
		connections: newConnections(maxConnections()), failed: make(chan error, 4),
	}
	d.memory.Fixed("program", min(programBytes, c.memoryBytes/8))
	dedupBytes := min(maxDedupBytes, c.memoryBytes/16)
	if c.dedupWindow > 0 {
		d.memory.Fixed("repeats", dedupBytes)
	}
	d.memory.Enforce()
	ctx, stop := context.WithCancel(context.Background())
	d.stopBackground = stop
	d.background.Go(func() { d.memory.GiveBack(ctx) })
	defer func() {
		if err != nil {
			err = errors.Join(err, d.close(context.Background()))
		}
	}()
	if d.dir, err = openDataDir(c, d.memory, logger); err != nil {
		return d, err
	}
	recv := receiver.New(d.dir.Ring, receiver.Options{
		Durable: c.syncBeforeAck, Retention: c.retention.Longest(), DedupWindow: c.dedupWindow, DedupBytes: dedupBytes,
		Room: d.dir.Room, FullCause: d.dir.FullCause, Ready: d.dir.Ready,
		MaxInFlightBytes: min(d.memory.InFlight(), maxInFlight),
		Allow:            c.guard.Check, Trail: d.dir.Trail,
	})
	d.memory.Gauge("requests in flight", func() int64 { return recv.Stats().InFlightBytes })
	if c.dedupWindow > 0 {
		if err := d.dir.Recall(recv.Recall); err != nil {
			logger.Warn("requests from before the start are not known: one that is sent again is stored again", "error", err)
		}
	}
	api := d.handler(recv)
	if err := d.serveHTTP("http", c.addr, api); err != nil {
		return d, err
	}
	if c.otlpGRPC != "" {
		if err := d.serveGRPC(c.otlpGRPC, recv); err != nil {
			return d, err
		}
	}
	if c.otlpHTTP != "" {
		if err := d.serveHTTP("otlp-http", c.otlpHTTP, recv.HTTPHandler()); err != nil {
			return d, err
		}
	}
	return d, nil
}

const (
	// maxInFlight bounds the requests being received together, however much
	// memory there is, and maxDedupBytes those that are remembered.
	maxInFlight   = 256 << 20
	maxDedupBytes = 16 << 20
	// programBytes is what the process takes before it does anything, and for
	// servers, connections and metrics.
	programBytes = 8 << 20
)

func openDataDir(c config, memory *membudget.Budget, logger *slog.Logger) (*datadir.DataDir, error) {
	o := datadir.Options{
		RingBytes: c.ringBytes,
		Memory:    memory,
		Store:     storage.Options{Retention: c.retention.Age, RetentionRules: c.retention.Rules, Logger: logger},
		MaxDisk:   c.maxDisk, MaxDiskDefault: c.maxDiskDefault, MaxDiskSetting: "--max-disk",
		SpillMax: c.spillMax, Reserve: c.minFree,
		Logger: logger,
		// What is acknowledged only on the disk stays there on its way on.
		Durable: c.syncBeforeAck,
		// A collector that is not there must not keep the daemon from ending.
		ForwardGrace: forwardGrace,
	}
	for _, endpoint := range c.forward {
		o.Forward = append(o.Forward, otlp.Options{Target: otlp.Target{Endpoint: endpoint}})
	}
	d, err := datadir.Open(c.data, o)
	return d, aboutData(err)
}

// aboutData adds to an error about the file system which flag it is about, and
// to one about a file that this user may not touch whose it has to be.
func aboutData(err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%w (a data directory belongs to the user that ttlog runs as, which is %s here; --data names another one)", err, userName())
	}
	if _, ok := errors.AsType[*fs.PathError](err); ok {
		return fmt.Errorf("%w (--data names the directory)", err)
	}
	return err
}

func userName() string {
	u, err := user.Current()
	if err != nil {
		return "unknown"
	}
	return u.Username
}

// handler puts the query API and the OTLP paths on the main port.
func (d *daemon) handler(recv *receiver.Receiver) http.Handler {
	q := newQueries()
	s := status{dir: d.dir, recv: recv, queries: q, started: time.Now()}
	o := queryapi.Options{
		Source:  query.FromStore(d.dir.Store),
		Traces:  d.dir.Store,
		Tail:    d.dir.Tail,
		Ready:   d.dir.Ready,
		Query:   query.Options{Memory: d.memory, Spill: d.spillSpace(), CatchUp: d.dir.Pipeline.CatchUp},
		Status:  func() any { return s.report() },
		Metrics: s.handler(d.logger),
		OTLP:    recv.HTTPHandler(),
		Guard:   d.config.guard,
		UI:      web.Handler(),
		Formats: formats,
		Logger:  d.logger,

		Documents: d.dir.Documents(),
	}
	if d.config.allowDelete {
		o.Delete = d.dir
	}
	return q.watch(queryapi.New(o))
}

// spillSpace is the disk of queries that exceed their memory, nil where that is
// turned off.
func (d *daemon) spillSpace() *spill.Space {
	if d.config.querySpillMax == 0 {
		return nil
	}
	space, err := spill.Open(spill.Options{
		Dir: d.dir.Scratch(), MaxBytes: d.config.querySpillMax, Setting: "--query-spill-max", Room: d.dir.Room,
	})
	if err != nil {
		d.logger.Warn("what queries left on disk before a crash is still there", "error", err)
	}
	return space
}

// bodyTimeout is how long a client may take to send the body of a request; the
// receiver has a limit of its own.
const bodyTimeout = 30 * time.Second

func (d *daemon) serveHTTP(name, addr string, h http.Handler) error {
	// HTTP/2 without TLS for clients that know beforehand, as gRPC's and some
	// proxies do.
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	return d.listen(name, "http://", addr, &http.Server{
		Handler:   crossOrigin(d.config.corsOrigins, bodyWithin(bodyTimeout, h)),
		Protocols: &protocols,
	})
}

func (d *daemon) serveGRPC(addr string, recv *receiver.Receiver) error {
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	srv := &http.Server{Handler: recv.GRPCHandler(), Protocols: &protocols}
	srv.RegisterOnShutdown(recv.Shutdown)
	return d.listen("otlp-grpc", "", addr, srv)
}

// listen binds addr and serves on it.
func (d *daemon) listen(name, scheme, addr string, srv *http.Server) error {
	ln, err := new(net.ListenConfig).Listen(context.Background(), "tcp", addr)
	if err != nil {
		flags := "--" + name + " says"
		if name == "http" {
			flags = "--host and --port say"
		}
		return fmt.Errorf("%w (%s where to listen)", err, flags)
	}
	srv.ReadHeaderTimeout = 10 * time.Second
	srv.IdleTimeout = 2 * time.Minute
	srv.MaxHeaderBytes = 64 << 10
	srv.ErrorLog = slog.NewLogLogger(d.logger.With("server", name).Handler(), slog.LevelWarn)
	srv.ConnState = d.connections.watch
	srv.Handler = d.connections.turn(srv.Handler)
	d.servers = append(d.servers, srv)
	d.addrs = append(d.addrs, name+"="+scheme+ln.Addr().String())
	go func() {
		if err := srv.Serve(d.connections.limit(ln)); !errors.Is(err, http.ErrServerClosed) {
			d.failed <- fmt.Errorf("serving %s: %w", name, err)
		}
	}()
	return nil
}

// bodyWithin gives the body of a request, and not what it takes to answer it,
// limit to arrive: else a client that sends no end of it would keep a
// connection and a goroutine for ever.
func bodyWithin(limit time.Duration, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength != 0 {
			deadline := http.NewResponseController(w)
			if deadline.SetReadDeadline(time.Now().Add(limit)) == nil {
				r.Body = &timedBody{r.Body, deadline}
			}
		}
		h.ServeHTTP(w, r)
	})
}

// timedBody is a body that lifts the deadline of its connection at its end.
type timedBody struct {
	io.ReadCloser
	deadline *http.ResponseController
}

func (b *timedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if errors.Is(err, io.EOF) {
		_ = b.deadline.SetReadDeadline(time.Time{})
	}
	return n, err
}

// ready is the one line that tells whoever started the daemon where it serves.
func (d *daemon) ready() string {
	return fmt.Sprintf("ttlog ready: %s data=%s", strings.Join(d.addrs, " "), d.config.data)
}

// close stops accepting, then makes durable what was accepted. It may be
// called on a daemon that failed to start. Clients that do not finish get
// requestGrace, and the store what is left of ctx after that: a request that
// was cut off was not acknowledged.
func (d *daemon) close(ctx context.Context) error {
	d.stopBackground()
	defer d.background.Wait()
	if d.dir == nil {
		return nil
	}
	d.dir.Tail.Close()
	grace, cancel := context.WithTimeout(ctx, requestGrace)
	defer cancel()
	var wg sync.WaitGroup
	errs := make([]error, len(d.servers))
	for i, srv := range d.servers {
		wg.Go(func() {
			if srv.Shutdown(grace) != nil {
				errs[i] = srv.Close()
			}
		})
	}
	wg.Wait()
	return errors.Join(errors.Join(errs...), d.dir.Close(ctx))
}
