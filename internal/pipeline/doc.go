// Package pipeline drains a ring into sinks: a store, and any number of
// forwarders to collectors.
//
// The entry points are [New], [Pipeline.Start], [Pipeline.Drain] and
// [Pipeline.Close], called in this order, each once except Drain.
//
// Every sink has a reader of the ring and a goroutine of its own, so that none
// waits for another. Spans and log records are gathered for a few milliseconds
// or until a batch is full, and made into one whole request per signal by
// concatenating bytes: nothing is decoded. Requests that a receiver wrote pass
// through unchanged. A record that cannot be understood is counted, logged
// once, and stepped over.
//
// # The store: exactly once
//
// The ring is the store's write-ahead log: its space is released behind what
// the store says is durable. After a crash the records behind that are read
// again, and the store skips, partition by partition, what it already has, by
// the position behind each request. A request of several records has only one
// position, so up to [Store].Watermark, the highest position any partition
// had, each record is a request of its own; behind it they are batched. Within
// a signal the requests are handed over in the order of the ring.
//
// A request that the store calls malformed is taken apart until the record at
// fault is alone; that one is counted and dropped, it would stop everything
// behind it for ever. Any other error, a panic included, is tried again, never
// skipped.
//
// # Forwarders: at least once, in order
//
// A forwarder gets one request at a time, again and again until it is taken or
// refused for good; a panic counts as that. One that is refused for its size or
// for what stands in it is sent in halves, so that the records at fault alone
// are dropped and counted. When its reader lags more than half the ring, its requests move to a queue on disk (package spill) and are sent
// from there, so that a collector that is away holds up neither the store nor
// the producers. What the queue drops at its limit is counted. With
// Options.Durable the ring keeps them until the queue's disk has them.
package pipeline
