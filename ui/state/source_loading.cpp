#include "state/source_loading.h"

#include <attnscope/figure.h>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>

namespace attnscope::ui {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t queries_at_most = 256;
constexpr const char* session_schema = "attnscope.session/";

std::string extension(const fs::path& path) {
    std::string text = path.extension().string();
    std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
    return text;
}

std::string megabytes(std::size_t bytes) {
    char text[32];
    if (bytes < 1'000'000) std::snprintf(text, sizeof text, "%.0f kB", double(bytes) / 1e3);
    else std::snprintf(text, sizeof text, bytes < 10'000'000 ? "%.1f MB" : "%.0f MB", double(bytes) / 1e6);
    return text;
}

bool is_session_file(const fs::path& path) {
    if (extension(path) != ".json") return false;
    const auto json = nlohmann::json::parse(read_file(path, std::size_t{256} << 20), nullptr, false);
    return json.is_object() && json.contains("schema") && json["schema"].is_string() &&
           json["schema"].get<std::string>().starts_with(session_schema);
}

void load_bank(const LoadRequest& request, Loaded& out) {
    out.bank = open_bank(request.path);
    const bool like_queries = out.bank->d == request.selected_d && out.bank->n <= queries_at_most &&
                              out.bank->n * 4 <= request.selected_n && out.bank->texts.empty();
    if (like_queries) {
        out.bank.reset();
        out.kind = SourceKind::queries;
        auto queries = std::make_shared<Queries>(open_queries(request.path, request.selected_d));
        out.detail = grouped(queries->n) + (queries->n == 1 ? " query of " : " queries of ") + grouped(queries->d);
        out.queries = std::move(queries);
        return;
    }
    out.kind = SourceKind::bank;
    out.detail = bank_detail(*out.bank);
    if (!request.sha256.empty() && out.bank->sha256() != request.sha256)
        out.warning = out.bank->name + " has changed since the session was saved";
}

}  // namespace

std::string grouped(std::size_t number) {
    std::string text = std::to_string(number);
    for (auto at = static_cast<std::ptrdiff_t>(text.size()) - 3; at > 0; at -= 3)
        text.insert(static_cast<std::size_t>(at), "\u2009");
    return text;
}

std::string bank_detail(const Bank& bank) {
    std::string text = grouped(bank.n) + " × " + grouped(bank.d);
    if (bank.picture_width > 0) {
        text += " · pictures " + std::to_string(bank.picture_width) + "×" + std::to_string(bank.picture_height);
    } else {
        text += " · " + (bank.stored_dtype.empty() ? std::string("float32") : bank.stored_dtype) + " · " +
                megabytes(bank.keys.size() * sizeof(float)) + (bank.mapped ? " mapped" : "");
    }
    return text;
}

SourceKind guess_kind(const fs::path& path) {
    std::error_code failed;
    if (fs::is_directory(path, failed)) return SourceKind::encoder;
    const auto ending = extension(path);
    if (ending == ".txt" || ending == ".jsonl") return SourceKind::prompt;
    for (const char* result : {".json", ".svg", ".pdf", ".png", ".py"})
        if (ending == result) return SourceKind::result;
    return SourceKind::bank;
}

Loaded load_source(const LoadRequest& request, JobContext& context) {
    Loaded out;
    out.kind = request.kind;
    context.checkpoint();
    switch (request.kind) {
    case SourceKind::encoder:
        out.encoder = open_text_encoder(request.path);
        out.detail = out.encoder->summary();
        if (!request.sha256.empty() && out.encoder->sha256() != request.sha256)
            out.warning = out.encoder->name() + " has changed since the session was saved";
        break;
    case SourceKind::prompt:
        out.prompts = read_questions(request.path);
        if (out.prompts.empty())
            throw Error(ErrorKind::input, request.path.filename().string(), "at least one line", "none");
        break;
    case SourceKind::queries: {
        // Its own width: the bank it belongs to may still be loading.
        auto queries = std::make_shared<Queries>(open_queries(request.path, open_bank(request.path)->d));
        out.detail = grouped(queries->n) + " queries of " + grouped(queries->d);
        out.queries = std::move(queries);
        break;
    }
    case SourceKind::result:
        if (is_session_file(request.path)) {
            out.is_session = true;
            break;
        }
        out.job = retrieval_job(Recipe::parse(read_recipe(request.path)), request.recipe_folders);
        out.detail = "retrieval · " + out.job->bank.filename().string();
        break;
    case SourceKind::bank:
    case SourceKind::model: load_bank(request, out); break;
    }
    return out;
}

}  // namespace attnscope::ui
