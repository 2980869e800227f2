/* Preloaded into the gate. Counts what it does with files below a directory and, at the chosen
 * moment, kills the process as `kill -9` would, or lets the operation fail. The gate itself knows
 * nothing of it; programs that the gate starts get an environment without it.
 *
 *   GATE_SHIM_BELOW  the directory; its name may be a pattern, as the shell has them
 *   GATE_SHIM_HOW    count | after | before | torn | fail | short | alter: a byte of each bundle
 *   GATE_SHIM_AT     which one, from 1: of the journal's records to be killed at, of all
 *                    operations to fail
 *   GATE_SHIM_ERROR  the error's number, for `fail` and `short`
 *   GATE_SHIM_LAST   the last that fails, for good when it is large
 *   GATE_SHIM_TOLD   file for what was hit, or how many there were
 *   GATE_SHIM_CLOCK  seconds by which the clock is wrong; of every program that has it
 *
 * What reaches the kernel past the C library (rustix: file locks, the last rename of a file that
 * must not replace another) is not seen. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

enum how { NOTHING, COUNT, AFTER, BEFORE, TORN, FAIL, SHORT, ALTER };

static enum how how;
static const char *below, *told;
static long at, last, wrong;
static int error;
static atomic_long met;
static pid_t self;

#define REAL(name) \
  static __typeof__(name) *real; \
  if (!real) real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

static long number(const char *name, long otherwise) {
  const char *text = getenv(name);
  return text ? atol(text) : otherwise;
}

__attribute__((constructor)) static void begin(void) {
  static const char *const names[] = {"", "count", "after", "before", "torn", "fail", "short",
                                     "alter"};
  const char *text = getenv("GATE_SHIM_HOW");
  wrong = number("GATE_SHIM_CLOCK", 0);
  /* A rehearsal builds its world with programs that get its environment; their disk is sound. */
  if (strcmp(program_invocation_short_name, "gate")) return;
  below = getenv("GATE_SHIM_BELOW");
  told = getenv("GATE_SHIM_TOLD");
  at = number("GATE_SHIM_AT", 0);
  last = number("GATE_SHIM_LAST", at);
  error = (int)number("GATE_SHIM_ERROR", EIO);
  self = getpid();
  for (int i = COUNT; text && below && i <= ALTER; i++)
    if (!strcmp(text, names[i])) how = i;
}

static void tell(const char *what, const char *path) {
  char line[PATH_MAX + 64];
  int length = snprintf(line, sizeof line, "%ld %s %s\n", (long)met, what, path);
  enum how was = how;
  how = NOTHING;
  int fd = told ? open(told, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
  if (fd >= 0) {
    if (write(fd, line, (size_t)length) < 0) {}
    close(fd);
  }
  how = was;
}

__attribute__((destructor)) static void end(void) {
  if (how == COUNT && getpid() == self) tell("operations", below);
}

static int is_below(const char *path) {
  return path && !fnmatch(below, path, FNM_PATHNAME | FNM_LEADING_DIR);
}

/* The path of an open file; nothing when it is not below. */
static const char *path_of(int fd, char *buffer) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, buffer, PATH_MAX - 1);
  if (length <= 0) return NULL;
  buffer[length] = 0;
  return is_below(buffer) ? buffer : NULL;
}

/* The number of this operation when it is chosen to fail, else 0. A process between fork and exec
 * is not the gate. */
static long fails(const char *what, const char *path) {
  if (how != COUNT && how != FAIL && how != SHORT) return 0;
  if (!is_below(path) || getpid() != self) return 0;
  long n = atomic_fetch_add(&met, 1) + 1;
  if (how == COUNT || n < at || n > last) return 0;
  if (n == at) tell(what, path);
  errno = error;
  return n;
}

static long fails_at(const char *what, int fd) {
  char buffer[PATH_MAX];
  if (how != COUNT && how != FAIL && how != SHORT) return 0;
  const char *path = path_of(fd, buffer);
  return path ? fails(what, path) : 0;
}

static void die(void) {
  kill(self, SIGKILL);
  for (;;) pause();
}

static int is_journal(int fd) {
  char buffer[PATH_MAX];
  const char *path = path_of(fd, buffer);
  const char *name = path ? strrchr(path, '/') : NULL;
  return name && !strcmp(name, "/journal.jsonl");
}

static int is_bundle(int fd) {
  char buffer[PATH_MAX];
  const char *path = path_of(fd, buffer);
  const char *name = path ? strrchr(path, '/') : NULL;
  return name && !strncmp(name, "/.bundle", 8);
}

ssize_t write(int fd, const void *bytes, size_t count) {
  REAL(write);
  if (how == ALTER && count > 64 && is_bundle(fd)) {
    char altered[65536];
    size_t some = count < sizeof altered ? count : sizeof altered;
    memcpy(altered, bytes, some);
    altered[some / 2] ^= 1;
    return real(fd, altered, some);
  }
  if ((how == AFTER || how == BEFORE || how == TORN) && is_journal(fd) &&
      atomic_fetch_add(&met, 1) + 1 == at) {
    if (how == AFTER) real(fd, bytes, count);
    if (how == TORN) real(fd, bytes, count / 2);
    die();
  }
  long hit = fails_at("write", fd);
  if (!hit) return real(fd, bytes, count);
  /* What fits is written; what follows finds no room, when it is for good. */
  if (how == SHORT && hit == at && count > 1) return real(fd, bytes, count / 2);
  return -1;
}

static int may_open(const char *what, const char *path, int flags) {
  return !fails(flags & O_CREAT ? "create" : what, path);
}

#define OPEN(name) \
  int name(const char *path, int flags, ...) { \
    REAL(name); \
    va_list rest; \
    va_start(rest, flags); \
    mode_t mode = va_arg(rest, mode_t); \
    va_end(rest); \
    return may_open("open", path, flags) ? real(path, flags, mode) : -1; \
  }
OPEN(open)
OPEN(open64)

/* The path of a name in an open directory. */
static const char *path_at(int directory, const char *path, char *buffer) {
  char link[64];
  if (!path || *path == '/' || directory == AT_FDCWD || how == NOTHING) return path;
  snprintf(link, sizeof link, "/proc/self/fd/%d", directory);
  ssize_t length = readlink(link, buffer, PATH_MAX - 1);
  if (length <= 0) return path;
  snprintf(buffer + length, (size_t)(PATH_MAX - length), "/%s", path);
  return buffer;
}

/* A directory that is opened on the way to a file is none of the operations: what can refuse it
 * refuses the file as well. */
#define OPENAT(name) \
  int name(int directory, const char *path, int flags, ...) { \
    REAL(name); \
    char buffer[PATH_MAX]; \
    va_list rest; \
    va_start(rest, flags); \
    mode_t mode = va_arg(rest, mode_t); \
    va_end(rest); \
    if ((flags & O_DIRECTORY) == O_DIRECTORY) return real(directory, path, flags, mode); \
    return may_open("open", path_at(directory, path, buffer), flags) \
               ? real(directory, path, flags, mode) : -1; \
  }
OPENAT(openat)
OPENAT(openat64)

ssize_t read(int fd, void *bytes, size_t count) {
  REAL(read);
  return fails_at("read", fd) ? -1 : real(fd, bytes, count);
}

int fsync(int fd) {
  REAL(fsync);
  return fails_at("sync", fd) ? -1 : real(fd);
}

int fdatasync(int fd) {
  REAL(fdatasync);
  return fails_at("sync", fd) ? -1 : real(fd);
}

int fchmod(int fd, mode_t mode) {
  REAL(fchmod);
  return fails_at("chmod", fd) ? -1 : real(fd, mode);
}

int ftruncate64(int fd, off64_t length) {
  REAL(ftruncate64);
  return fails_at("truncate", fd) ? -1 : real(fd, length);
}

int mkdir(const char *path, mode_t mode) {
  REAL(mkdir);
  return fails("mkdir", path) ? -1 : real(path, mode);
}

int chmod(const char *path, mode_t mode) {
  REAL(chmod);
  return fails("chmod", path) ? -1 : real(path, mode);
}

int rename(const char *from, const char *to) {
  REAL(rename);
  return fails("rename", to) ? -1 : real(from, to);
}

int mkdirat(int directory, const char *path, mode_t mode) {
  REAL(mkdirat);
  char buffer[PATH_MAX];
  return fails("mkdir", path_at(directory, path, buffer)) ? -1 : real(directory, path, mode);
}

int renameat(int old, const char *from, int new, const char *to) {
  REAL(renameat);
  char buffer[PATH_MAX];
  return fails("rename", path_at(new, to, buffer)) ? -1 : real(old, from, new, to);
}

int unlinkat(int directory, const char *path, int flags) {
  REAL(unlinkat);
  char buffer[PATH_MAX];
  return fails("unlink", path_at(directory, path, buffer)) ? -1 : real(directory, path, flags);
}

DIR *fdopendir(int directory) {
  REAL(fdopendir);
  return fails_at("list", directory) ? NULL : real(directory);
}

int linkat(int old, const char *from, int new, const char *to, int flags) {
  REAL(linkat);
  char buffer[PATH_MAX];
  return fails("link", path_at(new, to, buffer)) ? -1 : real(old, from, new, to, flags);
}

int unlink(const char *path) {
  REAL(unlink);
  return fails("unlink", path) ? -1 : real(path);
}

DIR *opendir(const char *path) {
  REAL(opendir);
  return fails("list", path) ? NULL : real(path);
}

ssize_t copy_file_range(int from, off64_t *in, int to, off64_t *out, size_t count, unsigned flags) {
  REAL(copy_file_range);
  return fails_at("copy", to) ? -1 : real(from, in, to, out, count, flags);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
  REAL(clock_gettime);
  int failed = real(clock, now);
  if (!failed && clock == CLOCK_REALTIME) now->tv_sec += wrong;
  return failed;
}
