#include "ui/analyses/retrieval/state/query.h"

#include <algorithm>
#include <cmath>
#include <span>

namespace attnscope::ui {

RetrievalQuery::RetrievalQuery(JobSystem& jobs)
    : embedding_(jobs, {"Embedding the query", Lane::interactive, {}},
                 [](const EmbedRequest& request, JobContext& context) {
                     return request.encoder->encode(std::span(&request.text, 1), context);
                 }) {}

void RetrievalQuery::embed(const AppState& state, const Source& prompt) {
    values_.clear();
    label_ = prompt.prompt;
    const auto encoder = state.encoder();
    if (!encoder) {
        const Source* source = state.find(state.view.selection.encoder);
        if (source && source->error)
            error_ = source->error;
        else if (!source)
            error_ = Error(ErrorKind::usage, "query", "an encoder for the typed text", "none open");
        return;
    }
    if (encoder->dimension() != bank_->d) {
        error_ = Error(ErrorKind::input, encoder->name(), "the bank's d = " + std::to_string(bank_->d),
                       "an encoder of dimension " + std::to_string(encoder->dimension()));
        return;
    }
    if (prompt.prompt.find_first_not_of(" \t\r\n") == std::string::npos) return;
    embedding_.want({encoder, prompt.prompt});
    error_ = embedding_.error();
    if (!embedding_.stale() && embedding_.result()) values_ = *embedding_.result();
}

void RetrievalQuery::follow(const AppState& state) {
    error_.reset();
    bank_ = state.bank();
    if (open_.follow(state))
        embedding_.forget([this](const EmbedRequest& request) { return open_.closed(request.encoder); });
    if (!bank_) {
        made_for_.reset();
        made_from_file_.reset();
        values_.clear();
        label_.clear();
        return;
    }
    const QueryChoice& choice = state.view.selection.query;
    const Source* source = state.find(choice.source);
    if (choice.kind == QueryChoice::Kind::prompt) {
        made_for_.reset();
        if (source) return embed(state, *source);
        values_.clear();
        error_ = Error(ErrorKind::usage, "query", "an open prompt", "one that was closed");
        return;
    }
    const auto file = source ? source->queries : nullptr;
    if (made_for_ == bank_ && made_from_ == choice && made_from_file_ == file) return;
    made_for_ = bank_;
    made_from_ = choice;
    made_from_file_ = file;
    values_.clear();
    take(choice, source);
    if (error_) made_for_.reset();
}

void RetrievalQuery::take(const QueryChoice& choice, const Source* source) {
    switch (choice.kind) {
    case QueryChoice::Kind::memory: return take_memory(std::min(choice.row, bank_->n - 1));
    case QueryChoice::Kind::file: return take_row(source, choice.row);
    case QueryChoice::Kind::drawing: return take_drawing(choice.drawing);
    case QueryChoice::Kind::vector:
        label_ = choice.label.empty() ? "vector" : choice.label;
        if (choice.drawing.size() == bank_->d)
            values_ = choice.drawing;
        else
            error_ = Error(ErrorKind::input, "query", "a vector of d = " + std::to_string(bank_->d),
                           std::to_string(choice.drawing.size()) + " numbers");
        return;
    case QueryChoice::Kind::prompt: return;
    }
}

void RetrievalQuery::take_memory(std::size_t row) {
    const auto values = bank_->row(row);
    values_.assign(values.begin(), values.end());
    label_ = "memory " + std::to_string(row);
    if (row >= bank_->texts.size()) return;
    const auto name = bank_->texts.label(row).empty() ? bank_->texts.text(row) : bank_->texts.label(row);
    label_ = std::string(name.substr(0, 60));
}

void RetrievalQuery::take_row(const Source* source, std::size_t row) {
    label_ = source ? source->name + " row " + std::to_string(row) : "";
    const auto& file = made_from_file_;
    if (file && file->d == bank_->d && row < file->n) {
        const auto values = file->row(row);
        values_.assign(values.begin(), values.end());
    } else if (file) {
        error_ = Error(ErrorKind::input, source->name, "rows of d = " + std::to_string(bank_->d),
                       "d = " + std::to_string(file->d));
    }
}

void RetrievalQuery::take_drawing(const std::vector<float>& drawing) {
    label_ = "drawing";
    if (drawing.size() != bank_->d) {
        error_ =
            Error(ErrorKind::input, "drawing", std::to_string(bank_->d) + " pixels", std::to_string(drawing.size()));
        return;
    }
    // Letters have unit norm; a drawing is a letter among them whatever its ink.
    double squares = 0;
    for (const float value : drawing) squares += double(value) * value;
    const float scale = squares > 0 ? static_cast<float>(1 / std::sqrt(squares)) : 0;
    for (const float value : drawing) values_.push_back(value * scale);
}

} // namespace attnscope::ui
