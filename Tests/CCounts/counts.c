#define _GNU_SOURCE
#include "counts.h"

#include <stdatomic.h>

static atomic_int counting;
static atomic_long allocations, references;

void kv_start_counts(void) {
  allocations = 0;
  references = 0;
  counting = 1;
}
void kv_stop_counts(void) { counting = 0; }
long kv_allocations(void) { return allocations; }
long kv_reference_counts(void) { return references; }

#if defined(__linux__) && defined(__x86_64__) && !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)
#include <features.h>
#if defined(__GLIBC__)
#define CAN_COUNT
#endif
#endif

#if defined(CAN_COUNT)
#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>
#include <stdint.h>

int kv_can_count(void) { return 1; }

static inline void note_allocation(void) {
  if (atomic_load_explicit(&counting, memory_order_relaxed)) allocations++;
}

void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);

void *malloc(size_t bytes) {
  note_allocation();
  return __libc_malloc(bytes);
}
void *calloc(size_t count, size_t bytes) {
  note_allocation();
  return __libc_calloc(count, bytes);
}
void *realloc(void *old, size_t bytes) {
  note_allocation();
  return __libc_realloc(old, bytes);
}
void *memalign(size_t alignment, size_t bytes) {
  note_allocation();
  return __libc_memalign(alignment, bytes);
}
void *aligned_alloc(size_t alignment, size_t bytes) { return memalign(alignment, bytes); }
int posix_memalign(void **place, size_t alignment, size_t bytes) {
  *place = memalign(alignment, bytes);
  return *place ? 0 : ENOMEM;
}

// An address that is not positive is no object: Swift keeps short texts in such words.
static inline void note_reference(void *object) {
  if ((intptr_t)object > 0 && atomic_load_explicit(&counting, memory_order_relaxed)) references++;
}

#define COUNTED(result, name, parameters, ...)                      \
  result name parameters {                                          \
    static _Atomic(result(*) parameters) real;                      \
    result(*found) parameters = real;                               \
    if (!found) real = found = (result(*) parameters)dlsym(RTLD_NEXT, #name); \
    note_reference(object);                                         \
    return found(__VA_ARGS__);                                      \
  }

COUNTED(void *, swift_retain, (void *object), object)
COUNTED(void *, swift_retain_n, (void *object, uint32_t count), object, count)
COUNTED(void, swift_release, (void *object), object)
COUNTED(void, swift_release_n, (void *object, uint32_t count), object, count)
COUNTED(void *, swift_bridgeObjectRetain, (void *object), object)
COUNTED(void, swift_bridgeObjectRelease, (void *object), object)
#else
int kv_can_count(void) { return 0; }
#endif
