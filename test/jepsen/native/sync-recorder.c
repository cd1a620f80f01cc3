/*
 * Notes what a process makes durable in SYNC_RECORDER_ROOT, one line per event, to SYNC_RECORDER_LOG:
 *   C <path>         created, or emptied
 *   S <length> <path> synced; the length is that before the sync began
 *   D <path>         a directory was synced
 *   R <old>\t<new>   renamed
 *   L <old>\t<new>   the file got another name besides
 *   U <path>         removed
 * A sync is noted after it succeeded. With SYNC_RECORDER_DEAF set, syncs succeed and are not noted.
 * Preload it: LD_PRELOAD on Linux with a dynamic libc.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static int is_watched(const char *path) {
  const char *root = getenv("SYNC_RECORDER_ROOT");
  size_t length = root == NULL ? 0 : strlen(root);
  return length > 0 && strncmp(path, root, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

static void note(const char *format, ...) {
  static int log_fd = -1;
  int saved = errno;
  if (log_fd == -1) {
    const char *path = getenv("SYNC_RECORDER_LOG");
    int fd = path == NULL ? -1 : NEXT(open)(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd == -1) abort();
    int none = -1;
    if (!__atomic_compare_exchange_n(&log_fd, &none, fd, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) close(fd);
  }
  char line[2 * PATH_MAX + 64];
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  if (length < 0 || (size_t)length >= sizeof line || write(log_fd, line, length) != length) abort();
  errno = saved;
}

/* Whether opening with these flags makes or empties the file; asked before it is opened. */
static int makes(const char *path, int flags) {
  int saved = errno;
  int result = is_watched(path) && (flags & O_ACCMODE) != O_RDONLY &&
               ((flags & O_TRUNC) != 0 || ((flags & O_CREAT) != 0 && access(path, F_OK) != 0));
  errno = saved;
  return result;
}

#define OPEN(name)                                            \
  int name(const char *path, int flags, ...) {                \
    mode_t mode = 0;                                          \
    if (flags & (O_CREAT | __O_TMPFILE)) {                    \
      va_list arguments;                                      \
      va_start(arguments, flags);                             \
      mode = va_arg(arguments, mode_t);                       \
      va_end(arguments);                                      \
    }                                                         \
    int made = makes(path, flags);                            \
    int fd = NEXT(name)(path, flags, mode);                   \
    if (made && fd != -1) note("C %s\n", path);               \
    return fd;                                                \
  }
OPEN(open)
OPEN(open64)

#define FOPEN(name)                                           \
  FILE *name(const char *path, const char *mode) {            \
    int made = makes(path, mode[0] == 'w' ? O_WRONLY | O_TRUNC : mode[0] == 'a' ? O_WRONLY | O_CREAT : O_RDONLY); \
    FILE *file = NEXT(name)(path, mode);                      \
    if (made && file != NULL) note("C %s\n", path);           \
    return file;                                              \
  }
FOPEN(fopen)
FOPEN(fopen64)

int rename(const char *from, const char *to) {
  int result = NEXT(rename)(from, to);
  if (result == 0 && is_watched(to)) note("R %s\t%s\n", from, to);
  return result;
}

int link(const char *from, const char *to) {
  int result = NEXT(link)(from, to);
  if (result == 0 && is_watched(to)) note("L %s\t%s\n", from, to);
  return result;
}

int unlink(const char *path) {
  int result = NEXT(unlink)(path);
  if (result == 0 && is_watched(path)) note("U %s\n", path);
  return result;
}

static int sync_and_note(int fd, int (*sync)(int)) {
  struct stat before;
  int known = fstat(fd, &before);
  int result = sync(fd);
  if (result != 0 || known != 0 || getenv("SYNC_RECORDER_DEAF") != NULL) return result;
  char link[64], path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length <= 0) return result;
  path[length] = '\0';
  if (!is_watched(path)) return result;
  if (S_ISDIR(before.st_mode)) note("D %s\n", path);
  else note("S %lld %s\n", (long long)before.st_size, path);
  return result;
}

int fsync(int fd) { return sync_and_note(fd, NEXT(fsync)); }
int fdatasync(int fd) { return sync_and_note(fd, NEXT(fdatasync)); }
