// All heads of a model, and one layer of it.
#include "analyses/attention.h"

namespace attnscope::compute {

namespace {
[[noreturn]] void no_model() {
    throw Error(ErrorKind::usage, "model", "one that can be run", "none");
}
} // namespace

attention::Result attention_heads(const attention::Request&, JobContext&) {
    no_model();
}

attention::Capture attention_capture(const attention::CaptureRequest&, JobContext&) {
    no_model();
}

} // namespace attnscope::compute
