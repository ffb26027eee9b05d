// A disk that loses power. Preloaded (LD_PRELOAD) it stands between a program and the files below one folder, remembers
// what they held at their last fsync, and at a chosen moment ends the process as a power failure would: of everything
// written since, each 512-byte sector (sometimes half of one) is either there or not, at random from a seed; files
// that were created or removed without their folder being synced may be gone or back.
//
//   AMITY_SHIM_FOLDER        the files below it are watched; without it the shim does nothing
//   AMITY_SHIM_SEED          of the random choices (default 1)
//   AMITY_SHIM_CRASH_AFTER   power fails at the n-th write, truncation, removal or sync; SIGUSR1: at the next one
//   AMITY_SHIM_FAIL_SYNC     the n-th sync answers EIO, and what it should have made durable never is, as on Linux
//   AMITY_SHIM_SPACE         growth beyond so many bytes answers ENOSPC, until a file `space-again` is in the folder
//
// The process ends with status 137. Real syncs are left out: durability is played, not had. Files written through mmap
// are not watched (SQLite's -shm is such a one and is rebuilt after a crash anyway).
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { kSector = 512, kBuckets = 8192, kMaxFiles = 256, kMaxHandles = 4096 };

struct sector {
  int64_t index;
  int is_stuck;  // a failed sync gave it up: later syncs do not make it durable
  struct sector* next;
  unsigned char before[kSector];
};

struct file {
  dev_t device;
  ino_t inode;
  int own;  // never closed: closing any handle of a file drops the process's locks on it
  int64_t synced_size;
  int is_new;      // created, folder not synced since
  int is_removed;  // unlinked, folder not synced since; kept under `kept_path`
  char path[PATH_MAX];
  char kept_path[PATH_MAX];
  struct sector* sectors[kBuckets];
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static const char* folder;
static uint64_t random_state = 1;
static int64_t crash_after = -1, fail_sync = -1, space = -1;
static int64_t operations, syncs, grown;
static volatile sig_atomic_t crash_now;
static struct file* files[kMaxFiles];
static int file_count;
static struct file* handles[kMaxHandles];
static char is_folder[kMaxHandles];

static int (*real_open)(const char*, int, ...);
static ssize_t (*real_write)(int, const void*, size_t);
static ssize_t (*real_pwrite)(int, const void*, size_t, off_t);
static int (*real_fsync)(int);
static int (*real_ftruncate)(int, off_t);
static int (*real_unlink)(const char*);
static int (*real_close)(int);

static uint64_t next_random(void) {  // xorshift64*
  random_state ^= random_state >> 12;
  random_state ^= random_state << 25;
  random_state ^= random_state >> 27;
  return random_state * 2685821657736338717ULL;
}

static int chance(int percent) { return (int)(next_random() >> 33) % 100 < percent; }

static int64_t number_from(const char* name) {
  const char* text = getenv(name);
  return text == NULL ? -1 : atoll(text);
}

static void on_signal(int signal_number) {
  (void)signal_number;
  crash_now = 1;
}

static void set_up(void) {
  *(void**)&real_open = dlsym(RTLD_NEXT, "open64");
  *(void**)&real_write = dlsym(RTLD_NEXT, "write");
  *(void**)&real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
  *(void**)&real_fsync = dlsym(RTLD_NEXT, "fsync");
  *(void**)&real_ftruncate = dlsym(RTLD_NEXT, "ftruncate64");
  *(void**)&real_unlink = dlsym(RTLD_NEXT, "unlink");
  *(void**)&real_close = dlsym(RTLD_NEXT, "close");
  folder = getenv("AMITY_SHIM_FOLDER");
  if (folder == NULL) return;
  const int64_t seed = number_from("AMITY_SHIM_SEED");
  random_state = (uint64_t)(seed < 1 ? 1 : seed) * 0x9e3779b97f4a7c15ULL;
  crash_after = number_from("AMITY_SHIM_CRASH_AFTER");
  fail_sync = number_from("AMITY_SHIM_FAIL_SYNC");
  space = number_from("AMITY_SHIM_SPACE");
  signal(SIGUSR1, on_signal);
}

static int64_t size_of(int handle) {
  struct stat info;
  return fstat(handle, &info) == 0 ? info.st_size : 0;
}

// Puts a sector back as it was at the last sync, or one half of it.
static void undo_sector(struct file* file, const struct sector* sector) {
  const int is_half = chance(12);
  const int64_t skip = is_half && chance(50) ? kSector / 2 : 0;
  const size_t size = is_half ? kSector / 2 : kSector;
  const int64_t start = sector->index * kSector + skip;
  if (start >= size_of(file->own)) return;
  (void)!real_pwrite(file->own, sector->before + skip, size, start);
}

static void undo_file(struct file* file) {
  const int percents[] = {0, 10, 50, 90, 100};  // how much is lost differs from crash to crash
  const int percent = percents[next_random() % 5];
  const int64_t size = size_of(file->own);
  if (size < file->synced_size && chance(50)) (void)!real_ftruncate(file->own, file->synced_size);
  for (int bucket = 0; bucket < kBuckets; ++bucket) {
    for (const struct sector* sector = file->sectors[bucket]; sector != NULL; sector = sector->next) {
      if (chance(percent)) undo_sector(file, sector);
    }
  }
  if (size_of(file->own) > file->synced_size && chance(percent)) {
    (void)!real_ftruncate(file->own, file->synced_size);
  }
  if (file->is_removed && chance(50)) (void)!link(file->kept_path, file->path);
  if (file->is_removed) real_unlink(file->kept_path);
  if (file->is_new && !file->is_removed && chance(50)) real_unlink(file->path);
}

static void crash(void) {
  for (int i = 0; i < file_count; ++i) undo_file(files[i]);
  _exit(137);
}

// Every watched operation passes here, with the lock held. Power fails before it, or (true) right after it.
static int is_last_operation(void) {
  ++operations;
  const int is_last = crash_now || operations == crash_after;
  if (is_last && chance(50)) crash();
  return is_last;
}

static void remember(struct file* file, int64_t offset, int64_t length) {
  for (int64_t index = offset / kSector; index <= (offset + length - 1) / kSector; ++index) {
    struct sector** place = &file->sectors[(uint64_t)index % kBuckets];
    struct sector* found = *place;
    while (found != NULL && found->index != index) found = found->next;
    if (found != NULL) continue;
    struct sector* sector = calloc(1, sizeof *sector);
    if (sector == NULL) abort();
    sector->index = index;
    (void)!pread(file->own, sector->before, kSector, index * kSector);
    sector->next = *place;
    *place = sector;
  }
}

static void forget(struct file* file, int is_failed) {
  for (int bucket = 0; bucket < kBuckets; ++bucket) {
    struct sector** place = &file->sectors[bucket];
    while (*place != NULL) {
      struct sector* sector = *place;
      if (is_failed) sector->is_stuck = 1;
      if (sector->is_stuck) {
        place = &sector->next;
      } else {
        *place = sector->next;
        free(sector);
      }
    }
  }
  if (!is_failed) file->synced_size = size_of(file->own);
}

static struct file* watched(int handle) { return handle >= 0 && handle < kMaxHandles ? handles[handle] : NULL; }

static int is_inside(const char* path) {
  return folder != NULL && path != NULL && strncmp(path, folder, strlen(folder)) == 0;
}

static struct file* file_of(const struct stat* info) {
  for (int i = 0; i < file_count; ++i) {
    if (files[i]->inode == info->st_ino && files[i]->device == info->st_dev) return files[i];
  }
  return NULL;
}

static void watch(int handle, const char* path, int was_there) {
  struct stat info;
  if (handle < 0 || handle >= kMaxHandles || fstat(handle, &info) != 0) return;
  is_folder[handle] = S_ISDIR(info.st_mode);
  const size_t length = strlen(path);
  const int is_shared_memory = length > 4 && strcmp(path + length - 4, "-shm") == 0;
  if (!S_ISREG(info.st_mode) || is_shared_memory) return;
  handles[handle] = file_of(&info);
  if (handles[handle] != NULL) return;
  const int own = real_open(path, O_RDWR | O_CLOEXEC);
  struct file* file = file_count < kMaxFiles ? calloc(1, sizeof *file) : NULL;
  if (own < 0 || file == NULL) abort();
  file->device = info.st_dev;
  file->inode = info.st_ino;
  file->own = own;
  file->synced_size = info.st_size;
  file->is_new = !was_there;
  snprintf(file->path, sizeof file->path, "%s", path);
  files[file_count++] = file;
  handles[handle] = file;
}

static int opened(const char* path, int flags, mode_t mode) {
  pthread_once(&once, set_up);
  if (!is_inside(path)) return real_open(path, flags, mode);
  pthread_mutex_lock(&mutex);
  const int was_there = access(path, F_OK) == 0;
  const int handle = real_open(path, flags, mode);
  const int problem = errno;
  watch(handle, path, was_there);
  pthread_mutex_unlock(&mutex);
  errno = problem;
  return handle;
}

static int lacks_space(struct file* file, int64_t offset, int64_t length) {
  const int64_t growth = offset + length - size_of(file->own);
  if (space < 0 || growth <= 0) return 0;
  if (grown + growth <= space) {
    grown += growth;
    return 0;
  }
  char path[PATH_MAX];
  snprintf(path, sizeof path, "%s/space-again", folder);
  if (access(path, F_OK) != 0) return 1;
  space = -1;
  return 0;
}

static ssize_t written(int handle, const void* data, size_t size, int64_t offset, int is_positioned) {
  struct file* file = watched(handle);
  pthread_mutex_lock(&mutex);
  const int is_last = is_last_operation();
  ssize_t result = -1;
  if (lacks_space(file, offset, (int64_t)size)) {
    errno = ENOSPC;
  } else {
    if (size > 0) remember(file, offset, (int64_t)size);
    result = is_positioned ? real_pwrite(handle, data, size, offset) : real_write(handle, data, size);
  }
  if (is_last) crash();
  const int problem = errno;
  pthread_mutex_unlock(&mutex);
  errno = problem;
  return result;
}

static void settle_folder(void) {
  for (int i = 0; i < file_count; ++i) {
    files[i]->is_new = 0;
    if (files[i]->is_removed) real_unlink(files[i]->kept_path);
    files[i]->is_removed = 0;
  }
}

static int synced(int handle) {
  pthread_once(&once, set_up);
  struct file* file = watched(handle);
  const int is_ours = file != NULL || (folder != NULL && handle >= 0 && handle < kMaxHandles && is_folder[handle]);
  if (!is_ours) return real_fsync(handle);
  pthread_mutex_lock(&mutex);
  const int is_last = is_last_operation();
  const int is_failed = ++syncs == fail_sync;
  if (file != NULL) forget(file, is_failed);
  if (file == NULL && !is_failed) settle_folder();
  if (is_last) crash();
  pthread_mutex_unlock(&mutex);
  if (is_failed) errno = EIO;
  return is_failed ? -1 : 0;
}

static int truncated(int handle, off_t size) {
  pthread_once(&once, set_up);
  struct file* file = watched(handle);
  if (file == NULL) return real_ftruncate(handle, size);
  pthread_mutex_lock(&mutex);
  const int is_last = is_last_operation();
  const int64_t before = size_of(handle);
  if (size < before) remember(file, size, before - size);
  const int result = real_ftruncate(handle, size);
  if (is_last) crash();
  pthread_mutex_unlock(&mutex);
  return result;
}

// The mode is only there when a file may be made; reading it otherwise gives a number nobody looks at.
int open(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = va_arg(rest, mode_t);
  va_end(rest);
  return opened(path, flags, mode);
}
int open64(const char* path, int flags, ...) __attribute__((alias("open")));
int __open_2(const char* path, int flags) { return opened(path, flags, 0); }
int __open64_2(const char* path, int flags) { return opened(path, flags, 0); }

int close(int handle) {
  pthread_once(&once, set_up);
  if (handle >= 0 && handle < kMaxHandles) {
    pthread_mutex_lock(&mutex);
    handles[handle] = NULL;
    is_folder[handle] = 0;
    pthread_mutex_unlock(&mutex);
  }
  return real_close(handle);
}

ssize_t write(int handle, const void* data, size_t size) {
  pthread_once(&once, set_up);
  if (watched(handle) == NULL) return real_write(handle, data, size);
  const int is_appending = (fcntl(handle, F_GETFL) & O_APPEND) != 0;
  return written(handle, data, size, is_appending ? size_of(handle) : lseek(handle, 0, SEEK_CUR), 0);
}

ssize_t pwrite(int handle, const void* data, size_t size, off_t offset) {
  pthread_once(&once, set_up);
  if (watched(handle) == NULL) return real_pwrite(handle, data, size, offset);
  return written(handle, data, size, offset, 1);
}
ssize_t pwrite64(int, const void*, size_t, off_t) __attribute__((alias("pwrite")));

int fsync(int handle) { return synced(handle); }
int fdatasync(int handle) { return synced(handle); }
int ftruncate(int handle, off_t size) { return truncated(handle, size); }
int ftruncate64(int, off_t) __attribute__((alias("ftruncate")));

// The file keeps another name until its folder is synced, so that a crash can bring it back.
int unlink(const char* path) {
  pthread_once(&once, set_up);
  if (!is_inside(path)) return real_unlink(path);
  pthread_mutex_lock(&mutex);
  const int is_last = is_last_operation();
  struct stat info;
  struct file* file = stat(path, &info) == 0 ? file_of(&info) : NULL;
  if (file != NULL && !file->is_removed) {
    snprintf(file->kept_path, sizeof file->kept_path, "%.*s.removed-%d", PATH_MAX - 32, path, file->own);
    file->is_removed = link(path, file->kept_path) == 0;
  }
  const int result = real_unlink(path);
  if (is_last) crash();
  pthread_mutex_unlock(&mutex);
  return result;
}

__attribute__((destructor)) static void end(void) {
  for (int i = 0; i < file_count; ++i) {
    if (files[i]->is_removed) real_unlink(files[i]->kept_path);
  }
}
