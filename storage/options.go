package storage

import (
	"log/slog"
	"math"
	"time"

	"github.com/ttlog/ttlog/internal/membudget"
	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/storage/internal/part"
	"github.com/ttlog/ttlog/storage/internal/vfs"
)

// Signal is one of the three kinds of telemetry.
type Signal = otlpwire.Signal

// The signals.
const (
	Traces  = otlpwire.Traces
	Logs    = otlpwire.Logs
	Metrics = otlpwire.Metrics
)

// Limits that are not options.
const (
	// maxOpenTables bounds the tables (signal and day) of one generation of
	// the memtable: a sender with a scattered clock makes it flush early.
	maxOpenTables = 64
	// maxFlushWorkers is how many partitions of one generation are written at
	// the same time: four let the disk sync together what it can, and
	// more gained nothing where it was measured.
	maxFlushWorkers = 4
	// idlePartBytes bounds what parts keep in memory while no scan uses them:
	// their footers. It is those of thousands of small parts, or of a hundred
	// of the largest; a number of parts would be too many of the one or too few of the
	// other, and a query over more parts than are kept reads all of them again.
	idlePartBytes = 16 << 20
	// defaultOpenFiles is how many part files are open at most where the limit on
	// descriptors allows for it. A file that is needed again costs a call to open.
	defaultOpenFiles = 512
	// traceCacheBytes bounds what is kept decoded for reading traces: about
	// two row groups of spans.
	traceCacheBytes = 64 << 20
	// maxMarks is how many rings a partition remembers its watermark for.
	maxMarks = 8
	// maxManifestBytes bounds a manifest: 64 bytes a part, so 260,000 parts.
	maxManifestBytes = 16 << 20
	// maxVersionBytes bounds the VERSION file.
	maxVersionBytes = 4 << 10
	// maxTrash is how many files that could not be removed are remembered.
	maxTrash = 1024
	// staleRetries is how often a read-only scan starts over because the
	// writer replaced the parts it was about to open.
	staleRetries = 16
	// maxLevel is the highest number of merges that is told apart.
	maxLevel = 32
)

// Options tune a store. The zero value means the defaults.
type Options struct {
	// Ring is the id of the ring whose positions Append gets; 0 is none. The
	// store skips what it already has of this ring, see Append.
	Ring uint64
	// FlushRows seals the memtable when it holds this many rows; default
	// (<= 0) 262,144.
	FlushRows int
	// FlushBytes seals the memtable when it took this many bytes of OTLP
	// requests; default (<= 0) 20 MiB with a ring and 96 MiB without. With a
	// ring it has to stay well below half the ring's size: the ring holds
	// the memtable that is being written and the one that is being filled.
	FlushBytes int
	// FlushInterval seals the memtable when its oldest row is this old;
	// default (0) 10 s, negative is never.
	FlushInterval time.Duration
	// MaxPendingBytes is the memory of unflushed rows at which Append blocks
	// until some are on disk; default (<= 0) four times FlushBytes and at
	// least 256 MiB.
	MaxPendingBytes int64
	// MaxPartRows and MaxPartBytes bound the parts that compaction makes;
	// defaults (<= 0) 8,388,608 rows and 512 MiB.
	MaxPartRows  int64
	MaxPartBytes int64
	// Retention removes rows whose UTC day ended longer ago than this: the
	// day of their time, or that of their receipt where it is earlier; default
	// (<= 0) is to keep for ever.
	Retention time.Duration
	// RetentionRules are retentions of signals and services of their own; of
	// several that fit, the last counts. Rows of a service go out of parts that
	// have others, which are written again once.
	RetentionRules []RetentionRule
	// MaxDiskBytes removes what was received first while the parts take more
	// than this; default (<= 0) is no limit.
	MaxDiskBytes int64
	// DiskLimit, where it is not nil, returns what takes the place of
	// MaxDiskBytes at the moment. held is what the store's parts take on the
	// disk, those included that were removed and are still being read.
	DiskLimit func(held int64) int64
	// DiskLimitSetting is what people change the limit with, such as a flag. The
	// line that is logged before the first part goes names it.
	DiskLimitSetting string
	// MaintenanceInterval is how often retention is looked after beside the
	// times when something was flushed; default (<= 0) one minute.
	MaintenanceInterval time.Duration
	// NoBackgroundCompaction leaves parts as they are until Compact.
	NoBackgroundCompaction bool
	// MaxOpenFiles bounds the part files that are open at once; default (<= 0)
	// 512, or a quarter of what the process may have open. It is not for
	// ReadOnly, which has to keep open what a writer may remove.
	MaxOpenFiles int
	// ReadOnly opens a directory beside a running writer: no lock is taken,
	// nothing is written, and each scan sees what the writer has published.
	ReadOnly bool
	// Memory is the budget of the process that the store draws on; nil is one
	// without a limit. The defaults above and the size of row groups are
	// smaller with a small one.
	Memory *membudget.Budget
	// Logger gets what operators should know; nil is slog.Default.
	Logger *slog.Logger

	fs vfs.FS // for tests; nil is the operating system's

	// Derived from Memory.
	flushMemory int64 // of the memtable, at which it is sealed
	groupBytes  int64 // of a row group in memory
	traceCache  int64 // of what is kept decoded for reading traces
	idleParts   int64 // of the footers of parts that nobody reads
}

// minGroupBytes is the memory of a row group that still packs well: 8,000
// spans take 3 % more bytes each than 128,000, and 32,000 take 0.5 %.
const minGroupBytes = 3 << 19

// withBudget derives from Memory what depends on it.
func (o Options) withBudget() Options {
	o.flushMemory, o.traceCache, o.idleParts = math.MaxInt64, traceCacheBytes, idlePartBytes
	if m := o.Memory; m != nil {
		o.flushMemory = m.Memtable() / 2
		o.groupBytes = max(m.Group(), minGroupBytes)
		o.traceCache = min(m.Pool()/4, traceCacheBytes)
		o.idleParts = min(m.Limit()/64, idlePartBytes)
		if o.MaxPendingBytes <= 0 {
			o.MaxPendingBytes = min(m.Memtable(), max(4*int64(o.FlushBytes), 256<<20))
		}
	}
	return o
}

// partOptions returns how parts are written.
func (s *Store) partOptions() part.Options {
	return part.Options{GroupBytes: s.opts.groupBytes, Coders: s.coders}
}

// DescriptorLimit returns how many files and connections the process may have
// open, of which a store takes a quarter for its parts, see
// Options.MaxOpenFiles. It returns false where there is no limit that is told.
func DescriptorLimit() (int, bool) { return vfs.DescriptorLimit() }

func (o Options) withDefaults() Options {
	if o.FlushRows <= 0 {
		o.FlushRows = 256 << 10
	}
	if o.FlushBytes <= 0 {
		o.FlushBytes = 96 << 20
		if o.Ring != 0 {
			o.FlushBytes = 20 << 20
		}
	}
	o = o.withBudget()
	if o.FlushInterval == 0 {
		o.FlushInterval = 10 * time.Second
	}
	if o.MaxPendingBytes <= 0 {
		o.MaxPendingBytes = max(4*int64(o.FlushBytes), 256<<20)
	}
	if o.MaxPartRows <= 0 {
		o.MaxPartRows = 8 << 20
	}
	if o.MaxPartBytes <= 0 {
		o.MaxPartBytes = 512 << 20
	}
	if o.MaintenanceInterval <= 0 {
		o.MaintenanceInterval = time.Minute
	}
	if o.MaxOpenFiles <= 0 {
		o.MaxOpenFiles = defaultOpenFiles
		if limit, ok := vfs.DescriptorLimit(); ok {
			o.MaxOpenFiles = min(o.MaxOpenFiles, limit/4)
		}
	}
	if o.ReadOnly {
		o.MaxOpenFiles = math.MaxInt
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.fs == nil {
		o.fs = vfs.OS{}
	}
	return o
}
