/*
 * Makes the disk below FAILING_DISK_ROOT fail from the moment that the file FAILING_DISK_TRIGGER exists, in the way
 * that FAILING_DISK_MODE names:
 *   sync-once      the next sync fails with EIO, later ones succeed and sync nothing, as a kernel does that dropped
 *                  the dirty pages
 *   sync-forever   every sync fails with EIO
 *   write-eio      every write fails with EIO
 *   write-full     every write fails with ENOSPC, after half of it was written
 *   write-full-once  the next write through stdio, as LevelDB's are, does, and later ones work: there is room again
 *   sync-slow      every sync takes a fifth of a second, and works
 *   sync-hang      no sync ever returns, and the first leaves a file beside the trigger, its name with "-hangs" behind
 * Preload it: LD_PRELOAD on Linux with a dynamic libc.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

/* Macros where there is optimization. */
#undef fwrite_unlocked

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static int is_mode(const char *mode) {
  const char *set = getenv("FAILING_DISK_MODE");
  const char *trigger = getenv("FAILING_DISK_TRIGGER");
  return set != NULL && trigger != NULL && strcmp(set, mode) == 0 && access(trigger, F_OK) == 0;
}

static int is_watched(int fd) {
  const char *root = getenv("FAILING_DISK_ROOT");
  char link[64], path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (root == NULL || length <= 0) return 0;
  path[length] = '\0';
  size_t end = strlen(root);
  return strncmp(path, root, end) == 0 && path[end] == '/';
}

static int fail(int code) {
  errno = code;
  return -1;
}

static void hang(void) {
  char path[PATH_MAX];
  snprintf(path, sizeof path, "%s-hangs", getenv("FAILING_DISK_TRIGGER"));
  close(creat(path, 0600));
  for (;;) pause();
}

static int sync_or_fail(int fd, int (*sync)(int)) {
  static int failed = 0;
  int saved = errno;
  int watched = is_watched(fd);
  int once = watched && is_mode("sync-once");
  int forever = watched && is_mode("sync-forever");
  int slow = watched && is_mode("sync-slow");
  int hangs = watched && is_mode("sync-hang");
  errno = saved;
  if (hangs) hang();
  if (forever) return fail(EIO);
  if (once) return __atomic_exchange_n(&failed, 1, __ATOMIC_SEQ_CST) == 0 ? fail(EIO) : 0;
  if (slow) usleep(200000);
  return sync(fd);
}

int fsync(int fd) { return sync_or_fail(fd, NEXT(fsync)); }
int fdatasync(int fd) { return sync_or_fail(fd, NEXT(fdatasync)); }

/* 0: let it through; otherwise the error to fail with. */
static int write_failure(int fd) {
  int saved = errno;
  int watched = is_watched(fd);
  int code = watched && is_mode("write-eio") ? EIO : watched && is_mode("write-full") ? ENOSPC : 0;
  errno = saved;
  return code;
}

static int is_full_once(int fd) {
  static int failed = 0;
  int saved = errno;
  int once = is_watched(fd) && is_mode("write-full-once");
  errno = saved;
  return once && __atomic_exchange_n(&failed, 1, __ATOMIC_SEQ_CST) == 0;
}

/* What fwrite hands to the kernel goes past `write`, within libc. */
size_t fwrite_unlocked(const void *bytes, size_t size, size_t count, FILE *file) {
  int fd = fileno_unlocked(file);
  int code = is_full_once(fd) ? ENOSPC : write_failure(fd);
  if (code == 0) return NEXT(fwrite_unlocked)(bytes, size, count, file);
  size_t written = code == ENOSPC ? NEXT(fwrite_unlocked)(bytes, size, count / 2, file) : 0;
  if (code == ENOSPC) fflush_unlocked(file);
  errno = code;
  return written;
}

ssize_t write(int fd, const void *bytes, size_t count) {
  int code = write_failure(fd);
  if (code == 0) return NEXT(write)(fd, bytes, count);
  if (code == ENOSPC && count > 1) return NEXT(write)(fd, bytes, count / 2);
  return fail(code);
}

#define PWRITE(name, offset_type)                                                 \
  ssize_t name(int fd, const void *bytes, size_t count, offset_type offset) {     \
    int code = write_failure(fd);                                                 \
    return code == 0 ? NEXT(name)(fd, bytes, count, offset) : fail(code);         \
  }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

#define PWRITEV(name, offset_type)                                                \
  ssize_t name(int fd, const struct iovec *parts, int count, offset_type offset) { \
    int code = write_failure(fd);                                                 \
    return code == 0 ? NEXT(name)(fd, parts, count, offset) : fail(code);         \
  }
PWRITEV(pwritev, off_t)
PWRITEV(pwritev64, off64_t)

ssize_t writev(int fd, const struct iovec *parts, int count) {
  int code = write_failure(fd);
  return code == 0 ? NEXT(writev)(fd, parts, count) : fail(code);
}
