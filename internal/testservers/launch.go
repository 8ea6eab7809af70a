package testservers

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

const dialTimeout = time.Second

var redisServer, postgresServer, mariaServer shared

// Redis returns the address, "127.0.0.1:port", of a Redis server.
func Redis(t testing.TB) string {
	t.Helper()
	path := need(t, "Redis", "redis-server")
	return redisServer.get(t, func() (*server, string, error) { return launchRedis(path) })
}

// PostgreSQL returns a data source name, in the form of a URL, of a PostgreSQL
// server's database "postgres" and its superuser.
func PostgreSQL(t testing.TB) string {
	t.Helper()
	path := need(t, "PostgreSQL", "postgres")
	initdb := need(t, "PostgreSQL", "initdb")
	return postgresServer.get(t, func() (*server, string, error) { return launchPostgreSQL(path, initdb) })
}

// MariaDB returns a data source name, in the form of github.com/go-sql-driver,
// of a MariaDB server's empty database "ttlog" and its superuser.
func MariaDB(t testing.TB) string {
	t.Helper()
	path := need(t, "MariaDB", "mariadbd", "mysqld")
	install := need(t, "MariaDB", "mariadb-install-db", "mysql_install_db")
	return mariaServer.get(t, func() (*server, string, error) { return launchMariaDB(path, install) })
}

// prepare makes what every server needs.
func prepare(name string, stop os.Signal) (*server, error) {
	dir, err := newDir()
	if err != nil {
		return nil, err
	}
	return &server{name: name, dir: dir, stop: stop}, nil
}

// listenOn chooses a port for the server, as late as may be: another process can
// take it before the server does. The server then ends and is tried again.
func listenOn() (port, address string, err error) {
	n, err := freePort()
	port = strconv.Itoa(n)
	return port, net.JoinHostPort("127.0.0.1", port), err
}

// launched returns what start did, and clears up after a failure.
func launched(s *server, address string, err error) (*server, string, error) {
	if err != nil {
		s.close()
		return nil, "", err
	}
	return s, address, nil
}

func launchRedis(path string) (*server, string, error) {
	s, err := prepare("Redis", os.Kill) // its data is not kept
	if err != nil {
		return nil, "", err
	}
	port, address, err := listenOn()
	if err != nil {
		return launched(s, "", err)
	}
	socket := filepath.Join(s.dir, "s")
	ready := func() error {
		return talk(socket, []byte("PING\r\n"), func(r io.Reader) error {
			line, err := bufio.NewReader(r).ReadString('\n')
			if err == nil && line != "+PONG\r\n" {
				err = fmt.Errorf("answers %q", line)
			}
			return err
		})
	}
	err = start(s, ready, path, "--port", port, "--bind", "127.0.0.1", "--unixsocket", socket, "--dir", s.dir,
		"--save", "", "--appendonly", "no", "--daemonize", "no")
	return launched(s, address, err)
}

func launchPostgreSQL(path, initdb string) (*server, string, error) {
	s, err := prepare("PostgreSQL", quitSignal)
	if err != nil {
		return nil, "", err
	}
	data := filepath.Join(s.dir, "data")
	err = run(s.dir, initdb, "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions")
	if err != nil {
		return launched(s, "", err)
	}
	port, address, err := listenOn()
	if err != nil {
		return launched(s, "", err)
	}
	socket := filepath.Join(s.dir, ".s.PGSQL."+port)
	ready := func() error { return talk(socket, postgresStartup(), readPostgresReply) }
	err = start(s, ready, path, "-D", data, "-p", port, "-c", "listen_addresses=127.0.0.1",
		"-k", s.dir, "-F", "-c", "full_page_writes=off", "-c", "synchronous_commit=off", "-c", "shared_buffers=16MB")
	return launched(s, "postgres://postgres@"+address+"/postgres?sslmode=disable", err)
}

// postgresStartup is the first message of a client: its length, the version of
// the protocol, and parameters.
func postgresStartup() []byte {
	body := binary.BigEndian.AppendUint32(nil, 3<<16)
	body = append(body, "user\x00postgres\x00database\x00postgres\x00\x00"...)
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(body)+4)), body...)
}

// readPostgresReply accepts an authentication message; while the server starts
// it answers with an error instead.
func readPostgresReply(r io.Reader) error {
	var kind [1]byte
	if _, err := io.ReadFull(r, kind[:]); err != nil {
		return err
	}
	if kind[0] != 'R' {
		return fmt.Errorf("answers with a message of type %q", kind[0])
	}
	return nil
}

func launchMariaDB(path, install string) (*server, string, error) {
	s, err := prepare("MariaDB", os.Kill) // its data is not kept
	if err != nil {
		return nil, "", err
	}
	data := filepath.Join(s.dir, "data")
	err = run(s.dir, install, "--no-defaults", "--datadir="+data, "--auth-root-authentication-method=normal", "--skip-test-db")
	if err != nil {
		return launched(s, "", err)
	}
	initFile := filepath.Join(s.dir, "init.sql")
	if err := os.WriteFile(initFile, []byte("CREATE DATABASE IF NOT EXISTS ttlog;\n"), 0o644); err != nil {
		return launched(s, "", err)
	}
	port, address, err := listenOn()
	if err != nil {
		return launched(s, "", err)
	}
	socket := filepath.Join(s.dir, "s")
	ready := func() error { return talk(socket, nil, readMariaGreeting) }
	err = start(s, ready, path, "--no-defaults", "--datadir="+data, "--port="+port, "--bind-address=127.0.0.1",
		"--socket="+socket, "--pid-file="+filepath.Join(s.dir, "pid"), "--init-file="+initFile,
		"--skip-name-resolve", "--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=16M", "--skip-log-bin")
	return launched(s, "root@tcp("+address+")/ttlog?parseTime=true", err)
}

// readMariaGreeting reads the packet that the server sends first: length and
// number in four bytes, then the protocol's version.
func readMariaGreeting(r io.Reader) error {
	var head [5]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return err
	}
	if head[4] != 10 {
		return errors.New("answers with an error")
	}
	return nil
}

// talk sends a request to the socket in the server's own folder and gives the
// reply to read. At the port, the server of another test binary that was quicker
// to take it could answer; none of the servers serves its socket without having
// its port.
func talk(socket string, request []byte, read func(io.Reader) error) error {
	c, err := net.DialTimeout("unix", socket, dialTimeout)
	if err != nil {
		return err
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(dialTimeout))
	if _, err := c.Write(request); err != nil {
		return err
	}
	return read(c)
}
