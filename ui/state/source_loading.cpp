#include "state/source_loading.h"

#include "base/json_reader.h"
#include "files/model_identity.h"
#include "files/model_inputs.h"
#include "state/session.h"

#include <attnscope/figure.h>

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

bool is_session_file(const fs::path& path) {
    if (extension(path) != ".json") return false;
    const auto json = read_json(path, json_kinds::result);
    return json.is_object() && json.contains("schema") && json["schema"].is_string() &&
           json["schema"].get<std::string>().starts_with(session_schema);
}

void load_captures(const LoadRequest& request, Loaded& out) {
    out.kind = SourceKind::capture;
    out.captures = jacobian::open_captures(request.path);
    const auto& layers = out.captures->layers();
    const auto& first = layers.front();
    out.detail = grouped(layers.size()) + (layers.size() == 1 ? " layer · " : " layers · ") + grouped(first.sequences) +
                 " × " + grouped(first.heads) + " heads · " + grouped(first.length) + " × " + grouped(first.length);
}

/// Probabilities and their gradients rather than rows.
bool holds_captures(const fs::path& path) {
    const auto file = open_tensor_file(path);
    return std::ranges::any_of(file->tensors(), [&](const TensorInfo& tensor) {
        const bool named = tensor.name == "A" || (tensor.name.starts_with("layers.") && tensor.name.ends_with(".A"));
        return named && file->find(tensor.name.substr(0, tensor.name.size() - 1) + "g");
    });
}

void load_bank(const LoadRequest& request, JobContext& context, Loaded& out) {
    if (!request.kind_chosen && holds_captures(request.path)) return load_captures(request, out);
    out.bank = open_bank(request.path);
    context.checkpoint(); // a bank that is not mapped was converted
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
    if (!request.sha256.empty() && out.bank->sha256(context.between_reads()) != request.sha256)
        out.warning = out.bank->name + " has changed since the session was saved";
}

/// A result is shown as it was computed; a figure has the recipe alone.
void load_experiment(const LoadRequest& request, const Recipe& recipe, Loaded& out) {
    LoadedExperiment loaded;
    loaded.job = cv_experiment_job(recipe);
    if (extension(request.path) == ".json") {
        const auto file = read_json(request.path, json_kinds::result);
        if (file.is_object() && file.contains("result")) {
            auto experiment = std::make_shared<cv::Experiment>();
            experiment->configs = read_cv_experiment(file["result"].dump(), request.path.filename().string());
            loaded.experiment = std::move(experiment);
        }
    }
    out.detail = "experiment · seed " + std::to_string(loaded.job.request.seed);
    out.cv_experiment = std::move(loaded);
}

void load_grams(const LoadRequest& request, Loaded& out) {
    std::vector<Warning> warnings;
    GramFiles files = open_grams(request.path, {}, warnings);
    out.kind = SourceKind::grams;
    const alignment::Operators& operators = files.operators;
    out.detail = std::to_string(operators.layers) + " layers × " + std::to_string(operators.heads) + " heads";
    out.detail +=
        operators.has_directions() ? " · " + std::to_string(operators.topk) + " directions a head" : " · no directions";
    if (!warnings.empty()) out.warning = warnings.front().message;
    out.companion = files.directions;
    out.grams = std::make_shared<const alignment::Operators>(std::move(files.operators));
}

void load_training(const LoadRequest& request, const Recipe& recipe, JobContext& context, Loaded& out) {
    LoadedTraining loaded;
    loaded.job = jacobian_experiment_job(recipe, request.recipe_folders, context.between_reads());
    loaded.job.request.text = loaded.job.text.empty() ? jacobian::experiment_text(loaded.job.typed, "the text")
                                                      : jacobian::open_experiment_text(loaded.job.text);
    if (extension(request.path) == ".json") {
        const auto file = read_json(request.path, json_kinds::result);
        if (file.is_object() && file.contains("result")) {
            loaded.experiment = std::make_shared<const jacobian::Experiment>(
                read_jacobian_experiment(file["result"].dump(), request.path.filename().string()));
        }
    }
    out.detail = "training · seed " + std::to_string(loaded.job.request.seed);
    out.training = std::move(loaded);
}

void load_state(const LoadRequest& request, const Recipe& recipe, JobContext& context, Loaded& out) {
    if (recipe.analysis == "attention") {
        out.attention_job = attention_job(recipe, request.recipe_folders, context.between_reads());
        out.detail = "attention · " + out.attention_job->model.filename().string();
        return;
    }
    if (recipe.analysis == "align") {
        out.alignment_job = alignment_job(recipe, request.recipe_folders, context.between_reads());
        const AlignmentJob& job = *out.alignment_job;
        out.detail = "alignment · " + (job.grams.empty() ? job.model : job.grams).filename().string();
        return;
    }
    if (is_cv_experiment(recipe)) return load_experiment(request, recipe, out);
    if (is_jacobian_experiment(recipe)) return load_training(request, recipe, context, out);
    if (recipe.analysis == "cv") {
        out.cv_job = cv_job(recipe, request.recipe_folders, context.between_reads());
        if (!out.cv_job->tensor.empty())
            throw Error(ErrorKind::input, request.path.filename().string(), "a result of a model to look into",
                        "one of the tensor file " + out.cv_job->tensor.filename().string());
        out.detail = "CV bands · " + out.cv_job->model.filename().string();
        return;
    }
    if (recipe.analysis == "residual") {
        out.residual_job = residual_job(recipe, request.recipe_folders, context.between_reads());
        out.detail = "low-rank ε · " + out.residual_job->model.filename().string();
        return;
    }
    if (recipe.analysis == "jacobian") {
        out.jacobian_job = jacobian_job(recipe, request.recipe_folders, context.between_reads());
        JacobianJob& job = *out.jacobian_job;
        if (!job.captures.empty()) job.opened = jacobian::open_captures(job.captures);
        out.detail = "softmax gradient · " + (job.captures.empty() ? job.model : job.captures).filename().string();
        return;
    }
    out.job = retrieval_job(recipe, request.recipe_folders, context.between_reads());
    out.detail = "retrieval · " + out.job->bank.filename().string();
}

/// Where a recipe was computed, if it can be computed there again: one from another machine may name what is not here.
std::optional<Device> device_of(const Recipe& recipe) {
    try {
        const Device device = Device::parse(recipe.device);
        if (device.kind != Device::Kind::cuda) return device;
        const std::string name = device.name();
        const bool there = std::ranges::any_of(available_devices(), [&](const std::string& known) {
            return known == name || known.starts_with(name + " ");
        });
        if (there) return device;
    } catch (const Error&) {
        // a name that says nothing here
    }
    return std::nullopt;
}

void load_result(const LoadRequest& request, JobContext& context, Loaded& out) {
    const Recipe recipe = Recipe::parse(read_recipe(request.path));
    context.checkpoint();
    load_state(request, recipe, context, out);
    out.seed = recipe.seed;
    out.device = device_of(recipe);
    for (const Warning& warning : recipe_warnings(recipe)) out.warning = warning.message;
    if (!recipe.pinned) return;
    auto pinned = std::make_shared<Loaded>();
    load_state(request, *recipe.pinned, context, *pinned);
    pinned->seed = recipe.pinned->seed;
    out.pinned = std::move(pinned);
    out.beside = recipe.beside;
}

void load_encoder(const LoadRequest& request, JobContext& context, Loaded& out) {
    out.kind = SourceKind::encoder;
    out.encoder = open_text_encoder(request.path);
    out.detail = out.encoder->summary();
    if (!request.sha256.empty() && out.encoder->sha256(context.between_reads()) != request.sha256)
        out.warning = out.encoder->name() + " has changed since the session was saved";
}

void load_model(const LoadRequest& request, JobContext& context, Loaded& out) {
    // A folder of the BERT family is mostly wanted to embed with.
    if (!request.kind_chosen && open_model_files(request.path).config.family == Family::bert)
        return load_encoder(request, context, out);
    ModelPtr model = open_language_model(request.path);
    out.detail = model_detail(model->files());
    if (!request.sha256.empty()) {
        hash_model(*model, context);
        if (model->sha256() != request.sha256)
            out.warning = model->files().name + " has changed since the session was saved";
    }
    out.model = std::move(model);
}

} // namespace

std::string megabytes(std::uint64_t bytes) {
    char text[32];
    const double value = double(bytes);
    if (value < 1e6)
        std::snprintf(text, sizeof text, "%.0f kB", value / 1e3);
    else if (value < 1e9)
        std::snprintf(text, sizeof text, value < 1e7 ? "%.1f MB" : "%.0f MB", value / 1e6);
    else
        std::snprintf(text, sizeof text, "%.1f GB", value / 1e9);
    return text;
}

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

std::string model_detail(const ModelFiles& files) {
    const ModelConfig& config = files.config;
    std::string text = std::string(family_name(config.family)) + " · " + std::to_string(config.layers) + " × " +
                       std::to_string(config.heads) + " heads";
    if (config.key_value_heads != config.heads) text += " (" + std::to_string(config.key_value_heads) + " KV)";
    char count[32];
    const double parameters = double(files.parameters);
    if (parameters >= 1e9)
        std::snprintf(count, sizeof count, "%.2f G", parameters / 1e9);
    else if (parameters >= 1e6)
        std::snprintf(count, sizeof count, "%.1f M", parameters / 1e6);
    else
        std::snprintf(count, sizeof count, "%.0f k", parameters / 1e3);
    text += "\n" + std::string(count) + " parameters · " + megabytes(files.bytes) + " on disk";
    return files.has_tokenizer ? text : text + "\nno tokenizer: type token ids";
}

SourceKind guess_kind(const fs::path& path) {
    std::error_code failed;
    if (fs::is_directory(path, failed)) return SourceKind::model;
    const auto ending = extension(path);
    if (ending == ".gguf") return SourceKind::model;
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
    case SourceKind::encoder: load_encoder(request, context, out); break;
    case SourceKind::prompt:
        // Paragraphs of prose are prompts as well: nothing counts them by their lines.
        out.prompts = extension(request.path) == ".jsonl" ? read_questions(request.path) : read_lines(request.path);
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
        if (is_gram_file(request.path)) {
            load_grams(request, out);
            break;
        }
        if (is_session_file(request.path)) {
            out.session = std::make_shared<const Session>(read_session(request.path));
            break;
        }
        load_result(request, context, out);
        break;
    case SourceKind::grams: load_grams(request, out); break;
    case SourceKind::texts: {
        auto lines = read_lines(request.path);
        if (lines.empty()) throw Error(ErrorKind::input, request.path.filename().string(), "at least one line", "none");
        out.detail = grouped(lines.size()) + (lines.size() == 1 ? " text" : " texts, one a line");
        out.texts = std::make_shared<const std::vector<std::string>>(std::move(lines));
        break;
    }
    case SourceKind::model: load_model(request, context, out); break;
    case SourceKind::capture: load_captures(request, out); break;
    case SourceKind::bank: load_bank(request, context, out); break;
    }
    context.checkpoint();
    return out;
}

} // namespace attnscope::ui
