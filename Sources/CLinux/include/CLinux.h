// Linux calls that Swift's Glibc module hides or imports badly. Only our own names are declared here:
// the real prototypes need _GNU_SOURCE, which CLinux.c defines and an importer of this header does not.
// Every function follows the system's habit: -1 and errno on failure, unless said otherwise.
#ifndef CLINUX_H
#define CLINUX_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// epoll(7). The kernel's struct epoll_event is packed on x86-64 only; this one has one layout everywhere.
typedef struct {
    uint64_t token;
    uint32_t events;
    uint32_t reserved;
} clinux_event;

static const uint32_t CLINUX_READABLE = 0x001;
static const uint32_t CLINUX_WRITABLE = 0x004;
static const uint32_t CLINUX_ERROR = 0x008;
static const uint32_t CLINUX_HANGUP = 0x010;
static const uint32_t CLINUX_PEER_HANGUP = 0x2000;
static const uint32_t CLINUX_EDGE = 1u << 31;

int clinux_epoll_create(void);
int clinux_epoll_add(int epoll, int fd, uint32_t events, uint64_t token);
int clinux_epoll_modify(int epoll, int fd, uint32_t events, uint64_t token);
int clinux_epoll_remove(int epoll, int fd);
// timeout_ns < 0 waits for ever. Fills at most min(capacity, 256) events.
int clinux_epoll_wait(int epoll, clinux_event *events, int capacity, int64_t timeout_ns);

int clinux_eventfd(void);
int clinux_eventfd_signal(int fd);

// Blocks the signals for the whole process (call before the first thread starts) and opens a signalfd(2).
int clinux_signalfd(const int *signals, int count);
// The next signal's number, 0 when there is none.
int clinux_signalfd_next(int fd);
int clinux_ignore_sigpipe(void);

// A socket address without sockaddr's casts. family: 4, 6 or 1 (unix); ip in network order.
typedef struct {
    uint32_t family;
    uint32_t scope;
    uint16_t port;
    uint8_t ip[16];
    char path[108];
} clinux_address;

int clinux_socket(uint32_t family);
int clinux_bind(int fd, const clinux_address *address, int only_v6);
int clinux_listen(int fd, int backlog);
int clinux_connect(int fd, const clinux_address *address);
int clinux_accept(int fd, clinux_address *peer);
int clinux_local_address(int fd, clinux_address *out);
int clinux_socket_error(int fd);
int clinux_no_delay(int fd);
int clinux_shutdown_write(int fd);
// send(2) with MSG_NOSIGNAL, so that a vanished peer is EPIPE and never a signal.
ssize_t clinux_send(int fd, const void *bytes, size_t count);
// One datagram to a unix socket; a leading '@' is the abstract namespace (sd_notify(3)).
int clinux_send_datagram(const char *path, const void *bytes, size_t count);

// fallocate(2), FALLOC_FL_KEEP_SIZE when keep_size is not 0.
int clinux_fallocate(int fd, int keep_size, int64_t offset, int64_t length);
int clinux_getrandom(void *bytes, size_t count);

typedef struct {
    int64_t user_us;
    int64_t system_us;
    int64_t max_resident_kib;
} clinux_usage;

int clinux_getrusage(clinux_usage *out);
int clinux_hostname(char *buffer, size_t capacity);
// sysname, nodename, release, version and machine, each ended by a newline; the length, or -1.
int clinux_uname(char *buffer, size_t capacity);
void clinux_thread_name(const char *name);
// futex(2), private to the process, for waiters of the kinds in the mask: 0 when woken.
int clinux_futex_wait(void *word, uint32_t expected, uint32_t mask);
// Wakes at most one; how many it were.
int clinux_futex_wake(void *word, uint32_t mask);
// Tells the processor that this thread spins.
static inline void clinux_pause(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}
// Niceness of the calling thread only; Linux keeps it per thread.
int clinux_thread_nice(int nice);
int clinux_malloc_arenas(int count);
int clinux_malloc_trim(void);
const char *clinux_error_text(int code);
char **clinux_environ(void);

#endif
