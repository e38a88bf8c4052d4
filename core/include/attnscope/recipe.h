// Recipes and result envelopes: what was computed, from what, with which parameters, as JSON text.
//
// A recipe names files by base name and SHA-256 only: no path, user or host. The formats are versioned by `schema`;
// renaming a field is a new number.
#pragma once

#include <attnscope/bank.h>
#include <attnscope/figure.h>
#include <attnscope/retrieval.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace attnscope {

/// One input of a recipe.
struct RecipeInput {
    std::string role, name, sha256;
    bool operator==(const RecipeInput&) const = default;
};

struct Recipe {
    std::string analysis;            ///< retrieval, …
    std::vector<RecipeInput> inputs; ///< role bank, queries, questions, encoder, texts …
    std::string params;              ///< JSON object text, every parameter, defaults included
    std::string device = "cpu";
    std::uint64_t seed = 0;
    /// A, which the figure is compared with, as the same panel shows it; null for none. A has none itself.
    std::shared_ptr<const Recipe> pinned = nullptr;
    bool beside = false;                          ///< A stands beside a map rather than being subtracted from it
    std::string json() const;                     ///< one line, keys in a fixed order
    static Recipe parse(const std::string& json); ///< throws Error{input}
};

struct Warning {
    std::string code, message;
    bool operator==(const Warning&) const = default;
};

/// The whole envelope of SPEC 0. `result` is JSON object text. Non-finite numbers cannot occur in it.
std::string envelope_json(const std::string& schema, const Recipe& recipe, const std::string& result,
                          const std::vector<Warning>& warnings, double total_seconds);

/// How the queries of a retrieval were given.
struct QuerySpec {
    enum class Kind { rows, file, questions, text, values } kind = Kind::rows;
    std::vector<std::size_t> rows;        ///< of the bank; of the file or the questions, where empty means all
    std::filesystem::path file;           ///< vectors, or questions
    std::vector<std::string> texts;       ///< typed ones
    std::filesystem::path encoder;        ///< folder; for questions and texts
    std::vector<retrieval::Query> values; ///< the vectors themselves, e.g. a drawing
    bool operator==(const QuerySpec&) const = default;
};

/// Which figure a recipe draws, and how it was written.
struct FigureSpec {
    std::string panel;             ///< retrieval.entropy, …
    std::string style = "neurips"; ///< a built-in one, or the base name of a style file
    double width_mm = 0;           ///< 0 = the style's own
    double dpi = 300;
    std::vector<Zoom> zoom; ///< of axes that are not shown whole
    bool operator==(const FigureSpec&) const = default;
};

/// Everything `attnscope retrieval` or `attnscope figure` was asked, before files are opened.
struct RetrievalJob {
    std::filesystem::path bank;
    bool letters = false; ///< the toy bank instead of a file
    Layout layout = Layout::automatic;
    std::string key;
    QuerySpec queries;
    retrieval::Request request; ///< bank and queries still empty
    // what figures show of it
    double beta = 0; ///< the cursor; 0 = 0.75 β_c
    int step = 1;
    std::optional<FigureSpec> figure; ///< none for a result
    std::uint64_t seed = 0;
};
/// Opens the files and embeds what has to be embedded: fills request.bank and request.queries.
void load_inputs(RetrievalJob& job, JobContext& context, std::vector<Warning>& warnings);
/// Inputs are hashed here, as far as that was not done yet. Needs load_inputs() before.
Recipe retrieval_recipe(const RetrievalJob& job);
/// The reverse: finds the inputs by hash in `folders` (the toy bank and the sample by themselves). Throws Error{input}
/// naming the input that was not found. `between` is told of the hashing.
RetrievalJob retrieval_job(const Recipe& recipe, const std::vector<std::filesystem::path>& folders,
                           const BytesDone& between = {});
std::string retrieval_result_json(const retrieval::Result& result);
std::string retrieval_result_csv(const retrieval::Result& result);  ///< one row a step
std::string retrieval_result_text(const retrieval::Result& result); ///< for people
std::string retrieval_result_npz(const retrieval::Result& result);
std::vector<Warning> retrieval_warnings(const RetrievalJob& job, const retrieval::Result& result);

/// Compares two result JSON texts number by number: relative 1e-4, absolute 1e-6 below 1e-2, whole numbers exactly.
/// Noise does not count: cos_v1 below 1e-4, amplifications below a norm of 1e-5, a row or two at the end of a converged
/// trace. Fields that only `got` has do not count. Returns what disagrees, as "path: expected …, got …", at most
/// `limit`.
std::vector<std::string> compare_results(const std::string& expected, const std::string& got, std::size_t limit = 20);

/// Finds a file by hash, base name first, then files of the same extension. A place is a folder (not searched
/// recursively) or a file. An encoder is found as the folder that holds its weights. Empty when there is none.
std::filesystem::path find_by_hash(const RecipeInput& input, const std::vector<std::filesystem::path>& places,
                                   const BytesDone& between = {});

} // namespace attnscope
