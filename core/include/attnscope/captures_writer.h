// Writing maps of the softmax Jacobian to a file that open_captures() reads.
#pragma once

#include <attnscope/jacobian.h>

#include <filesystem>
#include <memory>
#include <vector>

namespace attnscope::jacobian {

/// Collects a file in a temporary beside its destination, one layer in memory at a time: npz where the name ends so,
/// else safetensors; `A` and `g` of one layer, `layers.L.A` and `layers.L.g` of several; float32 (B, H, T, T). Without
/// a commit() the destination stays as it was. Every member throws Error{resource}.
class CapturesWriter {
public:
    /// `layers` in the order in which their maps will be added.
    CapturesWriter(const std::filesystem::path& path, std::vector<Captures::Layer> layers);
    ~CapturesWriter();
    CapturesWriter(const CapturesWriter&) = delete;
    CapturesWriter& operator=(const CapturesWriter&) = delete;

    void add(const LayerMaps& maps, const JobContext& context);
    /// All maps were added: everything is on the disk, and what is left to commit() is to give the file its name.
    void finish();
    void commit();

private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace attnscope::jacobian
