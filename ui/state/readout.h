// What lies under the cursor in a panel, for the Inspector to list.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace attnscope::ui {

struct Readout {
    std::string panel;                                       ///< its title
    std::vector<std::pair<std::string, std::string>> values; ///< name and value with its unit
    bool empty() const { return values.empty(); }
};

/// Panels set it while they draw; readers see what was set in the frame before or in this one.
class ReadoutBoard {
public:
    void set(Readout readout, int frame) {
        shown_ = std::move(readout);
        frame_ = frame;
    }
    /// Empty when no panel has set one since the frame before `frame`.
    const Readout& shown(int frame) const {
        static const Readout nothing;
        return frame - frame_ <= 1 ? shown_ : nothing;
    }

private:
    Readout shown_;
    int frame_ = -2;
};

} // namespace attnscope::ui
