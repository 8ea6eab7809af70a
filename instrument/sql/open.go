package ttlogsql

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"io"
	"time"

	"go.opentelemetry.io/otel/metric"

	"github.com/ttlog/ttlog/instrument/internal/sqlsystem"
)

// Open is [sql.Open] for an instrumented database. The driver is one that is
// registered under driverName; the server and the database's name are taken
// from the data source name.
func Open(driverName, dsn string, opts ...Option) (*sql.DB, error) {
	// database/sql gives a registered driver away only with a database.
	db, err := sql.Open(driverName, dsn)
	if err != nil {
		return nil, fmt.Errorf("ttlogsql: open %s: %w", driverName, err)
	}
	d := db.Driver()
	if err := db.Close(); err != nil {
		return nil, fmt.Errorf("ttlogsql: open %s: %w", driverName, err)
	}
	cfg := newConfig(opts)
	cfg.driverName = driverName
	c, err := openConnector(d, dsn, cfg)
	if err != nil {
		return nil, fmt.Errorf("ttlogsql: open %s: %w", driverName, err)
	}
	return openDB(c), nil
}

// OpenDB is [sql.OpenDB] for an instrumented database. A connector does not
// tell where it connects to, so [WithDSN] or [WithAttributes] should.
func OpenDB(c driver.Connector, opts ...Option) *sql.DB {
	return openDB(newConnector(c, newConfig(opts)))
}

// openDB opens the database and observes its pool until it is closed.
func openDB(c driver.Connector) *sql.DB {
	db := sql.OpenDB(c)
	if c, ok := c.(*connector); ok && !c.in.cfg.poolLeft {
		at := parseDSN(c.in.cfg.system, c.in.cfg.dsn)
		// On an error nothing is observed; telemetry must not stop the program.
		c.observed, _ = registerPool(c.in.cfg.meter(), db, poolName(c.in.cfg.poolName, c.in.cfg.system, at))
	}
	return db
}

// Wrap returns an instrumented driver, to be registered with [sql.Register]
// under a name of its own. It also is a [driver.DriverContext].
func Wrap(d driver.Driver, opts ...Option) driver.Driver {
	return &wrappedDriver{base: d, cfg: newConfig(opts)}
}

type wrappedDriver struct {
	base driver.Driver
	cfg  config
}

// Open implements [driver.Driver].
func (d *wrappedDriver) Open(name string) (driver.Conn, error) {
	c, err := d.OpenConnector(name)
	if err != nil {
		return nil, err
	}
	return c.Connect(context.Background())
}

// OpenConnector implements [driver.DriverContext].
func (d *wrappedDriver) OpenConnector(name string) (driver.Connector, error) {
	return openConnector(d.base, name, d.cfg)
}

// Unwrap returns the driver that is wrapped.
func (d *wrappedDriver) Unwrap() driver.Driver { return d.base }

func openConnector(d driver.Driver, dsn string, cfg config) (driver.Connector, error) {
	if cfg.dsn == "" {
		cfg.dsn = dsn
	}
	dc, ok := d.(driver.DriverContext)
	if !ok {
		return newConnector(dsnConnector{dsn: dsn, driver: d}, cfg), nil
	}
	c, err := dc.OpenConnector(dsn)
	if err != nil {
		return nil, err
	}
	return newConnector(c, cfg), nil
}

// dsnConnector is a connector for a driver that has none, as database/sql makes
// one itself.
type dsnConnector struct {
	dsn    string
	driver driver.Driver
}

func (c dsnConnector) Connect(context.Context) (driver.Conn, error) { return c.driver.Open(c.dsn) }
func (c dsnConnector) Driver() driver.Driver                        { return c.driver }

type connector struct {
	base driver.Connector
	in   *instrument

	observed metric.Registration // nil when the pool is not
}

func newConnector(base driver.Connector, cfg config) driver.Connector {
	if cfg.system == "" {
		cfg.system = sqlsystem.Of(cfg.driverName, base.Driver())
	}
	return &connector{base: base, in: newInstrument(cfg)}
}

// Connect implements [driver.Connector].
func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	start := time.Now()
	base, err := c.base.Connect(ctx)
	if err != nil {
		c.in.failedStep(ctx, stepConnect, start, err)
		return nil, err
	}
	c.in.pool.created(ctx, start)
	return wrapConn(base, c.in), nil
}

// Driver implements [driver.Connector]. It is the driver's own, which code that
// asks [sql.DB.Driver] expects.
func (c *connector) Driver() driver.Driver { return c.base.Driver() }

// Close implements [io.Closer]: database/sql calls it when the database is
// closed.
func (c *connector) Close() error {
	if c.observed != nil {
		_ = c.observed.Unregister() // the caller wants to know of the database
	}
	if closer, ok := c.base.(io.Closer); ok {
		return closer.Close()
	}
	return nil
}
