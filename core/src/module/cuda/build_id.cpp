// The build id of this module, which attnscope_compute compares with the base's before it calls anything else here.
#include <attnscope_build_id.h>

extern "C" __attribute__((visibility("default"))) const char* attnscope_cuda_build_id() {
    return ATTNSCOPE_BUILD_ID;
}
