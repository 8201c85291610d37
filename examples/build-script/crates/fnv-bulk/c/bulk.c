#include "fnv.h"

struct text {
    const unsigned char *data;
    size_t length;
};

uint64_t fnv_bulk(const struct text *texts, size_t count) {
    uint64_t hash = FNV_OFFSET;
    for (size_t i = 0; i < count; i++) {
        hash = fnv_update(hash, texts[i].data, texts[i].length);
    }
    return hash;
}
