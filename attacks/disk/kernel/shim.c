/*
 * Preloaded into a process: the n-th call of one kind on files below one folder fails, is cut short, or ends the process before or
 * after the kernel has done it. Everything else goes to the C library as it is.
 *
 *   SHIM_FOLDER  prefix of the paths that count
 *   SHIM_CALL    write | fsync | rename | link | read
 *   SHIM_NTH     from 1; 0: count only
 *   SHIM_ACTION  EIO | ENOSPC | short | torn | kill-before | kill-after; torn: half is written, then the process ends
 *   SHIM_STAYS   1: every later call of the kind fails too
 *   SHIM_TOLD    file that is made when it strikes; with SHIM_NTH=0 each call adds a byte to it
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static atomic_int calls;

enum strike { PASS, FAIL, SHORT, TORN, BEFORE, AFTER };

static const char *setting(const char *name) {
  const char *value = getenv(name);
  return value == NULL ? "" : value;
}

static void tell(void) {
  int file = (int)syscall(SYS_openat, AT_FDCWD, setting("SHIM_TOLD"), O_WRONLY | O_CREAT | O_APPEND, 0600);
  if (file < 0) return;
  syscall(SYS_write, file, "x", 1);
  syscall(SYS_close, file);
}

static void end(void) {
  syscall(SYS_kill, getpid(), SIGKILL);
  for (;;) pause();
}

static int is_below(const char *path) {
  const char *folder = setting("SHIM_FOLDER");
  return *folder != 0 && path != NULL && strncmp(path, folder, strlen(folder)) == 0;
}

static int is_below_of(int file) {
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return is_below(path);
}

/* What becomes of this call; for a path or, without one, a file. */
static enum strike struck(const char *call, const char *path, int file) {
  if (strcmp(setting("SHIM_CALL"), call) != 0) return PASS;
  if (!(path != NULL ? is_below(path) : is_below_of(file))) return PASS;
  int nth = atoi(setting("SHIM_NTH"));
  int count = atomic_fetch_add(&calls, 1) + 1;
  if (nth == 0) tell();
  if (nth == 0 || count < nth || (count > nth && *setting("SHIM_STAYS") != '1')) return PASS;
  tell();
  const char *action = setting("SHIM_ACTION");
  if (strcmp(action, "short") == 0) return SHORT;
  if (strcmp(action, "torn") == 0) return TORN;
  if (strcmp(action, "kill-after") == 0) return AFTER;
  if (strcmp(action, "kill-before") == 0) end();
  errno = strcmp(action, "ENOSPC") == 0 ? ENOSPC : EIO;
  return FAIL;
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define CALL(kind, path, file, real)                 \
  do {                                               \
    enum strike strike = struck(kind, path, file);   \
    if (strike == FAIL) return -1;                   \
    __auto_type result = (real);                     \
    if (strike == AFTER || strike == TORN) end();    \
    return result;                                   \
  } while (0)

/* A write that is cut short takes half of the bytes, at least one. */
static ssize_t write_part(int file, const struct iovec *parts, int count, off_t at, ssize_t (*real)(int, const struct iovec *, int, off_t)) {
  size_t all = 0;
  for (int i = 0; i < count; i++) all += parts[i].iov_len;
  size_t left = all < 2 ? all : all / 2;
  struct iovec cut[1024];
  int used = 0;
  for (int i = 0; i < count && i < 1024 && left > 0; i++) {
    cut[used] = parts[i];
    if (cut[used].iov_len > left) cut[used].iov_len = left;
    left -= cut[used++].iov_len;
  }
  return real(file, cut, used, at);
}

static ssize_t written(int file, const struct iovec *parts, int count, off_t at, ssize_t (*real)(int, const struct iovec *, int, off_t)) {
  enum strike strike = struck("write", NULL, file);
  if (strike == FAIL) return -1;
  ssize_t result = strike == SHORT || strike == TORN ? write_part(file, parts, count, at, real) : real(file, parts, count, at);
  if (strike == AFTER || strike == TORN) end();
  return result;
}

static ssize_t at_end(int file, const struct iovec *parts, int count, off_t at) {
  (void)at;
  return NEXT(writev)(file, parts, count);
}

ssize_t pwritev(int file, const struct iovec *parts, int count, off_t at) { return written(file, parts, count, at, NEXT(pwritev)); }
ssize_t pwritev64(int file, const struct iovec *parts, int count, off64_t at) {
  return written(file, parts, count, at, (ssize_t(*)(int, const struct iovec *, int, off_t))NEXT(pwritev64));
}
ssize_t writev(int file, const struct iovec *parts, int count) { return written(file, parts, count, 0, at_end); }
ssize_t pwrite(int file, const void *bytes, size_t size, off_t at) {
  struct iovec part = {(void *)bytes, size};
  return written(file, &part, 1, at, NEXT(pwritev));
}
ssize_t pwrite64(int file, const void *bytes, size_t size, off64_t at) {
  struct iovec part = {(void *)bytes, size};
  return written(file, &part, 1, at, NEXT(pwritev));
}
ssize_t write(int file, const void *bytes, size_t size) {
  struct iovec part = {(void *)bytes, size};
  return written(file, &part, 1, 0, at_end);
}

int fsync(int file) { CALL("fsync", NULL, file, NEXT(fsync)(file)); }
int fdatasync(int file) { CALL("fsync", NULL, file, NEXT(fdatasync)(file)); }
int rename(const char *from, const char *to) { CALL("rename", to, -1, NEXT(rename)(from, to)); }
int link(const char *from, const char *to) { CALL("link", to, -1, NEXT(link)(from, to)); }
ssize_t pread(int file, void *bytes, size_t size, off_t at) { CALL("read", NULL, file, NEXT(pread)(file, bytes, size, at)); }
ssize_t pread64(int file, void *bytes, size_t size, off64_t at) { CALL("read", NULL, file, NEXT(pread64)(file, bytes, size, at)); }
ssize_t preadv(int file, const struct iovec *parts, int count, off_t at) { CALL("read", NULL, file, NEXT(preadv)(file, parts, count, at)); }
ssize_t preadv64(int file, const struct iovec *parts, int count, off64_t at) { CALL("read", NULL, file, NEXT(preadv64)(file, parts, count, at)); }
ssize_t read(int file, void *bytes, size_t size) { CALL("read", NULL, file, NEXT(read)(file, bytes, size)); }
