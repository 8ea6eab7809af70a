// Package datadir opens one data directory: the ring that is its write-ahead
// log, the store behind it, and the pipeline between them. An application
// ([github.com/ttlog/ttlog.Start]) and the daemon write through [Open]; a
// command that only reads uses [OpenReadOnly], which is safe beside a writer.
package datadir

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/ttlog/ttlog/exporter/otlp"
	"github.com/ttlog/ttlog/internal/hops"
	"github.com/ttlog/ttlog/internal/membudget"
	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/internal/pipeline"
	"github.com/ttlog/ttlog/internal/quantity"
	"github.com/ttlog/ttlog/internal/redact"
	"github.com/ttlog/ttlog/internal/ringpack"
	"github.com/ttlog/ttlog/ringbuffer"
	"github.com/ttlog/ttlog/storage"
	"github.com/ttlog/ttlog/stream"
)

// The names inside a data directory that are not the store's, and the store's
// lock file, which holds the pid of the writer.
const (
	ringDir  = "ring"
	ringFile = "ring.ttring"
	lockFile = "LOCK"
	// documentsDir is for what people keep of what they look at.
	documentsDir = "ui"
	// scratchDir is for what nobody needs after a crash.
	scratchDir  = "tmp"
	versionFile = "VERSION"
)

// Options configures [Open]. Zero values are the defaults of the part they
// belong to.
type Options struct {
	// RingBytes is the size of the ring when it is created. One that is there
	// keeps its size, and Open logs that where it is another one. 0 means
	// DefaultRingBytes, and less where MaxDisk is small.
	RingBytes int64
	// DefaultRingBytes is for who was not told a size; 0 means 64 MiB.
	DefaultRingBytes int64
	// Store configures the store; Ring and what depends on the limits of the
	// disk is filled in by Open.
	Store storage.Options
	// MaxDisk bounds what the directory takes, ring, queues and what was set
	// aside included: what was received first goes. A share is of the file
	// system, whoever uses it. The zero value is no limit. Below what can work
	// Open fails with a [LimitError].
	MaxDisk quantity.Size
	// MaxDiskDefault tells that nobody asked for MaxDisk. It is no more than a
	// quarter of the file system then, unless it is a share, and never less than
	// what can work.
	MaxDiskDefault bool
	// MaxDiskSetting is what people change MaxDisk with, such as a flag.
	MaxDiskSetting string
	// SpillMax bounds what the queues of all forwarders take together; the zero
	// value is 1 GiB, and no more than a quarter of MaxDisk.
	SpillMax quantity.Size
	// Reserve is what is left free of the file system; the zero value is 256
	// MiB, but no more than a twentieth of it.
	Reserve quantity.Size
	// Memory is the budget that everything draws on; nil is one without a limit.
	Memory *membudget.Budget
	// Durable is for producers who wait for the ring's SyncTo: what a
	// forwarder's queue takes over from the ring is then on the disk as well
	// before the ring lets go of it.
	Durable bool
	// Forward names the OTLP endpoints that get everything as well.
	Forward []otlp.Options
	// ForwardGrace bounds how long Close waits for the collectors, whose
	// absence must not keep a daemon from stopping: what they do not have by
	// then is kept for the next Open, and that is logged. 0 waits for as long
	// as Close's context lives, and what is undelivered then is an error.
	ForwardGrace time.Duration
	// Linger is how long the store waits for more records before it takes those
	// that came; 0 is the pipeline's default.
	Linger time.Duration
	// Logger gets what an operator should know. Nil discards.
	Logger *slog.Logger

	spillBytes int64 // derived from SpillMax
}

// DataDir is an open data directory. Its fields are fixed and safe for
// concurrent use; who writes to Ring sees the rows in Store a moment later.
type DataDir struct {
	Ring     *ringbuffer.Ring
	Store    *storage.Store
	Pipeline *pipeline.Pipeline
	// Tail hands on every request as the store takes it.
	Tail *stream.Hub
	// Forwarders are the clients of Options.Forward, in its order.
	Forwarders []*otlp.Client
	// Trail is what tells forwarders that form a circle: those of Forwarders
	// send it, and who receives for Ring is to check it.
	Trail *hops.Trail

	// titles has what each forwarder is called by its name on the disk.
	titles       map[string]string
	path         string
	durable      bool
	disk         *disk
	aside        string // where a damaged ring is kept, if there was one
	lost         *lostRing
	auditMu      sync.Mutex
	forwardGrace time.Duration
	memory       *membudget.Budget
	logger       *slog.Logger
}

// Documents is the folder for what people keep of what they look at:
// dashboards, queries. It need not exist.
func (d *DataDir) Documents() string { return filepath.Join(d.path, documentsDir) }

// Scratch returns where what exceeds the memory of queries may be put. It counts
// against no limit of the directory, which is about what is kept.
func (d *DataDir) Scratch() string { return filepath.Join(d.path, scratchDir, "queries") }

// Make creates the directory where it does not exist, for its owner alone:
// telemetry may hold what others must not read.
func Make(dir string) error { return os.MkdirAll(dir, 0o700) }

// Open opens dir for writing, and makes it where it does not exist. One process at a time may do so. What the ring
// still holds from an earlier run goes into the store first. The caller calls
// Close.
func Open(dir string, o Options) (d *DataDir, err error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	d = &DataDir{
		Tail: new(stream.Hub), Trail: hops.New(), titles: make(map[string]string),
		path: dir, durable: o.Durable, forwardGrace: o.ForwardGrace, logger: o.Logger, memory: o.Memory,
	}
	d.Tail.Limit = o.Memory.Limit() / tailShare
	defer func() {
		if err != nil {
			err = errors.Join(err, d.closeParts())
			d = nil
		}
	}()
	// A directory that a newer ttlog made is left untouched.
	if err := storage.CheckVersion(dir); err != nil {
		return d, err
	}
	now, err := spaceOf(existing(dir))
	if err != nil {
		return d, fmt.Errorf("file system of %s: %w", dir, err)
	}
	asked := o.RingBytes
	if o, err = o.withLimits(dir, int64(now.total)); err != nil {
		return d, err
	}
	if err := Make(dir); err != nil {
		return d, err
	}
	if err := d.openRing(ringbuffer.Options{Size: o.RingBytes}); err != nil {
		return d, err
	}
	d.compareRingSize(asked)
	d.disk = newDisk(dir, o, now, int64(d.Ring.Stats().Size))
	if o.MaxDisk.Of(int64(now.total)) > 0 {
		o.Store.DiskLimit, o.Store.DiskLimitSetting = d.disk.limit, o.MaxDiskSetting
	}
	o.Store.Memory = o.Memory
	if d.aside != "" {
		if err := d.salvage(o.Store); err != nil {
			return d, err
		}
	}
	o.Store.Ring = d.Ring.ID()
	if d.Store, err = storage.Open(dir, o.Store); err != nil {
		return d, err
	}
	d.reportLost()
	forwarders, err := d.openForwarders(o.Forward)
	if err != nil {
		return d, err
	}
	d.Pipeline, err = pipeline.New(d.Ring, pipeline.Options{
		Store:      tapped{d.Store, d.Tail},
		Forwarders: forwarders,
		SpillDir:   filepath.Join(dir, ringDir),
		SpillLimit: o.spillBytes,
		SpillRoom:  d.Room,
		Durable:    o.Durable,
		Linger:     o.Linger,
		Logger:     o.Logger,
	})
	if err != nil {
		return d, err
	}
	d.disk.spills.Store(d.Pipeline)
	o.Memory.Gauge("memtables", d.Store.MemoryBytes)
	o.Memory.Gauge("tails", d.Tail.Held)
	return d, d.Pipeline.Start()
}

// existing returns dir, or the nearest directory above it that exists.
func existing(dir string) string {
	for {
		if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) || dir == filepath.Dir(dir) {
			return dir
		}
		dir = filepath.Dir(dir)
	}
}

// tailShare is what part of the memory may wait for those who listen.
const tailShare = 16

// inUse adds to a ring's error that another process has it open who that is.
// The store's lock file says so: its holder opened the ring as well.
func inUse(dir string, err error) error {
	if !errors.Is(err, ringbuffer.ErrLocked) {
		return err
	}
	holder := "another process"
	if f, e := os.Open(filepath.Join(dir, lockFile)); e == nil {
		defer f.Close()
		if text, e := io.ReadAll(io.LimitReader(f, 64)); e == nil && len(text) > 0 {
			holder = strings.TrimSpace(string(text))
		}
	}
	return fmt.Errorf("%w: %s is in use by %s: %w", storage.ErrLocked, dir, holder, err)
}

// compareRingSize says where a ring is not as large as was asked for.
func (d *DataDir) compareRingSize(want int64) {
	// The ring makes a power of two of what it is asked for.
	if size := d.Ring.Stats().Size; want > 0 && (size < uint64(want) || size/2 >= uint64(want)) {
		d.logger.Warn("the ring keeps the size it was made with", "bytes", size, "asked", want)
	}
}

func ringPath(dir string) string { return filepath.Join(dir, ringDir, ringFile) }

// openForwarders builds the clients. A forwarder's name is its cursor in the
// ring and has to be the same at the next start, so it comes from its title: a
// password that was changed makes no other collector.
func (d *DataDir) openForwarders(options []otlp.Options) ([]pipeline.NamedForwarder, error) {
	named := make([]pipeline.NamedForwarder, 0, len(options))
	addresses := make(map[string]bool)
	for _, o := range options {
		// The pipeline retries for ever, and knows what to count.
		o.Retry = otlp.Retry{Disabled: true}
		o.Via = d.Trail.String
		client, err := otlp.New(o)
		if err != nil {
			return nil, fmt.Errorf("forward: %w", err)
		}
		d.Forwarders = append(d.Forwarders, client)
		to := endpoints(o)
		address := strings.Join(to, " ")
		for i := range to {
			to[i] = redact.URL(to[i])
		}
		shown := strings.Join(to, " ")
		if addresses[address] {
			return nil, fmt.Errorf("forward: %s is named twice", shown)
		}
		addresses[address] = true
		title, name := d.title(shown)
		d.titles[name] = title
		named = append(named, pipeline.NamedForwarder{Name: name, Title: title, Forwarder: client})
	}
	return named, nil
}

// title returns what a collector is called wherever it is spoken of, and its
// name on the disk, which is made of it. One place asked with several passwords
// is several collectors.
func (d *DataDir) title(shown string) (title, name string) {
	for n := 1; ; n++ {
		title = shown
		if n > 1 {
			title = fmt.Sprintf("%s (%d)", shown, n)
		}
		h := fnv.New64a()
		_, _ = h.Write([]byte(title))
		name = fmt.Sprintf("%016x", h.Sum64())
		if d.titles[name] == "" {
			return title, name
		}
	}
}

// endpoints has what a forwarder sends to, or where the signals go that have an
// endpoint of their own when it has none for all.
func endpoints(o otlp.Options) []string {
	if o.Endpoint != "" {
		return []string{o.Endpoint}
	}
	var own []string
	for _, t := range []*otlp.Target{o.Traces, o.Logs, o.Metrics} {
		if t != nil && t.Endpoint != "" {
			own = append(own, t.Endpoint)
		}
	}
	return own
}

// Recall calls f with the requests that the ring still holds, delivered or not:
// what may have been acknowledged before a restart. The bytes are f's.
func (d *DataDir) Recall(f func(signal otlpwire.Signal, request []byte)) (err error) {
	snap, err := ringbuffer.OpenSnapshot(ringPath(d.path))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, snap.Close()) }()
	var buf []byte
	for rec, err := range snap.Retained() {
		if err != nil {
			return err
		}
		s, request, err := ringpack.Request(rec.Kind, rec.Data, buf[:0])
		if err != nil || request == nil {
			continue // not a request, or one that the pipeline speaks of
		}
		f(s, request)
		if rec.Kind != otlpwire.RequestKind(s) {
			buf = request
		}
	}
	return nil
}

// Close ends the tails, which a server would wait for, drains the pipeline for
// as long as ctx lives, the forwarders no longer than Options.ForwardGrace, and
// closes everything. What could not be drained stays in the ring and the spill
// queues for the next Open.
func (d *DataDir) Close(ctx context.Context) error {
	d.Tail.Close()
	var store, forwarders error
	var wg sync.WaitGroup
	wg.Go(func() { store = d.Pipeline.DrainStore(ctx) })
	wg.Go(func() { forwarders = d.drainForwarders(ctx) })
	wg.Wait()
	return errors.Join(store, forwarders, d.closeParts())
}

func (d *DataDir) drainForwarders(ctx context.Context) error {
	if d.forwardGrace <= 0 {
		return d.Pipeline.DrainForwarders(ctx)
	}
	ctx, cancel := context.WithTimeout(ctx, d.forwardGrace)
	defer cancel()
	if err := d.Pipeline.DrainForwarders(ctx); ctx.Err() == nil {
		return err
	}
	for _, sink := range d.Status().Sinks {
		if sink.Name != storeSink && sink.Lag+uint64(max(sink.SpillBytes, 0)) > 0 {
			d.logger.Warn("a collector does not have everything yet; the rest is kept and sent after the next start",
				"collector", sink.Name, "ring_bytes", sink.Lag, "spill_bytes", sink.SpillBytes, "last_error", sink.LastError)
		}
	}
	return nil
}

// closeParts closes what is open, in the order of the data's way.
func (d *DataDir) closeParts() error {
	var err error
	if d.Pipeline != nil {
		err = errors.Join(err, d.Pipeline.Close())
	}
	for _, f := range d.Forwarders {
		err = errors.Join(err, f.Close())
	}
	if d.Ring != nil {
		err = errors.Join(err, d.Ring.Close())
	}
	if d.Store != nil {
		err = errors.Join(err, d.Store.Close())
	}
	return err
}

// tapped is a store whose requests are handed to the live tail as well.
type tapped struct {
	*storage.Store
	tail *stream.Hub
}

// Append stores the request and shows it to those who listen.
func (t tapped) Append(ctx context.Context, signal otlpwire.Signal, request []byte, end uint64) (int, error) {
	rows, err := t.Store.Append(ctx, signal, request, end)
	if err == nil && rows > 0 {
		t.tail.Publish(signal, request)
	}
	return rows, err
}
