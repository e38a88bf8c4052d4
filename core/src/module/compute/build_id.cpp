// The build id of this module, which the base compares with its own before it calls anything else here.
#include <attnscope_build_id.h>

extern "C" __attribute__((visibility("default"))) const char* attnscope_compute_build_id() {
    return ATTNSCOPE_BUILD_ID;
}
