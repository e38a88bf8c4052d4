// The query of the retrieval workspace: what was chosen, as a vector in the space of the bank.
#pragma once

#include "state/app_state.h"
#include "state/open_sources.h"

#include <attnscope/retrieval.h>
#include <attnscope/slot.h>

#include <memory>
#include <optional>
#include <string>

namespace attnscope::ui {

class RetrievalQuery {
public:
    explicit RetrievalQuery(JobSystem& jobs);

    /// Fixes what the other members answer for. A typed text is embedded on a worker.
    void follow(const AppState& state);
    /// Empty while it is being embedded or when nothing is chosen.
    const retrieval::Query& values() const { return values_; }
    const std::string& label() const { return label_; }
    const std::optional<Error>& error() const { return error_; }
    bool busy() const { return embedding_.busy(); }
    bool cancelled() const { return values_.empty() && embedding_.cancelled(); }
    void give_up() { embedding_.give_up(); }

private:
    struct EmbedRequest {
        std::shared_ptr<const TextEncoder> encoder;
        std::string text;
        bool operator==(const EmbedRequest&) const = default;
    };
    void embed(const AppState& state, const Source& prompt);
    void take(const QueryChoice& choice, const Source* source);
    void take_memory(std::size_t row);
    void take_row(const Source* source, std::size_t row);
    void take_drawing(const std::vector<float>& drawing);

    Slot<EmbedRequest, retrieval::Query> embedding_;
    OpenSources open_;
    retrieval::BankPtr bank_;
    retrieval::Query values_;
    std::string label_;
    std::optional<Error> error_;
    // what the values were made from
    retrieval::BankPtr made_for_;
    QueryChoice made_from_;
    std::shared_ptr<const Queries> made_from_file_;
};

} // namespace attnscope::ui
