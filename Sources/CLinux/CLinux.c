// Thin shims, one call each. What they add is said where it is not plain.
#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <malloc.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

_Static_assert(EPOLLIN == 0x001 && EPOLLOUT == 0x004 && EPOLLERR == 0x008, "epoll flags");
_Static_assert(EPOLLHUP == 0x010 && EPOLLRDHUP == 0x2000, "epoll flags");

int clinux_epoll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }

static int control(int epoll, int operation, int fd, uint32_t events, uint64_t token) {
    struct epoll_event event = {.events = events, .data.u64 = token};
    return epoll_ctl(epoll, operation, fd, &event);
}

int clinux_epoll_add(int epoll, int fd, uint32_t events, uint64_t token) {
    return control(epoll, EPOLL_CTL_ADD, fd, events, token);
}

int clinux_epoll_modify(int epoll, int fd, uint32_t events, uint64_t token) {
    return control(epoll, EPOLL_CTL_MOD, fd, events, token);
}

int clinux_epoll_remove(int epoll, int fd) { return control(epoll, EPOLL_CTL_DEL, fd, 0, 0); }

// epoll_pwait2 (Linux 5.11) waits in nanoseconds; older kernels and strict seccomp profiles get
// milliseconds, rounded up so that a timer is never early and never spins.
static int wait_for(int epoll, struct epoll_event *events, int capacity, int64_t timeout_ns) {
#ifdef SYS_epoll_pwait2
    static volatile int unsupported = 0;
    if (timeout_ns > 0 && !unsupported) {
        struct timespec timeout = {timeout_ns / 1000000000, timeout_ns % 1000000000};
        int count = (int)syscall(SYS_epoll_pwait2, epoll, events, capacity, &timeout, NULL, 0);
        if (count >= 0 || (errno != ENOSYS && errno != EPERM)) return count;
        unsupported = 1;
    }
#endif
    int64_t timeout_ms = -1;
    if (timeout_ns >= 0) timeout_ms = timeout_ns / 1000000 + (timeout_ns % 1000000 != 0);
    if (timeout_ms > INT_MAX) timeout_ms = INT_MAX;
    return epoll_wait(epoll, events, capacity, (int)timeout_ms);
}

int clinux_epoll_wait(int epoll, clinux_event *events, int capacity, int64_t timeout_ns) {
    struct epoll_event ready[256];
    if (capacity > 256) capacity = 256;
    int count = wait_for(epoll, ready, capacity, timeout_ns);
    for (int i = 0; i < count; i++) {
        events[i].token = ready[i].data.u64;
        events[i].events = ready[i].events;
        events[i].reserved = 0;
    }
    return count;
}

int clinux_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

int clinux_eventfd_signal(int fd) { return eventfd_write(fd, 1); }

int clinux_signalfd(const int *signals, int count) {
    sigset_t set;
    sigemptyset(&set);
    for (int i = 0; i < count; i++) sigaddset(&set, signals[i]);
    int failure = pthread_sigmask(SIG_BLOCK, &set, NULL);
    if (failure != 0) {
        errno = failure;
        return -1;
    }
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int clinux_signalfd_next(int fd) {
    struct signalfd_siginfo info;
    ssize_t count = read(fd, &info, sizeof info);
    if (count == (ssize_t)sizeof info) return (int)info.ssi_signo;
    if (count < 0 && errno != EAGAIN) return -1;
    return 0;
}

int clinux_ignore_sigpipe(void) { return signal(SIGPIPE, SIG_IGN) == SIG_ERR ? -1 : 0; }

typedef union {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_un local;
    struct sockaddr_storage storage;
} system_address;

static socklen_t to_system(const clinux_address *from, system_address *to) {
    memset(to, 0, sizeof *to);
    switch (from->family) {
    case 4:
        to->v4.sin_family = AF_INET;
        to->v4.sin_port = htons(from->port);
        memcpy(&to->v4.sin_addr, from->ip, 4);
        return sizeof to->v4;
    case 6:
        to->v6.sin6_family = AF_INET6;
        to->v6.sin6_port = htons(from->port);
        to->v6.sin6_scope_id = from->scope;
        memcpy(&to->v6.sin6_addr, from->ip, 16);
        return sizeof to->v6;
    default:
        to->local.sun_family = AF_UNIX;
        memcpy(to->local.sun_path, from->path, sizeof to->local.sun_path - 1);
        return sizeof to->local;
    }
}

static void from_system(const system_address *from, clinux_address *to) {
    memset(to, 0, sizeof *to);
    switch (from->any.sa_family) {
    case AF_INET:
        to->family = 4;
        to->port = ntohs(from->v4.sin_port);
        memcpy(to->ip, &from->v4.sin_addr, 4);
        break;
    case AF_INET6:
        to->family = 6;
        to->port = ntohs(from->v6.sin6_port);
        to->scope = from->v6.sin6_scope_id;
        memcpy(to->ip, &from->v6.sin6_addr, 16);
        break;
    default:
        to->family = 1;
        memcpy(to->path, from->local.sun_path, sizeof to->path - 1);
    }
}

int clinux_socket(uint32_t family) {
    int domain = family == 4 ? AF_INET : family == 6 ? AF_INET6 : AF_UNIX;
    return socket(domain, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

int clinux_bind(int fd, const clinux_address *address, int only_v6) {
    system_address system;
    socklen_t length = to_system(address, &system);
    int on = 1;
    if (address->family != 1
        && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) return -1;
    if (address->family == 6
        && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only_v6, sizeof only_v6) != 0) return -1;
    return bind(fd, &system.any, length);
}

int clinux_listen(int fd, int backlog) { return listen(fd, backlog); }

int clinux_connect(int fd, const clinux_address *address) {
    system_address system;
    socklen_t length = to_system(address, &system);
    return connect(fd, &system.any, length);
}

int clinux_accept(int fd, clinux_address *peer) {
    system_address system;
    memset(&system, 0, sizeof system);
    socklen_t length = sizeof system;
    int accepted = accept4(fd, &system.any, &length, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (accepted >= 0) from_system(&system, peer);
    return accepted;
}

int clinux_local_address(int fd, clinux_address *out) {
    system_address system;
    memset(&system, 0, sizeof system);
    socklen_t length = sizeof system;
    if (getsockname(fd, &system.any, &length) != 0) return -1;
    from_system(&system, out);
    return 0;
}

int clinux_socket_error(int fd) {
    int error = 0;
    socklen_t length = sizeof error;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) != 0) return -1;
    return error;
}

int clinux_no_delay(int fd) {
    int on = 1;
    return setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

int clinux_shutdown_write(int fd) { return shutdown(fd, SHUT_WR); }

ssize_t clinux_send(int fd, const void *bytes, size_t count) {
    return send(fd, bytes, count, MSG_NOSIGNAL);
}

int clinux_send_datagram(const char *path, const void *bytes, size_t count) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(path);
    if (length == 0 || length >= sizeof address.sun_path) {
        errno = EINVAL;
        return -1;
    }
    memcpy(address.sun_path, path, length);
    if (path[0] == '@') address.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    ssize_t sent = sendto(
        fd, bytes, count, MSG_NOSIGNAL | MSG_DONTWAIT, (struct sockaddr *)&address, size);
    int failure = errno;
    close(fd);
    errno = failure;
    return sent == (ssize_t)count ? 0 : -1;
}

int clinux_fallocate(int fd, int keep_size, int64_t offset, int64_t length) {
    return fallocate(fd, keep_size ? FALLOC_FL_KEEP_SIZE : 0, offset, length);
}

int clinux_getrandom(void *bytes, size_t count) {
    unsigned char *next = bytes;
    while (count > 0) {
        ssize_t got = getrandom(next, count, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return -1;
        next += got;
        count -= (size_t)got;
    }
    return 0;
}

int clinux_getrusage(clinux_usage *out) {
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) != 0) return -1;
    out->user_us = usage.ru_utime.tv_sec * 1000000ll + usage.ru_utime.tv_usec;
    out->system_us = usage.ru_stime.tv_sec * 1000000ll + usage.ru_stime.tv_usec;
    out->max_resident_kib = usage.ru_maxrss;
    return 0;
}

int clinux_hostname(char *buffer, size_t capacity) {
    if (gethostname(buffer, capacity) != 0) return -1;
    buffer[capacity - 1] = '\0';
    return 0;
}

int clinux_uname(char *buffer, size_t capacity) {
    struct utsname name;
    if (uname(&name) != 0) return -1;
    int length = snprintf(
        buffer, capacity, "%s\n%s\n%s\n%s\n%s\n", name.sysname, name.nodename, name.release,
        name.version, name.machine);
    if (length < 0 || (size_t)length >= capacity) {
        errno = ERANGE;
        return -1;
    }
    return length;
}

// The kernel keeps 15 bytes and a zero; a longer name is refused as a whole, so it is cut here.
void clinux_thread_name(const char *name) {
    char cut[16];
    strncpy(cut, name, sizeof cut - 1);
    cut[sizeof cut - 1] = '\0';
    pthread_setname_np(pthread_self(), cut);
}

int clinux_thread_nice(int nice) {
    return setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), nice);
}

int clinux_malloc_arenas(int count) { return mallopt(M_ARENA_MAX, count) == 1 ? 0 : -1; }

int clinux_malloc_trim(void) { return malloc_trim(0); }

// GNU strerror is thread-safe for known codes: it returns static text.
const char *clinux_error_text(int code) { return strerror(code); }

char **clinux_environ(void) { return environ; }

int clinux_futex_wait(void *word, uint32_t expected, uint32_t mask) {
    return (int)syscall(SYS_futex, word, FUTEX_WAIT_BITSET_PRIVATE, expected, NULL, NULL, mask);
}

int clinux_futex_wake(void *word, uint32_t mask) {
    return (int)syscall(SYS_futex, word, FUTEX_WAKE_BITSET_PRIVATE, 1, NULL, NULL, mask);
}
