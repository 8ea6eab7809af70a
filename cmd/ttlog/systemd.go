package main

import (
	"context"
	"log/slog"
	"time"

	systemd "github.com/coreos/go-systemd/v22/daemon"
)

// notify tells systemd about the service, where systemd started it
// (NOTIFY_SOCKET), and does nothing elsewhere.
func notify(logger *slog.Logger, state string) {
	if _, err := systemd.SdNotify(false, state); err != nil {
		logger.Warn("cannot notify systemd", "state", state, "error", err)
	}
}

func notifyReady(logger *slog.Logger, text string) {
	notify(logger, systemd.SdNotifyReady+"\nSTATUS="+text)
}

func notifyStopping(logger *slog.Logger) {
	notify(logger, systemd.SdNotifyStopping+"\nSTATUS=making durable what was accepted")
}

// feedWatchdog tells systemd that the daemon is alive, as often as the unit asks
// for it (WatchdogSec), until ctx ends. alive is asked each time: one that hangs,
// since a lock is not given back, ends the notices, and systemd the process. What
// was acknowledged is in the ring.
func feedWatchdog(ctx context.Context, logger *slog.Logger, alive func()) {
	limit, err := systemd.SdWatchdogEnabled(false)
	if err != nil {
		logger.Warn("systemd asks for a watchdog that cannot be understood", "error", err)
		return
	}
	if limit == 0 {
		return
	}
	tick := time.NewTicker(limit / 3) // one that comes late must not end the process
	defer tick.Stop()
	for {
		alive()
		notify(logger, systemd.SdNotifyWatchdog)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
