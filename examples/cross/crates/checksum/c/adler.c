#include <stddef.h>
#include <stdint.h>

uint32_t adler32(const unsigned char *bytes, size_t length) {
  uint32_t low = 1, high = 0;
  for (size_t i = 0; i < length; i++) {
    low = (low + bytes[i]) % 65521;
    high = (high + low) % 65521;
  }
  return high << 16 | low;
}

const char *adler_platform(void) {
#if defined(__aarch64__)
  return "aarch64";
#elif defined(__x86_64__)
  return "x86_64";
#else
  return "another platform";
#endif
}
