// The softmax Jacobian as a recipe: what was asked on the command line, and its results as text.
#pragma once

#include <attnscope/jacobian.h>
#include <attnscope/model_recipe.h>
#include <attnscope/recipe.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace attnscope {

/// Everything `attnscope jacobian` was asked of captures or of a model, before files are opened.
struct JacobianJob {
    std::filesystem::path captures; ///< a file of maps; empty: a model
    std::filesystem::path model;
    TokenSource tokens; ///< of a model
    std::size_t length = 64, blocks = 32;
    int first_layer = 0, last_layer = -1; ///< of a model
    // what figures show of it
    struct Cursor {
        jacobian::Metric metric = jacobian::Metric::r_diag;
        int layer = 0, head = 0;
        std::size_t sequence = 0;
        std::int64_t row = -1; ///< −1 = the last
        bool operator==(const Cursor&) const = default;
    } cursor;
    std::optional<FigureSpec> figure; ///< none for a result
    std::uint64_t seed = 0;
    // filled by load_inputs()
    jacobian::Request request; ///< of a model
    jacobian::CapturesPtr opened;
};
/// Opens the files and reads the tokens: of a long text only what the sequences need. Throws Error{usage, input}.
void load_inputs(JacobianJob& job, JobContext& context, std::vector<Warning>& warnings);
/// Inputs are hashed here. Needs load_inputs() before.
Recipe jacobian_recipe(const JacobianJob& job);
/// The reverse: finds the inputs by hash in `folders`. Throws Error{input} naming the input that was not found.
/// `between` is told of the hashing.
JacobianJob jacobian_job(const Recipe& recipe, const std::vector<std::filesystem::path>& folders,
                         const BytesDone& between = {});

/// The layers that are measured, as shapes; needs load_inputs() before.
std::vector<jacobian::Captures::Layer> jacobian_layers(const JacobianJob& job);
/// Needs load_inputs() before. `sink` takes the maps of a model layer by layer, from the top down.
jacobian::Result compute_jacobian(const JacobianJob& job, JobContext& context, const jacobian::MapsSink& sink = {});
/// The maps of the cursor's layer, of its sequence alone; the nearest there are.
jacobian::LayerMapsPtr jacobian_maps(const JacobianJob& job, JobContext& context);

/// The figure of a panel; needs load_inputs() before. Either may be empty where the panel does not need it.
Figure jacobian_figure(const JacobianJob& job, const std::string& panel, const jacobian::Result& result,
                       const jacobian::LayerMaps* maps);

std::string jacobian_result_json(const jacobian::Result& result);
std::string jacobian_result_npz(const jacobian::Result& result); ///< an entry a head
std::string jacobian_table_csv(const jacobian::Result& result);  ///< a row a head
std::string jacobian_table_text(const jacobian::Result& result); ///< for people
std::vector<Warning> jacobian_warnings(const JacobianJob& job, const jacobian::Result& result);

} // namespace attnscope
