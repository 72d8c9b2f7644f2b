/* A disk that fails as it is told: preloaded into the bot (LD_PRELOAD).
 *
 * The file that DISK_ORDERS names holds one letter, which may change at any time: "f", the disk is full (ENOSPC);
 * "r", it is read-only (EROFS); "s", what was written cannot be brought to it (EIO at fsync). Anything else: all is
 * well. Only the files of the store are concerned, and only calls that write. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

static const volatile char *orders;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("DISK_ORDERS");
    int fd = path ? open(path, O_RDONLY) : -1;
    if (fd < 0) return;
    void *page = mmap(NULL, 1, PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    if (page != MAP_FAILED) orders = page;
}

static int of_store(int fd) {
    char link[40], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(link, path, sizeof path - 1);
    if (size < 0) return 0;
    path[size] = 0;
    return strstr(path, "countersign.db") != NULL;
}

/* The error of a call that writes to a file, or 0. */
static int refused(int fd, int syncs) {
    char order = orders ? *orders : 0;
    int error = order == 'f' && !syncs ? ENOSPC : order == 'r' && !syncs ? EROFS : order == 's' && syncs ? EIO : 0;
    return error && of_store(fd) ? error : 0;
}

#define REAL(name) static __typeof__(name) *real; if (!real) real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)
#define UNLESS_REFUSED(fd, syncs) int error = refused(fd, syncs); if (error) { errno = error; return -1; }

ssize_t write(int fd, const void *what, size_t size) { REAL(write); UNLESS_REFUSED(fd, 0) return real(fd, what, size); }
ssize_t pwrite(int fd, const void *what, size_t size, off_t at) { REAL(pwrite); UNLESS_REFUSED(fd, 0) return real(fd, what, size, at); }
ssize_t pwrite64(int fd, const void *what, size_t size, off64_t at) { REAL(pwrite64); UNLESS_REFUSED(fd, 0) return real(fd, what, size, at); }
int ftruncate(int fd, off_t size) { REAL(ftruncate); UNLESS_REFUSED(fd, 0) return real(fd, size); }
int ftruncate64(int fd, off64_t size) { REAL(ftruncate64); UNLESS_REFUSED(fd, 0) return real(fd, size); }
int fallocate(int fd, int mode, off_t at, off_t size) { REAL(fallocate); UNLESS_REFUSED(fd, 0) return real(fd, mode, at, size); }
int fsync(int fd) { REAL(fsync); UNLESS_REFUSED(fd, 1) return real(fd); }
int fdatasync(int fd) { REAL(fdatasync); UNLESS_REFUSED(fd, 1) return real(fd); }
