#ifndef FNV_H
#define FNV_H

#include <stddef.h>
#include <stdint.h>

#define FNV_VERSION "1a"
#define FNV_OFFSET UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME UINT64_C(0x100000001b3)

/* The hash of `length` bytes at `data`, continuing from `hash`. */
uint64_t fnv_update(uint64_t hash, const unsigned char *data, size_t length);

/* The hash of no bytes. */
uint64_t fnv_start(void);

/* The variant's name, with a zero at its end. */
const char *fnv_version(void);

#endif
