// The door from jacobian.h to what computes.
#include <attnscope/jacobian.h>

#include "module/compute_module.h"

namespace attnscope::jacobian {

Result compute(const CapturesRequest& request, JobContext& context) {
    return compute_module().jacobian_captures(request, context);
}

Result compute(const Request& request, JobContext& context, const MapsSink& sink) {
    return compute_module().jacobian_model(request, context, sink);
}

LayerMapsPtr compute_maps(const MapsRequest& request, JobContext& context) {
    return compute_module().jacobian_maps(request, context);
}

LayerMapsPtr compute_maps(const CapturedMapsRequest& request, JobContext& context) {
    if (!request.captures) throw Error(ErrorKind::usage, "captures", "an opened file", "none");
    const auto& layers = request.captures->layers();
    if (request.index >= layers.size())
        throw Error(ErrorKind::usage, "layer", "one of " + std::to_string(layers.size()),
                    std::to_string(request.index));
    if (request.sequence >= layers[request.index].sequences)
        throw Error(ErrorKind::usage, "sequence", "0 to " + std::to_string(layers[request.index].sequences - 1),
                    std::to_string(request.sequence));
    return std::make_shared<const LayerMaps>(request.captures->read(request.index, request.sequence, context));
}

} // namespace attnscope::jacobian
