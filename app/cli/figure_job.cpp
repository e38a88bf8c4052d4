#include "cli/figure_job.h"

#include "base/json_reader.h"
#include "base/json_text.h"
#include "state/session.h"

#include <attnscope/retrieval_figures.h>
#include <attnscope/tensor_file.h>

#include <algorithm>
#include <cctype>

namespace attnscope::cli {
namespace fs = std::filesystem;

namespace {

using namespace retrieval;

std::string query_label(const RetrievalJob& job) {
    const QuerySpec& queries = job.queries;
    const auto numbered = [&](const char* what) {
        return what + std::to_string(queries.rows.empty() ? 0 : queries.rows.front());
    };
    switch (queries.kind) {
    case QuerySpec::Kind::rows: return numbered("memory ");
    case QuerySpec::Kind::file: return numbered("query ");
    case QuerySpec::Kind::questions: return numbered("question ");
    case QuerySpec::Kind::text: return queries.texts.empty() ? "" : queries.texts.front();
    case QuerySpec::Kind::values: break;
    }
    return "drawn query";
}

/// The plane alone has parameters that the other panels do not know.
Figure draw_plane(const RetrievalJob& job, View view, JobContext& context) {
    SpectrumRequest spectrum_request;
    spectrum_request.bank = view.bank;
    const Spectrum spectrum = compute_spectrum(spectrum_request, context);
    if (!(view.beta > 0)) view.beta = default_beta(spectrum);
    PlaneRequest plane;
    plane.bank = view.bank;
    plane.query = job.request.queries.front();
    plane.mode = view.mode;
    plane.lambda = job.request.lambda;
    plane.beta = view.beta;
    plane.steps = job.request.steps;
    plane.x = job.request.plane_x;
    plane.y = job.request.plane_y;
    plane.basins = job.request.basins;
    return plane_figure(view, compute_plane(plane, spectrum, context));
}

/// A result says once in its schema and once in its recipe what it is of.
void check_result_schema(const nlohmann::ordered_json& file, const std::string& analysis, const std::string& subject) {
    const auto schema = file.is_object() ? file.find("schema") : file.end();
    if (!file.is_object() || schema == file.end() || *schema == "attnscope.figure/1") return;
    if (*schema != "attnscope." + analysis + "/1")
        throw Error(ErrorKind::input, subject, "the analysis of its schema " + one_line(*schema), analysis,
                    "recipe.analysis");
}

} // namespace

FoundRecipe open_recipe(const fs::path& path) {
    if (path.extension() == ".json") {
        const std::string text = read_file(path, json_kinds::result.most_bytes);
        const auto json = parse_json(text, path.filename().string(), json_kinds::result);
        if (json.is_object() && json.contains("analysis")) return {Recipe::parse(text), text};
        std::string found = read_recipe(path);
        Recipe recipe = Recipe::parse(found);
        check_result_schema(json, recipe.analysis, path.filename().string());
        return {std::move(recipe), std::move(found)};
    }
    std::string text = read_recipe(path);
    Recipe recipe = Recipe::parse(text);
    return {std::move(recipe), std::move(text)};
}

std::vector<fs::path> input_places(const fs::path& recipe, const std::vector<fs::path>& folders) {
    std::vector<fs::path> places{recipe.has_parent_path() ? recipe.parent_path() : fs::path(".")};
    places.insert(places.end(), folders.begin(), folders.end());
    const auto recent = ui::load_preferences(ui::config_folder()).recent;
    places.insert(places.end(), recent.begin(), recent.end());
    return places;
}

Figure draw_panel(const RetrievalJob& job, const std::string& panel, JobContext& context) {
    const Request& request = job.request;
    ATTNSCOPE_ASSERT(request.bank && !request.queries.empty() && !request.modes.empty());
    View view;
    view.bank = request.bank;
    view.beta = job.beta;
    view.step = job.step;
    view.mode = request.modes.front();
    view.query_label = query_label(job);
    Figure figure = panel == "retrieval.plane"
                        ? draw_plane(job, view, context)
                        : compute_figure(panel, view, request.queries.front(), request.lambda, request.steps, context);
    request.bank->check_intact();
    return figure;
}

Style find_style(const FigureSpec& spec, const std::vector<fs::path>& places) {
    std::string name = spec.style;
    for (const fs::path& place : places) {
        std::error_code failure;
        const fs::path file = place / (fs::path(spec.style).stem().string() + ".json");
        if (fs::is_regular_file(file, failure)) name = file.string();
    }
    Style style = attnscope::find_style(name);
    if (spec.width_mm > 0) style.width_mm = spec.width_mm;
    return style;
}

void require_figure_type(const std::string& type) {
    for (const char* known : {"svg", "pdf", "png", "csv", "json", "npz", "py"}) {
        if (type == known) return;
    }
    throw Error(ErrorKind::usage, "figure", "one of the types svg, pdf, png, csv, json, npz, py",
                type.empty() ? "a name without one" : type);
}

std::string render(const Figure& figure, const FigureSpec& spec, const Style& style, const std::string& type,
                   const std::string& stem) {
    require_figure_type(type);
    if (type == "svg") return figure_svg(figure, style);
    if (type == "pdf") return figure_pdf(figure, style);
    if (type == "png") return figure_png(figure, style, spec.dpi);
    if (type == "csv") return figure_csv(figure);
    if (type == "json") return figure_json(figure);
    if (type == "npz") return figure_npz(figure);
    return figure_matplotlib(figure, style, stem + ".npz");
}

std::string figure_type(const fs::path& path) {
    std::string type = path.extension().string();
    if (!type.empty()) type.erase(0, 1);
    std::transform(type.begin(), type.end(), type.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return type;
}

} // namespace attnscope::cli
