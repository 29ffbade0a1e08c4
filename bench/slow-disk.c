/* Makes every sync of a file take SLOW_DISK_MS milliseconds longer: loaded before libc (LD_PRELOAD) by bench/slow-disk.ts. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

static void slowly(void) {
  const char *told = getenv("SLOW_DISK_MS");
  long ms = told ? atol(told) : 0;
  struct timespec rest = {ms / 1000, (ms % 1000) * 1000000L};
  if (ms > 0) nanosleep(&rest, NULL);
}

int fdatasync(int fd) {
  int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
  slowly();
  return real(fd);
}

int fsync(int fd) {
  int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
  slowly();
  return real(fd);
}
