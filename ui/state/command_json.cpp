#include "state/command_json.h"

#include "base/json_members.h"
#include "base/json_reader.h"
#include "state/view_job.h"
#include "ui/analyses/jacobian/state/training_json.h"

#include <attnscope/cv_recipe.h>

#include <algorithm>
#include <array>
#include <limits>

namespace attnscope::ui {

using nlohmann::json;

namespace {

[[noreturn]] void not_usable(const std::string& where, const std::string& expected, const json& got) {
    std::string shown = got.dump(-1, ' ', false, json::error_handler_t::replace);
    if (shown.size() > 60) shown = shown.substr(0, 60) + "…";
    throw Error(ErrorKind::input, where, expected, shown);
}

Value value_from_json(const json& value, const std::string& where) {
    if (value.is_boolean()) return value.get<bool>();
    // Whole numbers beyond 64 bits with a sign are numbers like any other.
    if (const auto whole = number_in<std::int64_t>(value)) return *whole;
    if (const auto number = number_in<double>(value)) return *number;
    if (value.is_string()) return value.get<std::string>();
    if (value.is_array()) {
        std::vector<double> numbers;
        for (const auto& entry : value) {
            const auto number = number_in<double>(entry);
            if (!number) not_usable(where, "a list of numbers", value);
            numbers.push_back(*number);
        }
        return numbers;
    }
    not_usable(where, "a truth value, number, text or list of numbers", value);
}

json direction_json(const retrieval::PlaneDirection& direction) {
    static constexpr const char* names[] = {"eigenvector", "query", "memory"};
    return {{"kind", names[static_cast<int>(direction.kind)]}, {"index", direction.index}};
}

/// What no view that was saved here exceeds; what a bank or a model has is asked where the view is used.
constexpr int most_retrieval_steps = 100, most_sequence_tokens = 8192, most_sequences = 100'000, most_directions = 256;
constexpr Range<int> from_zero{0, std::numeric_limits<int>::max()}, from_none{-1, std::numeric_limits<int>::max()};

/// Runs a check that speaks of usage: of a file's values it is the file that is wrong.
template <class Check>
void check_read(const JsonMembers& object, const Check& check) {
    try {
        check();
    } catch (const Error& error) {
        object.fail(error.subject.c_str(), error.expected, error.got);
    }
}

retrieval::PlaneDirection direction_from_json(const JsonMembers& object) {
    const auto kind = object.text("kind", "eigenvector");
    return {kind == "query"    ? retrieval::PlaneAxis::query
            : kind == "memory" ? retrieval::PlaneAxis::memory
                               : retrieval::PlaneAxis::eigenvector,
            object.value_or("index", 0, from_zero)};
}

AttentionOptions attention_from_json(const JsonMembers& object) {
    AttentionOptions options;
    options.colour = object.named("colour", "entropy", attention::parse_head_colour);
    options.top_one = object.flag("top_one", false);
    options.every_layer = object.flag("every_layer", false);
    options.without_sink = object.flag("without_sink", false);
    options.renormalize = object.flag("renormalize", false);
    options.chat = object.flag("chat", false);
    options.whole_set = object.flag("whole_set", false);
    options.beside = object.flag("beside", false);
    return options;
}

json cv_json(const CvOptions& options) {
    const cv::Parameters& parameters = options.parameters;
    return {{"kind", cv_kind_name(options.kind)},
            {"activations", options.activations},
            {"points", parameters.points},
            {"samples", parameters.samples},
            {"pool", parameters.pool},
            {"exact", parameters.exact},
            {"band", {parameters.band_low, parameters.band_high}},
            {"dims", options.dims},
            {"heads", options.heads},
            {"epochs", options.epochs},
            {"seed", options.seed},
            {"group", options.group},
            {"dim", options.dim},
            {"config_heads", options.config_heads},
            {"epoch", options.epoch}};
}

CvOptions cv_from_json(const JsonMembers& object) {
    CvOptions options;
    cv::Parameters& parameters = options.parameters;
    options.kind = object.named("kind", "Q", cv::parse_kind);
    options.activations = object.flag("activations", options.activations);
    parameters.points = object.value_or("points", parameters.points);
    parameters.samples = object.value_or<std::size_t>("samples", parameters.samples, {1, most_cv_samples});
    parameters.pool = object.value_or<std::size_t>("pool", parameters.pool, {0, most_cv_pool});
    parameters.exact = object.flag("exact", parameters.exact);
    const auto band = object.values_or<double>("band", {parameters.band_low, parameters.band_high});
    if (band.size() != 2) object.fail("band", "two numbers", std::to_string(band.size()));
    parameters.band_low = band[0];
    parameters.band_high = band[1];
    options.dims = object.values_or("dims", options.dims);
    options.heads = object.values_or("heads", options.heads);
    options.epochs = object.value_or<int>("epochs", options.epochs, {1, cv::most_experiment_epochs});
    options.seed = object.value_or<std::uint64_t>("seed", options.seed, {0, INT64_MAX});
    options.group = object.text("group", options.group);
    options.dim = object.value_or("dim", options.dim, from_zero);
    options.config_heads = object.value_or("config_heads", options.config_heads, from_zero);
    options.epoch = object.value_or("epoch", options.epoch, from_none);
    check_read(object, [&] { cv::check_experiment(experiment_request(options)); });
    return options;
}

json alignment_json(const AlignmentOptions& options) {
    return {{"grams", options.grams},
            {"operator", alignment::operator_name(options.kind)},
            {"directions", alignment::basis_name(options.basis)},
            {"norm_gain", options.norm_gain},
            {"topk", options.topk},
            {"anchor", options.anchor},
            {"all_heads", options.all_heads},
            {"quantity", alignment::quantity_name(options.quantity)}};
}

AlignmentOptions alignment_from_json(const JsonMembers& object) {
    AlignmentOptions options;
    options.grams = object.value_or("grams", options.grams);
    options.kind = object.named("operator", alignment::operator_name(options.kind), alignment::parse_operator);
    options.basis = object.named("directions", alignment::basis_name(options.basis), alignment::parse_basis);
    options.norm_gain = object.flag("norm_gain", options.norm_gain);
    options.topk = object.value_or<int>("topk", options.topk, {1, most_directions});
    options.anchor = object.value_or("anchor", options.anchor, from_none);
    options.all_heads = object.flag("all_heads", options.all_heads);
    options.quantity = object.named("quantity", alignment::quantity_name(options.quantity), alignment::parse_quantity);
    return options;
}

json residual_json(const ResidualOptions& options) {
    const residual::Parameters& parameters = options.parameters;
    json heads = json::array();
    for (const residual::HeadChoice& choice : parameters.heads) heads.push_back({choice.layer, choice.head});
    return {{"layers", parameters.layers},
            {"heads", heads},
            {"ranks", parameters.ranks},
            {"seq_len", parameters.seq_len},
            {"blocks", parameters.blocks},
            {"calibration", residual::calibration_name(parameters.calibration)},
            {"calibration_blocks", parameters.calibration_blocks},
            {"form", residual::form_name(parameters.form)},
            {"top_k", parameters.top_k},
            {"exclude_sink", parameters.exclude_sink},
            {"centred", parameters.centred},
            {"output_weighted", parameters.output_weighted},
            {"two_nn", parameters.two_nn},
            {"block", options.block},
            {"click", map_click_name(options.click)}};
}

/// Whether the model has the layers and heads is known once it is open.
ResidualOptions residual_from_json(const JsonMembers& object) {
    ResidualOptions options;
    residual::Parameters& parameters = options.parameters;
    const auto count = [&](const char* name, auto now, std::int64_t least, std::int64_t most) {
        return static_cast<decltype(now)>(object.value_or<std::int64_t>(name, now, {least, most}));
    };
    parameters.layers = object.values_or("layers", parameters.layers, from_zero);
    parameters.ranks = object.values_or("ranks", parameters.ranks, from_zero);
    if (object.find("heads"))
        for (const json& pair : object.list("heads")) {
            if (!pair.is_array() || pair.size() != 2) object.fail("heads", "a layer and a head each", describe(pair));
            const auto layer = number_in(pair[0], from_zero), head = number_in(pair[1], from_zero);
            if (!layer || !head) object.fail("heads", "a layer and a head each", pair.dump());
            parameters.heads.push_back({*layer, *head});
        }
    parameters.seq_len = count("seq_len", parameters.seq_len, 2, residual::most_blocks);
    parameters.blocks = count("blocks", parameters.blocks, 1, residual::most_blocks);
    parameters.calibration = object.named("calibration", "heldout", residual::parse_calibration);
    parameters.calibration_blocks =
        count("calibration_blocks", parameters.calibration_blocks, 1, residual::most_blocks);
    parameters.form = object.named("form", "context", residual::parse_form);
    parameters.top_k = count("top_k", parameters.top_k, 1, residual::most_top_k);
    parameters.exclude_sink = object.flag("exclude_sink", false);
    parameters.centred = object.flag("centred", false);
    parameters.output_weighted = object.flag("output_weighted", false);
    parameters.two_nn = object.flag("two_nn", false);
    options.block = count("block", options.block, 0, residual::most_blocks);
    options.click = object.named("click", "select", parse_map_click);
    return options;
}

constexpr std::array query_kinds{"memory", "prompt", "file", "drawing", "vector"};

QueryChoice query_from_json(const JsonMembers& query) {
    QueryChoice choice;
    const auto kind = query.text("kind", "memory");
    for (std::size_t i = 0; i < query_kinds.size(); ++i)
        if (kind == query_kinds[i]) choice.kind = static_cast<QueryChoice::Kind>(i);
    choice.source = query.value_or("source", SourceId{0});
    choice.row = query.value_or("row", std::size_t{0});
    choice.drawing = query.values_or("drawing", std::vector<float>{});
    choice.label = query.text("label", "");
    return choice;
}

void selection_from_json(const JsonMembers& s, Selection& to) {
    to.bank = s.value_or("bank", SourceId{0});
    to.encoder = s.value_or("encoder", SourceId{0});
    to.model = s.value_or("model", SourceId{0});
    to.beta = s.value_or<double>("beta", to.beta, {0, std::numeric_limits<double>::max()});
    to.gain = s.value_or<double>("gain", to.gain, {0.125, 64});
    to.step = s.value_or<int>("step", to.step, {0, most_retrieval_steps});
    to.mode = s.named("mode", "centered", retrieval::parse_mode);
    to.layer = s.value_or("layer", 0, from_zero);
    to.head = s.value_or("head", 0, from_zero);
    to.token = s.value_or("token", -1, from_none);
    to.capture = s.value_or("capture", SourceId{0});
    to.prompt = s.value_or("prompt", SourceId{0});
    to.text = s.value_or("text", 0, from_zero);
    to.rank = s.value_or("rank", to.rank, from_none);
    if (s.find("memory")) to.memory = s.value<std::uint32_t>("memory");
    if (const auto query = s.find_object("query")) to.query = query_from_json(*query);
}

} // namespace

std::string value_text(const Value& value) {
    auto text = to_json(value).dump(-1, ' ', false, json::error_handler_t::replace);
    return text.size() > 60 ? text.substr(0, 60) + "…" : text;
}

json to_json(const Value& value) {
    return std::visit([](const auto& v) { return json(v); }, value);
}

json to_json(const Command& command) {
    json arguments = json::object();
    for (const auto& [name, value] : command.arguments) arguments[name] = to_json(value);
    return {{"command", command.id}, {"args", arguments}};
}

Command command_from_json(const json& object, const std::string& where) {
    if (!object.is_object() || !object.contains("command") || !object["command"].is_string())
        not_usable(where, "{\"command\": id, \"args\": {…}}", object);
    Command command{object["command"].get<std::string>(), {}};
    if (!object.contains("args")) return command;
    if (!object["args"].is_object()) not_usable(where + " args", "an object", object["args"]);
    for (const auto& [name, value] : object["args"].items())
        command.arguments[name] = value_from_json(value, where + " args." + name);
    return command;
}

json to_json(const View& view) {
    const Selection& s = view.selection;
    json query{{"kind", query_kinds[static_cast<std::size_t>(s.query.kind)]},
               {"source", s.query.source},
               {"row", s.query.row}};
    if (!s.query.drawing.empty()) query["drawing"] = s.query.drawing;
    if (!s.query.label.empty()) query["label"] = s.query.label;
    json selection{
        {"bank", s.bank},       {"encoder", s.encoder}, {"model", s.model}, {"query", query},
        {"beta", s.beta},       {"gain", s.gain},       {"step", s.step},   {"mode", retrieval::mode_name(s.mode)},
        {"layer", s.layer},     {"head", s.head},       {"token", s.token}, {"rank", s.rank},
        {"capture", s.capture}, {"prompt", s.prompt},   {"text", s.text}};
    if (s.memory) selection["memory"] = *s.memory;
    json options{{"steps", view.retrieval.steps},
                 {"lambda", view.retrieval.lambda},
                 {"plane_x", direction_json(view.retrieval.plane_x)},
                 {"plane_y", direction_json(view.retrieval.plane_y)},
                 {"basins", view.retrieval.basins}};
    const AttentionOptions& a = view.attention;
    json attention{{"colour", attention::head_colour_name(a.colour)},
                   {"top_one", a.top_one},
                   {"every_layer", a.every_layer},
                   {"without_sink", a.without_sink},
                   {"renormalize", a.renormalize},
                   {"chat", a.chat},
                   {"whole_set", a.whole_set},
                   {"beside", a.beside}};
    return {{"workspace", workspace_id(view.workspace)},
            {"selection", selection},
            {"retrieval", options},
            {"attention", attention},
            {"cv", cv_json(view.cv)},
            {"alignment", alignment_json(view.alignment)},
            {"residual", residual_json(view.residual)},
            {"training", jacobian_training_json(view.training)},
            {"jacobian",
             {{"metric", jacobian::metric_name(view.jacobian.metric)},
              {"length", view.jacobian.length},
              {"blocks", view.jacobian.blocks}}},
            {"seed", view.seed},
            {"open_panels", view.open_panels},
            {"outlined_panel", view.outlined_panel}};
}

View view_from_json(const json& object, const std::string& where) {
    const JsonMembers members(object, where);
    View view;
    view.workspace = members.named("workspace", "retrieval", parse_workspace);
    if (const auto selection = members.find_object("selection")) selection_from_json(*selection, view.selection);
    if (const auto o = members.find_object("retrieval")) {
        RetrievalOptions& to = view.retrieval;
        to.steps = o->value_or<int>("steps", to.steps, {1, most_retrieval_steps});
        to.lambda = o->value_or<double>("lambda", to.lambda, {0, 1});
        to.basins = o->flag("basins", to.basins);
        if (const auto direction = o->find_object("plane_x")) to.plane_x = direction_from_json(*direction);
        if (const auto direction = o->find_object("plane_y")) to.plane_y = direction_from_json(*direction);
    }
    if (const auto options = members.find_object("attention")) view.attention = attention_from_json(*options);
    if (const auto options = members.find_object("alignment")) view.alignment = alignment_from_json(*options);
    if (const auto options = members.find_object("residual")) view.residual = residual_from_json(*options);
    if (const auto options = members.find_object("cv")) view.cv = cv_from_json(*options);
    if (const auto options = members.find_object("training")) view.training = jacobian_training_from_json(*options);
    if (const auto options = members.find_object("jacobian")) {
        JacobianOptions& into = view.jacobian;
        into.metric = options->named("metric", jacobian::metric_name(into.metric), jacobian::parse_metric);
        into.length = options->value_or<int>("length", into.length, {1, most_sequence_tokens});
        into.blocks = options->value_or<int>("blocks", into.blocks, {1, most_sequences});
    }
    view.seed = members.value_or("seed", view.seed);
    if (members.find("open_panels")) {
        const auto panels = members.texts("open_panels");
        view.open_panels = {panels.begin(), panels.end()};
    }
    view.outlined_panel = members.text("outlined_panel", view.outlined_panel);
    view.selection.step = std::min(view.selection.step, view.retrieval.steps);
    return view;
}

std::string view_text(const View& view) {
    return to_json(view).dump(-1, ' ', false, json::error_handler_t::replace);
}

View view_from_text(const std::string& text, const std::string& where) {
    return view_from_json(parse_json<json>(text, where, json_kinds::view), where);
}

} // namespace attnscope::ui
