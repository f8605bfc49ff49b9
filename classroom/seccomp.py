"""The system calls that the kernel refuses to a student's code.

The list is of what is refused, not of what is allowed: torch, OpenMP and Python need some
hundred calls, which differ between their versions, and bubblewrap's namespaces already hide
what most of the others would reach. Refused is what makes processes, what takes memory that
no limit of the process counts, and what has often been a door into the kernel.
"""

import errno
import tempfile

CLONE_THREAD = 0x00010000

REFUSED = (
    # other processes
    "fork vfork ptrace process_vm_readv process_vm_writev pidfd_open pidfd_getfd kcmp "
    # memory that RLIMIT_AS does not count
    "memfd_create memfd_secret shmget shmat semget msgget mq_open "
    # namespaces and mounts
    "unshare setns mount umount2 pivot_root chroot fsopen fsconfig fsmount fspick move_mount "
    "open_tree mount_setattr name_to_handle_at open_by_handle_at quotactl swapon swapoff "
    # doors into the kernel
    "bpf perf_event_open userfaultfd keyctl add_key request_key io_uring_setup io_uring_enter "
    "io_uring_register personality kexec_load kexec_file_load init_module finit_module "
    "delete_module reboot syslog acct "
    # the core that the worker was given, so that its neighbor keeps the other one
    "sched_setaffinity sched_setscheduler sched_setattr"
).split()


class SeccompError(Exception):
    """The libraries that compile the filter are not there."""


def program() -> bytes:
    """Return the filter, compiled for this machine, as `bwrap --seccomp` reads it.

    Raises:
        SeccompError: pyseccomp or libseccomp is not installed.
    """
    try:
        import pyseccomp
    except (ImportError, RuntimeError) as error:  # the second: libseccomp is not found
        raise SeccompError(str(error)) from None
    rules = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    refuse = pyseccomp.ERRNO(errno.EPERM)
    for name in REFUSED:
        _add(pyseccomp, rules, refuse, name)
    # A clone that is not a thread is a process. The flags of clone3 lie in memory, where no
    # filter can read them; told that it does not exist, libc calls clone.
    no_thread = pyseccomp.Arg(0, pyseccomp.MASKED_EQ, CLONE_THREAD, 0)
    _add(pyseccomp, rules, refuse, "clone", no_thread)
    _add(pyseccomp, rules, pyseccomp.ERRNO(errno.ENOSYS), "clone3")
    with tempfile.TemporaryFile() as file:
        rules.export_bpf(file)
        file.seek(0)
        return file.read()


def _add(pyseccomp, rules, action: int, name: str, *conditions) -> None:  # type: ignore[no-untyped-def]
    """Add a rule; a call that this machine or this libseccomp does not have needs none."""
    number = pyseccomp.resolve_syscall(pyseccomp.Arch.NATIVE, name)
    if number is not None and number >= 0:
        rules.add_rule(action, number, *conditions)
