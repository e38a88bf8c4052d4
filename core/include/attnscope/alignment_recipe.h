// Layer alignment as files and as a recipe: grams that were written elsewhere, what was asked on the command line, and
// results as text.
#pragma once

#include <attnscope/alignment_figures.h>
#include <attnscope/recipe.h>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace attnscope {

/// A file of grams (JSON: num_layers, num_heads, head_dim, hidden_size, gram[L][L][H], optional fro_sq and
/// eigdirs_path) and its eigendirections (PyTorch or safetensors: eig_dirs (L, H, topk, hidden), sym_eigs (L, H,
/// values)), which lie where `directions` says; when that is empty, where the JSON says, relative to it; else beside
/// it, with .json replaced by -eigdirs.pt or -eigdirs.safetensors. Either tensor, or the whole file, may be missing: a
/// warning then. Grams that are a little off are kept with a warning; Error{input}: sizes that contradict each other,
/// numbers that are not finite, a gram that is clearly not symmetric or has a negative diagonal, naming entry and
/// amount.
struct GramFiles {
    alignment::Operators operators;
    std::filesystem::path directions; ///< the file they were read from; empty for none
};
GramFiles open_grams(const std::filesystem::path& grams, const std::filesystem::path& directions,
                     std::vector<Warning>& warnings);
/// The JSON alone, out of memory: directions are not looked for. `eigdirs_path` is what it says of them.
alignment::Operators parse_grams(std::string_view json, const std::string& subject, std::string& eigdirs_path,
                                 std::vector<Warning>& warnings);
/// Whether a JSON file begins like a file of grams. Reads a few kilobytes.
bool is_gram_file(const std::filesystem::path& path);
/// The same pair: `path` and, with directions, `path` without .json + -eigdirs.safetensors. Throws Error{resource}.
void write_grams(const std::filesystem::path& path, const alignment::Operators& operators);

/// compute_operators(), kept in the cache folder under the hash of weights and parameters, a gibibyte of them at most.
/// A damaged entry is made again; a folder that cannot be written is no error. Thread-safe.
alignment::Operators cached_operators(const alignment::Request& request, JobContext& context);

/// Everything `attnscope align` was asked, before files are opened.
struct AlignmentJob {
    std::filesystem::path grams, directions; ///< files of grams; empty: a model
    std::filesystem::path model;
    alignment::Operator kind = alignment::Operator::qk; ///< of a model
    alignment::Basis basis = alignment::Basis::symmetric;
    bool norm_gain = false;
    int topk = 0; ///< 0: 8 of a model, all that a file has
    int anchor = -1;
    bool per_head = false, spectra = false, maps = false, match = false; ///< write these too
    bool cache = true;
    bool signs = true;                                       ///< how far signs agree by chance too
    int head = -1;                                           ///< that figures show; −1 = means over all
    int layer = 0;                                           ///< selected in them: whose spectra they show
    alignment::Quantity quantity = alignment::Quantity::cos; ///< of maps
    std::optional<FigureSpec> figure;                        ///< none for a result
    std::uint64_t seed = 0;
    // filled by load_inputs()
    alignment::Request request;
    alignment::OperatorsPtr operators; ///< of files
};
/// Opens the files or the model; nothing of a model is computed yet.
void load_inputs(AlignmentJob& job, JobContext& context, std::vector<Warning>& warnings);
/// Inputs are hashed here. Needs load_inputs() before.
Recipe alignment_recipe(const AlignmentJob& job);
/// The reverse: finds the inputs by hash in `folders`. Throws Error{input} naming the input that was not found.
/// `between` is told of the hashing.
AlignmentJob alignment_job(const Recipe& recipe, const std::vector<std::filesystem::path>& folders,
                           const BytesDone& between = {});

struct AlignmentResult {
    alignment::OperatorsPtr operators;
    alignment::Comparison comparison;
    alignment::Chance chance;
    alignment::Profile profile; ///< of all heads
    std::optional<alignment::SignChance> signs;
    std::optional<alignment::Matching> matching;
};
/// Needs load_inputs() before.
AlignmentResult compute_alignment(const AlignmentJob& job, JobContext& context);

std::string alignment_result_json(const AlignmentJob& job, const AlignmentResult& result);
std::string alignment_result_csv(const AlignmentResult& result);  ///< a row a layer
std::string alignment_result_text(const AlignmentResult& result); ///< for people
std::string alignment_result_npz(const AlignmentResult& result);
std::vector<Warning> alignment_warnings(const AlignmentJob& job, const AlignmentResult& result);

/// The figure of a panel; needs load_inputs() before.
Figure alignment_figure(const AlignmentJob& job, const std::string& panel, const AlignmentResult& result);

} // namespace attnscope
