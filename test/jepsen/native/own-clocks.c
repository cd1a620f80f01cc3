/*
 * Gives a process clocks of its own. OWN_CLOCKS names a file that holds a `struct clocks`, mapped and read at every
 * question, so that a test changes them while the process runs:
 *   wall time is off by `wall_offset_ns`
 *   all time runs at `rate`, from where it stood when that rate began; timeouts of epoll wait accordingly
 * Whoever writes fills the span not in use, from a moment to come, and then names it: time never leaps or turns back.
 * Preload it: LD_PRELOAD on Linux with a dynamic libc.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

struct span {
  int64_t from_ns;  /* of the real monotonic clock */
  int64_t shown_ns; /* what is shown then */
  double rate;
};

struct clocks {
  int64_t wall_offset_ns;
  int64_t current; /* 0 or 1 */
  struct span spans[2];
};

static const volatile struct clocks *clocks = NULL;
static int (*real_clock)(clockid_t, struct timespec *) = NULL;

__attribute__((constructor)) static void begin(void) {
  real_clock = NEXT(clock_gettime);
  const char *path = getenv("OWN_CLOCKS");
  int fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  void *mapped = mmap(NULL, sizeof(struct clocks), PROT_READ, MAP_SHARED, fd, 0);
  close(fd);
  if (mapped != MAP_FAILED) clocks = mapped;
}

static int64_t in_ns(const struct timespec *time) { return (int64_t)time->tv_sec * 1000000000 + time->tv_nsec; }

static void set_ns(struct timespec *time, int64_t ns) {
  time->tv_sec = ns / 1000000000;
  time->tv_nsec = ns % 1000000000;
}

/* The span in force at a moment of the real monotonic clock. */
static struct span span_at(int64_t ns) {
  int64_t current = clocks->current & 1;
  struct span span = clocks->spans[current];
  return ns >= span.from_ns ? span : clocks->spans[1 - current];
}

static int64_t shown_at(int64_t ns) {
  struct span span = span_at(ns);
  return span.shown_ns + (int64_t)((double)(ns - span.from_ns) * span.rate);
}

int clock_gettime(clockid_t id, struct timespec *time) {
  if (real_clock == NULL) real_clock = NEXT(clock_gettime);
  int done = real_clock(id, time);
  if (done != 0 || clocks == NULL) return done;
  switch (id) {
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_BOOTTIME:
      set_ns(time, shown_at(in_ns(time)));
      return 0;
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE: {
      struct timespec monotonic;
      real_clock(CLOCK_MONOTONIC, &monotonic);
      int64_t ns = in_ns(&monotonic);
      set_ns(time, in_ns(time) + clocks->wall_offset_ns + shown_at(ns) - ns);
      return 0;
    }
    default:
      return 0;
  }
}

int gettimeofday(struct timeval *restrict shown, void *restrict zone) {
  (void)zone;
  struct timespec time;
  clock_gettime(CLOCK_REALTIME, &time);
  shown->tv_sec = time.tv_sec;
  shown->tv_usec = time.tv_nsec / 1000;
  return 0;
}

time_t time(time_t *out) {
  struct timespec time;
  clock_gettime(CLOCK_REALTIME, &time);
  if (out != NULL) *out = time.tv_sec;
  return time.tv_sec;
}

/* As long as the process takes for that many of its own milliseconds. */
static int waited(int timeout) {
  struct timespec monotonic;
  if (timeout <= 0 || clocks == NULL || real_clock == NULL) return timeout;
  real_clock(CLOCK_MONOTONIC, &monotonic);
  return (int)((double)timeout / span_at(in_ns(&monotonic)).rate + 0.999);
}

int epoll_wait(int fd, struct epoll_event *events, int count, int timeout) {
  return NEXT(epoll_wait)(fd, events, count, waited(timeout));
}

int epoll_pwait(int fd, struct epoll_event *events, int count, int timeout, const sigset_t *mask) {
  return NEXT(epoll_pwait)(fd, events, count, waited(timeout), mask);
}
