package testservers

import "syscall"

// endWithParent lets no server outlive a test binary that was killed.
func endWithParent(a *syscall.SysProcAttr) { a.Pdeathsig = syscall.SIGQUIT }
