package main

import (
	"container/list"
	"math"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/ttlog/ttlog/storage"
)

// connections bounds the connections of all servers together, so that they leave
// descriptors for the files of the store. At the bound a new one waits, not yet
// accepted, for another to end: each is then closed with the answer to its
// request, which tells the client, and those that nobody has used for a while
// are closed without one.
type connections struct {
	max int

	mu   sync.Mutex
	free *sync.Cond // one was closed, or became idle
	all  map[net.Conn]*connection
	idle *list.List // of idleConn, the one longest idle first
	open int        // accepted, or about to be
}

// connection is one of all.
type connection struct{ idle *list.Element }

// idleConn is a connection on which nothing is under way.
type idleConn struct {
	net.Conn
	since time.Time
}

// minIdle is how long a connection has been idle at least when it is closed. A
// client that was about to send would find it closed.
const minIdle = time.Second

// maxConnections is half of the descriptors that the process may have: the store
// takes a quarter for parts, and what is left is for everything else.
func maxConnections() int {
	limit, ok := storage.DescriptorLimit()
	if !ok {
		return math.MaxInt
	}
	return max(limit/2, minConnections)
}

// minConnections lets each listener wait for one, and some be served.
const minConnections = 8

func newConnections(limit int) *connections {
	c := &connections{max: limit, all: make(map[net.Conn]*connection), idle: list.New()}
	c.free = sync.NewCond(&c.mu)
	return c
}

// watch is the ConnState of a server whose listener is one of limit's.
func (c *connections) watch(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	known := c.all[conn]
	if known == nil {
		return
	}
	if known.idle != nil {
		c.idle.Remove(known.idle)
		known.idle = nil
	}
	if state == http.StateIdle {
		known.idle = c.idle.PushBack(idleConn{conn, time.Now()})
		c.free.Broadcast()
	}
}

// turn has the connection of a request closed with its answer while others wait
// for a place.
func (c *connections) turn(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		full := c.open >= c.max
		c.mu.Unlock()
		if full {
			w.Header().Set("Connection", "close")
		}
		h.ServeHTTP(w, r)
	})
}

// limit returns a listener that accepts within the bound.
func (c *connections) limit(ln net.Listener) net.Listener {
	return &limitedListener{Listener: ln, connections: c}
}

type limitedListener struct {
	net.Listener
	connections *connections
	closed      bool // guarded by connections.mu
}

// Accept waits for a place, then for a connection.
func (l *limitedListener) Accept() (net.Conn, error) {
	c := l.connections
	if !c.enter(l) {
		return nil, net.ErrClosed
	}
	conn, err := l.Listener.Accept()
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		c.open--
		c.free.Broadcast()
		return nil, err
	}
	limited := &limitedConn{Conn: conn, connections: c}
	c.all[limited] = &connection{}
	return limited, nil
}

// Close stops accepting.
func (l *limitedListener) Close() error {
	c := l.connections
	c.mu.Lock()
	l.closed = true
	c.free.Broadcast()
	c.mu.Unlock()
	return l.Listener.Close()
}

// enter takes a place, and returns false once the listener is closed.
func (c *connections) enter(l *limitedListener) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for !l.closed {
		if c.open < c.max {
			c.open++
			return true
		}
		longest := c.idle.Front()
		if longest == nil {
			c.free.Wait()
			continue
		}
		conn := longest.Value.(idleConn)
		if wait := minIdle - time.Since(conn.since); wait > 0 {
			timer := time.AfterFunc(wait, c.free.Broadcast)
			c.free.Wait()
			timer.Stop()
			continue
		}
		c.mu.Unlock()
		_ = conn.Close() // gives its place back
		c.mu.Lock()
	}
	return false
}

// limitedConn is a connection that gives its place back.
type limitedConn struct {
	net.Conn
	connections *connections
}

// Close closes the connection.
func (l *limitedConn) Close() error {
	c := l.connections
	c.mu.Lock()
	if known := c.all[l]; known != nil {
		if known.idle != nil {
			c.idle.Remove(known.idle)
		}
		delete(c.all, l)
		c.open--
		c.free.Broadcast()
	}
	c.mu.Unlock()
	return l.Conn.Close()
}
